"""Values that cannot work: each is refused, with a message that says what to do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.terraform import workspace

KEY = "0" * 32
KMS_KEY = "projects/keys-project/locations/europe-west1/keyRings/ring/cryptoKeys/key"
PULL: dict[str, Any] = {"types": ["*"], "pull": {}}


def bucket(**settings: Any) -> dict[str, Any]:
    """Return subscriptions with one to Cloud Storage."""
    return {"files": {"types": ["*"], "cloud_storage": settings}}


def push(**settings: Any) -> dict[str, Any]:
    """Return subscriptions with one push."""
    return {"crm": {"types": ["*"], "push": {"url": "https://crm.example.com/", **settings}}}


def two_tables(**second: Any) -> dict[str, Any]:
    """Return subscriptions with two to BigQuery."""
    return {"a": {"types": ["*"], "bigquery": {}}, "b": {"types": ["*"], "bigquery": second}}


REFUSED: list[tuple[str, Any, str]] = [
    ("project", "123456789012", "must be a project's id"),
    ("region", "europe-west1-b", "not a zone"),
    ("region", "EU", "must be a region"),
    ("name", "a-name-of-more-than-twenty", "4 to 20 lower-case letters"),
    ("name", "Envybox", "4 to 20 lower-case letters"),
    ("topic_prefix", "goog-", "not begin with goog"),
    ("topic_prefix", "1-", "must be a letter"),
    ("topic_prefix", "a%2F", "must be a letter"),
    ("labels", {"Team": "sales"}, "lower-case letters"),
    ("labels", {"team": "Sales"}, "lower-case letters"),
    ("keys", f"shop:{KEY}", "keys must be label=key or key"),
    ("keys", "short", "keys must be label=key or key"),
    ("keys", " , ", "at least one key"),
    ("keys", f"shop={'A' * 32}", "Envybox sends lower case"),
    ("keys", f"shop={KEY},{KEY}", "one key two labels"),
    ("keys_version", 0, "whole number, 1 or more"),
    ("keys_version", 2, "would be replaced by none"),
    ("webhook_invokers", ["operator@example.com"], "allUsers or principals"),
    ("timezone", "+03:00", "such as Europe/Moscow"),
    ("timezone", "MSK", "not an abbreviation"),
    ("phone_region", "Russia", "two-letter country code"),
    ("phone_region", "UK", "or GB"),
    ("retention_days", 0.5, "whole number of days"),
    ("retention_days", -1, "whole number of days"),
    ("dedup_hours", 10000, "0 to 8760"),
    ("recover_after_seconds", -1, "0 to 86400"),
    ("recover_schedule", "every minute", "cron's five fields"),
    ("recover_schedule", "*/10 * * * *", "three times the gap"),
    ("recover_schedule", "0 * * * *", "three times the gap"),
    ("message_storage_regions", [], "at least one region"),
    ("topic_retention", "7d", "must be seconds"),
    ("topic_retention", "2678401s", "must be seconds"),
    ("webhook", {"cpu": 0.5}, "concurrency above 1 needs a whole CPU"),
    ("webhook", {"cpu": 3}, "1, 2, 4, 6 or 8"),
    ("webhook", {"concurrency": 2000}, "1 to 1000"),
    ("webhook", {"concurrency": 1.5}, "must be whole numbers"),
    ("webhook", {"max_instances": 2.5}, "must be whole numbers"),
    ("webhook", {"memory": "512"}, "such as 512Mi"),
    ("webhook", {"cpu": 4}, "2Gi to 16Gi with 4"),
    ("webhook", {"cpu": 0.4, "concurrency": 1, "memory": "1Gi"}, "below half a CPU"),
    ("webhook", {"min_instances": 5, "max_instances": 2}, "not below webhook.min_instances"),
    ("webhook", {"timeout_seconds": 1}, "5 to 3600"),
    ("recover", {"cpu": 0.5}, "concurrency above 1 needs a whole CPU"),
    ("recover", {"cpu": 3}, "1, 2, 4, 6 or 8"),
    ("recover", {"concurrency": 0}, "1 to 1000"),
    ("recover", {"timeout_seconds": 60.5}, "must be whole numbers"),
    ("recover", {"memory": "1T"}, "such as 512Mi"),
    ("recover", {"memory": "8Gi"}, "4Gi with 1"),
    ("recover", {"cpu": 0.5, "concurrency": 1, "memory": "2Gi"}, "1Gi below one"),
    ("recover", {"max_instances": 0}, "must be 1 or more"),
    ("recover", {"timeout_seconds": 59}, "60 to 600"),
    ("database", {"name": "Envybox"}, "lower-case letters"),
    ("database", {"name": "(default)", "delete_protection": False}, "other applications"),
    ("database", {"name": "(default)"}, "must not be events in the database (default)"),
    ("database", {"backup_days": 99}, "0 (no backups) to 98"),
    ("database", {"create": False, "delete_protection": False}, "leaves the database to you"),
    ("database", {"collection": "a/b"}, "a collection's name"),
    ("database", {"collection": "__events__"}, "a collection's name"),
    ("notification_channels", ["operator@example.com"], "notificationChannels/ID"),
    ("alerts", {"off": ["pendings"]}, "must name alerts"),
    ("alerts", {"latency_ms": 0}, "must be positive"),
    ("alerts", {"latency_ms": 10000}, "must be less than 10000"),
    ("alerts", {"no_traffic_hours": 169}, "1 to 168"),
    ("alerts", {"recover_silent_minutes": 1}, "5 to 1440"),
    ("alerts", {"no_traffic_hours": 1.5}, "must be whole numbers"),
    ("uptime_check", "30s", "60s, 300s, 600s, 900s or off"),
    ("uptime_check", "null", "uptime_check is the text null"),
    ("topic_prefix", "null", "topic_prefix is the text null"),
    ("topic_retention", "null", "topic_retention is the text null"),
    ("alert_emails", ["operator"], "must be addresses, such as operator@example.com"),
    ("budget", {"amount": 0}, "budget.amount must be a whole number, 1 or more"),
    ("budget", {"amount": 1.5}, "budget.amount must be a whole number, 1 or more"),
    ("kms_key", "my-key", "must be projects/P/locations/REGION/keyRings/R/cryptoKeys/K"),
    ("kms_key", KMS_KEY.replace("europe-west1", "global"), "its REGION that of region"),
    ("subscriptions", {"spool": PULL}, "not be spool"),
    ("subscriptions", {"CRM": PULL}, "lower-case letters"),
    ("subscriptions", {"crm": {"types": ["*"]}}, "exactly one of"),
    ("subscriptions", {"crm": {**PULL, "bigquery": {}}}, "exactly one of"),
    ("subscriptions", {"crm": {"types": [], "pull": {}}}, 'must be ["*"] or some of'),
    ("subscriptions", {"crm": {"types": ["call.results"], "pull": {}}}, "call.result, chat"),
    ("subscriptions", {"crm": {"types": ["*", "call.result"], "pull": {}}}, "or some of"),
    ("subscriptions", {"crm": {"types": ["unknown"] * 2, "pull": {}}}, "each once"),
    ("subscriptions", push(url="http://crm.example.com/"), "must begin with https://"),
    ("subscriptions", push(authenticated=False, audience="a"), "have no use with"),
    ("subscriptions", two_tables(table="my-table"), "letters, digits and underscores"),
    ("subscriptions", two_tables(), "must not have the same"),
    ("subscriptions", two_tables(table="events_messages"), "with _messages after it"),
    ("subscriptions", two_tables(table="b", location="EU"), "the same bigquery.location"),
    ("subscriptions", two_tables(dataset="envybox"), "must not have the same"),
    ("subscriptions", two_tables(table="b", dataset_create=False), "bigquery.dataset_create"),
    ("subscriptions", bucket(format="csv"), "text or avro"),
    ("subscriptions", bucket(max_duration="3600s"), "60s to 600s"),
    ("subscriptions", bucket(max_bytes=1), "1000 or more"),
    ("subscriptions", bucket(bucket="example", expire_days=1), "bucket that is made here"),
    ("subscriptions", bucket(expire_days=0), "1 or more, or null"),
    ("subscriptions", bucket(max_bytes=1000.5), "must be whole numbers"),
    ("subscriptions", {"source": bucket()["files"]}, "must not be called source"),
    ("subscriptions", {"bot": {**PULL, "ack_deadline_seconds": 601}}, "10 to 600"),
    ("subscriptions", {"bot": {**PULL, "dead_letter_after": 2}}, "5 to 100 tries"),
    ("subscriptions", {"bot": {**PULL, "retention": "31536000s"}}, "31 days"),
    ("subscriptions", {"bot": {**PULL, "retry": {"maximum": "3600s"}}}, "0s to 600s"),
    (
        "subscriptions",
        {"bot": {**PULL, "retry": {"minimum": "9s", "maximum": "5s"}}},
        "not be longer",
    ),
    ("subscriptions", {"bot": {**PULL, "filter": "x" * 257}}, "256 characters"),
]


@pytest.fixture(scope="module")
def refusals(variables_alone: Path) -> list[tuple[int, str]]:
    """What came of each of `REFUSED`, tried several at a time."""
    with ThreadPoolExecutor(4) as pool:
        return list(
            pool.map(lambda row: workspace.plan(variables_alone, {row[0]: row[1]}), REFUSED)
        )


@pytest.mark.parametrize(
    "index", range(len(REFUSED)), ids=[f"{name}-{value}"[:50] for name, value, _ in REFUSED]
)
def test_is_refused(refusals: list[tuple[int, str]], index: int) -> None:
    """A value that cannot work is refused with a message that says what would."""
    code, text = refusals[index]
    assert code == 1
    assert REFUSED[index][2] in text


def test_a_bucket_s_name_that_is_too_long_is_refused(variables_alone: Path) -> None:
    """A bucket's name is made of three others, and Cloud Storage takes 63 characters."""
    values = {"project": "demo-project-123", "subscriptions": {"f" * 40: bucket()["files"]}}
    code, text = workspace.plan(variables_alone, values)
    assert (1, True) == (code, "must be 63 characters at most" in text)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"keys": f"{KEY}\nshop={'1' * 32}, shop={'2' * 32}", "keys_version": 3},
        {"webhook": {"cpu": 0.5, "concurrency": 1}, "recover": {"cpu": 2, "memory": "8Gi"}},
        {"webhook": {"cpu": 4, "memory": "2048Mi"}, "recover": {"memory": "4Gi"}},
        {"recover_schedule": "0 * * * *", "alerts": {"recover_silent_minutes": 180}},
        {"timezone": "America/Argentina/Buenos_Aires", "phone_region": "GB"},
        {"database": {"name": "(default)", "collection": "mine"}, "topic_retention": "600s"},
        {"database": {"create": False, "backup_days": 98}, "uptime_check": "off"},
        {"kms_key": KMS_KEY, "budget": {"amount": 20}, "alert_emails": ["operator@example.com"]},
        {"subscriptions": two_tables(table="b"), "timezone": "UTC", "labels": {"team_a-1": "2"}},
        {"database": {"collection": "заявки"}, "subscriptions": two_tables(dataset="other")},
        {"subscriptions": {"source": PULL, "f" * 40: bucket(bucket="example")["files"]}},
    ],
    ids=lambda value: str(value)[:40],
)
def test_is_taken(variables_alone: Path, values: dict[str, Any]) -> None:
    """Values that work are not refused."""
    assert 0 == workspace.plan(variables_alone, values)[0]


