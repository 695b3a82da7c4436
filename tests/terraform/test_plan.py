"""What is made, held against the code: settings, types' table, grants, places."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from envybox import event, settings, types
from envybox.receiver import answers, recovery
from tests.terraform import workspace

# Settings of the code that Terraform does not set, and why.
NOT_SET = {
    "ENVYBOX_KEYS": "a key in a plain variable could be read by everybody who may see the function",
    "ENVYBOX_BACKEND": "the default, google, is what is deployed",
    "ENVYBOX_LOCAL_PATH": "of the embedded backend alone",
}
# `recover` takes no webhook, so it needs none of these.
OF_WEBHOOK_ALONE = {"ENVYBOX_KEYS_FILE", "ENVYBOX_PAIRING"}

APPLIED = [("defaults.tftest.hcl", "apply"), ("subscriptions.tftest.hcl", "all_kinds")]


@pytest.fixture(params=workspace.PROVIDER_MAJORS)
def test_run(request: pytest.FixtureRequest, test_runs: dict[str, workspace.TestRun]) -> Any:
    """A finished `terraform test`, of each line of the provider in turn."""
    return test_runs[request.param]


def of_type(resources: list[dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    """Return the values of the resources of a type."""
    return [resource["values"] for resource in resources if resource["type"] == type_]


def environments(run: workspace.TestRun) -> dict[str, dict[str, str]]:
    """Return function => its environment variables."""
    functions = of_type(run.resources(*APPLIED[0]), "google_cloudfunctions2_function")
    return {
        function["build_config"][0]["entry_point"]: function["service_config"][0][
            "environment_variables"
        ]
        for function in functions
    }


def test_every_variable_is_known_to_the_code_and_the_other_way_round(
    test_run: workspace.TestRun,
) -> None:
    """Terraform sets exactly the settings that the code knows, save the listed ones."""
    known = {setting.name for setting in settings.SETTINGS}
    variables = {
        name: set(values) - {"SOURCE_HASH"} for name, values in environments(test_run).items()
    }
    assert known - NOT_SET.keys() == variables["webhook"]
    assert known - NOT_SET.keys() - OF_WEBHOOK_ALONE == variables["recover"]


def test_the_code_takes_the_values(test_run: workspace.TestRun) -> None:
    """What Terraform sets by default starts the code, with the code's own defaults."""
    variables = environments(test_run)["webhook"]
    loaded = settings.load(variables)
    expected = settings.load({})
    for name in ("timezone", "phone_region", "retention", "dedup_window", "recover_after"):
        assert getattr(expected, name) == getattr(loaded, name)
    assert ("demo-project", "envybox", "envybox-", "events", False) == (
        loaded.project,
        loaded.database,
        loaded.topic_prefix,
        loaded.collection,
        loaded.pairing,
    )


def test_topics_are_those_that_the_code_publishes_to(test_run: workspace.TestRun) -> None:
    """Each type, the spool and its dead letters has a topic, named as the code names it."""
    topics = {
        topic["name"] for topic in of_type(test_run.resources(*APPLIED[0]), "google_pubsub_topic")
    }
    prefix = environments(test_run)["webhook"]["ENVYBOX_TOPIC_PREFIX"]
    assert topics == {
        *(types.topic_of(prefix, row.type) for row in types.TYPES),
        types.spool_topic(prefix),
        types.dead_letter_topic(prefix),
    }


@pytest.mark.parametrize("applied", APPLIED, ids=str)
def test_there_are_no_other_grants(test_run: workspace.TestRun, applied: tuple[str, str]) -> None:
    """Every grant is of a block that terraform/tests looks at, with the role expected there."""
    grants = {
        (f"{resource['type']}.{resource['name']}", resource["values"]["role"])
        for resource in test_run.resources(*applied)
        if "_iam_" in resource["type"]
    }
    expected = {
        ("google_project_iam_member.this", "roles/datastore.user"),
        ("google_project_iam_member.this", "roles/logging.logWriter"),
        ("google_project_iam_member.this", "roles/storage.objectViewer"),
        ("google_artifact_registry_repository_iam_member.build", "roles/artifactregistry.writer"),
        ("google_secret_manager_secret_iam_member.webhook", "roles/secretmanager.secretAccessor"),
        ("google_cloud_run_v2_service_iam_member.webhook", "roles/run.invoker"),
        ("google_cloud_run_v2_service_iam_member.recover", "roles/run.invoker"),
        ("google_pubsub_topic_iam_member.publisher", "roles/pubsub.publisher"),
        ("google_pubsub_topic_iam_member.spool_dead", "roles/pubsub.publisher"),
        ("google_pubsub_subscription_iam_member.spool", "roles/pubsub.subscriber"),
        ("google_service_account_iam_member.spool_token", "roles/iam.serviceAccountTokenCreator"),
    }
    if applied == APPLIED[1]:
        expected |= {
            ("google_bigquery_table_iam_member.pubsub", "roles/bigquery.dataEditor"),
            ("google_pubsub_topic_iam_member.dead", "roles/pubsub.publisher"),
            ("google_pubsub_subscription_iam_member.consumer", "roles/pubsub.subscriber"),
            ("google_pubsub_subscription_iam_member.dead", "roles/pubsub.subscriber"),
            (
                "google_service_account_iam_member.push_token",
                "roles/iam.serviceAccountTokenCreator",
            ),
            ("google_storage_bucket_iam_member.pubsub", "roles/storage.legacyBucketReader"),
            ("google_storage_bucket_iam_member.pubsub", "roles/storage.objectCreator"),
        }
    assert expected == grants


@pytest.mark.parametrize("applied", APPLIED, ids=str)
def test_every_resource_names_its_project_and_region(
    test_run: workspace.TestRun, applied: tuple[str, str]
) -> None:
    """Nothing is left to a provider block, which a caller of the module may not have."""
    for resource in test_run.resources(*applied):
        values = resource["values"]
        where = resource["address"]
        if "project" in values and resource["type"] not in INHERITING:
            assert values["project"] == "demo-project", where
        for place in ("region", "location"):
            if place in values and resource["type"] not in {*INHERITING, "google_bigquery_table"}:
                assert values[place] == "europe-west1", where


# They are addressed by the full name of their parent, which holds the project.
INHERITING = {
    "google_storage_bucket_object",
}


def test_no_key_is_left_in_state_or_output(test_run: workspace.TestRun) -> None:
    """Keys given by variable are nowhere in what terraform prints and stores."""
    assert "11111111111111111111111111111111" not in test_run.text()
    assert ("key.tftest.hcl", "with_keys") in test_run.states


def test_the_view_reads_fields_that_the_event_has(test_run: workspace.TestRun) -> None:
    """Every path in BigQuery's view is one of the event's, with a type that holds its values."""
    (view,) = [
        table
        for table in of_type(test_run.resources(*APPLIED[1]), "google_bigquery_table")
        if table["view"]
    ]
    query = cast("str", view["view"][0]["query"])
    columns = [
        line for line in query.splitlines() if "JSON_VALUE(data, '$." in line and " AS " in line
    ]
    assert len(columns) > 30
    for line in columns:
        path = line.split("'$.")[1].split("'")[0]
        assert leaf_type(path) == (
            line.split(" AS ")[1].split(")")[0] if "CAST" in line else "STRING"
        ), line


def leaf_type(path: str) -> str:
    """Return BigQuery's type for a field of the event; KeyError where there is none."""
    from envybox import schema

    definitions = schema.event_schema()["$defs"]
    node: dict[str, Any] = {"$ref": "#/$defs/Event"}
    for name in [*path.split("."), None]:
        options = [option for option in node.get("anyOf", [node]) if option.get("type") != "null"]
        node = options[0]
        if "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[1]]
        if name is not None:
            node = node["properties"][name]
    if node.get("format") == "date-time":
        return "TIMESTAMP"
    kind = node.get("type", "string")
    return {"integer": "INT64"}.get(kind if isinstance(kind, str) else kind[0], "STRING")


def test_exempted_fields_are_the_documents(test_run: workspace.TestRun) -> None:
    """Fields left out of Firestore's indexes are fields that documents have."""
    fields = {
        field["field"]
        for field in of_type(test_run.resources(*APPLIED[0]), "google_firestore_field")
    }
    of_event = {
        *event.Event.__struct_fields__,
        *(f"chat.{name}" for name in event.Chat.__struct_fields__),
    }
    assert {"raw", "expire_at"} == fields - of_event


def test_recover_ends_before_its_time_is_up() -> None:
    """What `recover` takes at most is less than the least time-out that Terraform takes."""
    variables = (workspace.CONFIGURATION / "variables_functions.tf").read_text()
    (least,) = re.findall(r"var\.recover\.timeout_seconds >= (\d+)", variables)
    assert recovery.RUN_SECONDS + 3 * recovery.CALL_SECONDS < int(least)
    assert recovery.DRAIN_SECONDS + 2 * recovery.CALL_SECONDS < int(least)


def test_metrics_read_what_recover_logs() -> None:
    """The fields that the log-based metrics take their values from are those of `recover`'s log."""
    metrics = (workspace.CONFIGURATION / "metrics.tf").read_text()
    fields = set(re.findall(r'^ +field += "(\w+)"$', metrics, re.MULTILINE))
    logged = {*recovery.Report.__struct_fields__, *recovery.Drained.__struct_fields__}
    assert {"pending", "oldest_pending_seconds", "spool_age_seconds"} == fields
    assert fields <= logged


def test_errors_that_other_alerts_tell_of_are_those_of_the_code() -> None:
    """The metric of errors leaves out the statuses that are errors, for they have their alerts."""
    metrics = (workspace.CONFIGURATION / "metrics.tf").read_text()
    (left_out,) = re.findall(r"NOT jsonPayload\.status=\((.+?)\)", metrics)
    assert answers._ERRORS == set(re.findall(r"\w+", left_out.replace(" OR ", " ")))


def test_queries_name_statuses_that_are_logged() -> None:
    """Each status that an alert or a tile looks for is one that the code gives."""
    queries = "".join(
        (workspace.CONFIGURATION / name).read_text() for name in ("alerts.tf", "dashboard.tf")
    )
    statuses = {
        status
        for group in re.findall(r'status!?=~?\\"([\w|]+)\\"', queries)
        for status in group.split("|")
    }
    sources = "".join(
        file.read_text() for file in sorted((workspace.ROOT / "envybox").rglob("*.py"))
    )
    assert statuses == {
        *("published", "stored", "spooled", "duplicate", "recovered", "ok", "dead_lettered"),
        *("invalid_key", "malformed", "too_large", "too_slow", "unsupported_media_type"),
    }
    assert [] == [status for status in statuses if f'"{status}"' not in sources]