def test_a_key_of_one_region_goes_with_no_database_elsewhere(variables_alone: Path) -> None:
    """A customer's key is of one region, and Firestore takes no key of another."""
    code, text = workspace.plan(
        variables_alone, {"kms_key": KMS_KEY, "database": {"location": "eur3"}}
    )
    assert (1, True) == (code, "database.location must not be another" in text)


def test_the_readme_s_subscriptions_are_taken(variables_alone: Path, tmp_path: Path) -> None:
    """The README's example of each kind of subscription is one that works."""
    readme = (workspace.CONFIGURATION / "README.md").read_text()
    (example,) = re.findall(r"```hcl\n(subscriptions = .*?)```", readme, re.DOTALL)
    file = tmp_path / "readme.tfvars"
    file.write_text(f'project = "demo-project"\n{example}')
    arguments = ("-input=false", "-no-color", "-lock=false", f"-var-file={file}")
    result = workspace.terraform("plan", *arguments, folder=variables_alone)
    assert 0 == result.returncode, result.stderr
    assert all(kind in example for kind in ("push =", "pull =", "bigquery =", "cloud_storage ="))


@pytest.mark.parametrize(
    ("file", "changed", "told"),
    [
        ("region.tf", {"region": "europe-west3"}, "region was europe-west1 at the first apply and"),
        ("names.tf", {"name": "leads"}, 'were ["envybox","envybox-","no kms_key"] at the first'),
        ("names.tf", {"topic_prefix": "leads-"}, "name, topic_prefix and kms_key were"),
        ("names.tf", {"kms_key": KMS_KEY}, "name, topic_prefix and kms_key were"),
    ],
)
def test_what_is_not_changed(
    variables_alone: Path, file: str, changed: dict[str, Any], told: str
) -> None:
    """After the first apply another region or name is refused, with what it would cost."""
    shutil.copy(workspace.CONFIGURATION / file, variables_alone)
    workspace.terraform("init", folder=variables_alone)  # terraform_data is built in
    arguments = ("-auto-approve", "-var=project=demo-project")
    assert 0 == workspace.terraform("apply", *arguments, folder=variables_alone).returncode
    code, text = workspace.plan(variables_alone, changed)
    assert (1, True) == (code, told in text), text
    assert "make a second receiver under another name" in text
    assert 0 == workspace.plan(variables_alone, {})[0]
    assert 0 == workspace.plan(variables_alone, {"topic_prefix": "envybox-"})[0]
    (variables_alone / file).unlink()
    (variables_alone / "terraform.tfstate").unlink()


COMBINATIONS: dict[str, dict[str, Any]] = {
    "nothing but the project": {},
    "pairing": {"pairing": True, "alert_emails": ["operator@example.com"]},
    "a CRM": {"subscriptions": push()},
    "a CRM without tokens": {"subscriptions": push(authenticated=False, wrapped=False)},
    "a warehouse": {"subscriptions": {"dwh": {"types": ["*"], "bigquery": {"expire_days": 90}}}},
    "a dataset that exists": {
        "subscriptions": {
            "dwh": {"types": ["*"], "bigquery": {"dataset": "d", "dataset_create": False}}
        }
    },
    "an archive": {"subscriptions": bucket(format="avro", expire_days=30)},
    "all kinds": {"subscriptions": {**push(), **bucket(), **two_tables(table="b"), "bot": PULL}},
    "the database (default)": {"database": {"name": "(default)", "collection": "leads"}},
    "a database that exists": {"database": {"create": False, "backup_days": 7}},
    "many webhooks": {
        "database": {"index_times": False},
        "webhook": {"min_instances": 2, "max_instances": 50, "memory": "1Gi"},
    },
    "no allUsers": {"invoker_iam_check": False, "budget": {"amount": 20}},
    "a gateway": {
        "webhook_invokers": ["serviceAccount:gateway@demo-project.iam.gserviceaccount.com"],
        "uptime_check": "off",
    },
    "a customer's key": {"kms_key": KMS_KEY, "subscriptions": two_tables(table="b")},
    "a second receiver, watched closely": {
        "name": "leads",
        "region": "europe-west4",
        "watch_keys": True,
        "retention_days": 365,
        "alerts": {"no_traffic_hours": 24, "off": ["latency"]},
        "labels": {"team": "sales"},
        "enable_services": False,
    },
}


@pytest.fixture(scope="module")
def combinations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, str]]]:
    """What came of a plan of each of `COMBINATIONS`, two at a time."""
    folder = workspace.initialized(tmp_path_factory.mktemp("combinations"), "8")
    with ThreadPoolExecutor(2) as pool:
        plans = pool.map(lambda values: workspace.plan(folder, values), COMBINATIONS.values())
        yield dict(zip(COMBINATIONS, plans, strict=True))


@pytest.mark.parametrize("name", COMBINATIONS)
def test_what_a_user_would_choose_is_planned(
    combinations: dict[str, tuple[int, str]], name: str
) -> None:
    """Settings that go together in somebody's project make a plan, without a warning."""
    code, text = combinations[name]
    assert 0 == code, text[-2000:]
    assert "Warning:" not in text
    assert "to add, 0 to change, 0 to destroy" in text
