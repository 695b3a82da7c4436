"""`make preflight`, `deploy` and `undeploy`, against stand-ins of gcloud and Google's project."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import russian
from tests.terraform import workspace
from tests.terraform.cloud import ACCOUNT, EVENT_ID, PROJECT, Deployment

BUCKET = f"gs://{PROJECT}-envybox-tfstate"
SERVICES = [
    f"{name}.googleapis.com"
    for name in (
        "cloudresourcemanager",
        "serviceusage",
        "cloudfunctions",
        "firestore",
        "cloudquotas",
    )
]
CHANGING = (
    "gcloud services enable",
    "gcloud storage buckets create",
    "gcloud storage buckets update",
    "gcloud secrets versions add",
    "gcloud run services update",
    "terraform apply",
    "terraform destroy",
)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A new project with billing, owned by the login."""
    found = Deployment(tmp_path)
    yield found
    found.stop()


def changing(calls: list[str]) -> list[str]:
    """Return the commands that change something."""
    return [call for call in calls if call.startswith(CHANGING)]


def test_leads_from_nothing_to_the_first_stored_webhook(deployment: Deployment) -> None:
    """One command makes the state's bucket and the receiver, and shows the event that it stored."""
    code, text = deployment.make("deploy")
    assert (0, True) == (code, text.rstrip().endswith("1. Paste the address.")), text
    for expected in (EVENT_ID, "+79000000000", "published", "call.result"):
        assert expected in text
    project = deployment.project
    assert {BUCKET: {"location": "europe-west1", "versioning_enabled": True}} == project["buckets"]
    assert 1 == len(project["versions"])
    key = project["versions"][0].removeprefix("deploy-test=")
    assert [key] * 2 == [fields["key"] for fields in deployment.webhooks]
    assert key not in text
    settings = (deployment.configuration / "terraform.tfvars").read_text()
    assert f'alert_emails = ["{ACCOUNT}"]' in settings
    assert f'project = "{PROJECT}"' in settings


def test_run_again_changes_nothing(deployment: Deployment) -> None:
    """A second run looks, and neither makes, applies nor sends anything."""
    deployment.make("deploy")
    before = (deployment.project, len(deployment.webhooks), deployment.calls())
    code, text = deployment.make("deploy")
    assert (0, []) == (code, changing(deployment.calls())), text
    assert before[:2] == (deployment.project, len(deployment.webhooks))


def not_printed(command: str, text: str) -> list[str]:
    """Return the lines that docs/ru/telegram.md shows of a command, and that it did not print."""
    page = russian.FOLDER / "telegram.md"
    shown = [body for name, body in russian.blocks(page) if name == f"text {command}"]
    lines = [line for body in shown for line in body.splitlines()]
    assert lines
    printed = text.replace(PROJECT, "my-project-123").splitlines()
    return [
        line
        for line in lines
        if not any(re.fullmatch(re.escape(line).replace("…", ".+"), one) for one in printed)
    ]


def test_the_russian_page_shows_what_a_preflight_prints(deployment: Deployment) -> None:
    """In a new project the preflight prints what the page shows, line by line."""
    code, text = deployment.make("preflight")
    assert (0, []) == (code, not_printed("preflight", text)), text
    assert not_printed("preflight", text.replace("?  region", "✓  region"))


STEPS = [
    f"gcloud services enable {' '.join(SERVICES)}",
    "gcloud storage buckets create",
    "gcloud storage buckets update",
    "terraform init",
    "terraform plan",
    "terraform apply",
    "terraform output",
    "gcloud secrets versions access latest",
    "gcloud secrets versions add envybox-keys",
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: " ".join(step.split()[:4]))
def test_interrupted_it_goes_on(deployment: Deployment, step: str) -> None:
    """Ctrl-C at any step, and the same command again: the end is that of a run in one go."""
    program, _, command = step.partition(" ")
    if program == "terraform":
        (deployment.folder / "stop").write_text(command)
    else:
        deployment.write(interrupt=command)
    code, text = deployment.make("deploy")
    assert (130, True) == (code, "The same command goes on from here" in text), text
    code, text = deployment.make("deploy")
    assert (0, True) == (code, EVENT_ID in text), text
    assert 1 == len(deployment.project["versions"])
    assert deployment.project["buckets"][BUCKET]["versioning_enabled"]


def test_undeployed_it_is_gone_and_what_stays_is_told(deployment: Deployment) -> None:
    """The secret's protection is taken off, the rest destroyed; database and bucket are named."""
    deployment.make("deploy")
    deployment.calls()
    code, text = deployment.make("undeploy")
    assert (0, ["terraform apply", "terraform destroy"]) == (code, changing(deployment.calls()))
    for stays in ("the database envybox, with its events", BUCKET, "gcf-v2-sources-", "APIs"):
        assert stays in text
    code, text = deployment.make("undeploy")
    assert (0, []) == (code, changing(deployment.calls()))
    assert text.startswith("Nothing is deployed.")


def test_undeploy_asks_first(deployment: Deployment) -> None:
    """Without the project's id, typed, nothing goes."""
    deployment.make("deploy")
    deployment.calls()
    code, text = deployment.make("undeploy", YES="")
    assert 1 == code
    assert "Type the project's id to go on" in text
    assert "Traceback" not in text
    assert [] == changing(deployment.calls())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"account": ""}, "gcloud is not logged in. Run: gcloud auth login"),
        ({"id": "other-project"}, "There is no project demo-project, or operator@example.com may not see it"),
        ({"lifecycle": "DELETE_REQUESTED"}, "The project is being deleted"),
        ({"billing": False}, "The project has no billing account. Link one: https://console.cloud.google.com/billing/linkedaccount?project=demo-project"),
        ({"policies": {"iam.allowedPolicyMemberDomains": {"allowedValues": ["C00000000"]}}}, "Add this line to terraform/terraform.tfvars and run the same command again; the function checks the key all the same:\n       invoker_iam_check = false"),
        ({"policies": {"gcp.restrictNonCmekServices": {"deniedValues": ["pubsub.googleapis.com"]}}}, "asks for a key of yours for pubsub.googleapis.com. Make one in Cloud KMS"),
        ({"regions": ["us-central1"]}, "Cloud Functions is not offered in europe-west1. Take another region"),
        ({"vcpus": 10}, "The instances may take 13 vCPUs, and the project's quota in europe-west1 is 10. Set webhook = { max_instances = 7 }"),
        ({"taken": ["envybox"]}, "add this line to terraform/terraform.tfvars: database = { create = false }"),
        ({"taken": ["envybox-keys"]}, "The secret envybox-keys exists already, and Terraform's state does not know it"),
        ({"odd": {"projects get-iam-policy": "PERMISSION_DENIED: The caller does not have permission"}}, "may not see the project's grants, let alone make some. Ask the project's owner to run: gcloud projects add-iam-policy-binding"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_stops_before_it_would_fail(
    deployment: Deployment, change: dict[str, object], said: str
) -> None:
    """What would end an apply half-way is told before it, with what to do; nothing is made."""
    services = [
        f"{name}.googleapis.com"
        for name in ("cloudfunctions", "firestore", "cloudquotas", "secretmanager")
    ]
    deployment.write(services=services, **change)
    code, text = deployment.make("preflight")
    assert (1, True) == (code, said in text), text
    assert [] == changing(deployment.calls())


def test_what_cannot_be_looked_at_does_not_stop_it(deployment: Deployment) -> None:
    """APIs that are off, a policy that may not be read, an owner by group: told, and gone past."""
    deployment.write(
        roles=["roles/editor"],
        odd={"resource-manager": "PERMISSION_DENIED: The caller does not have permission"},
    )
    code, text = deployment.make("preflight")
    assert 0 == code, text
    assert "?  region: not known before its API is on, which make deploy sees to" in text
    assert "?  rights: operator@example.com is not named as the project's owner" in text
    assert (
        "?  public access: ERROR: (gcloud.resource-manager.org-policies.describe) PERMISSION_DENIED"
        in text
    )
    assert "All is well. Deploy: make deploy PROJECT=demo-project" in text
    assert [] == changing(deployment.calls())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("webhook = { max_instance = 5 }", "names what there is not: webhook.max_instance."),
        ('subscriptions = { crm = { types = ["*"], pull = {}, filters = "x" } }', "subscriptions.crm.filters"),
        ('retention_day = 5', "names what there is not: retention_day."),
        ('region = "EU"', "region must be a region, such as europe-west1"),
        ("region = ", "terraform/terraform.tfvars cannot be used:"),
        ('project = "other-project"', "is of the project other-project, not demo-project"),
    ],
)  # fmt: skip
def test_settings_that_would_pass_in_silence_are_told(
    deployment: Deployment, settings: str, said: str
) -> None:
    """A misspelt setting, one that cannot be used, and those of another project end it at once."""
    deployment.settings(settings)
    if "other-project" in settings:
        (deployment.configuration / "terraform.tfvars").write_text(settings)
    code, text = deployment.make("preflight")
    assert (1, True) == (code, said in text), text
    assert "Traceback" not in text


def test_settings_of_the_user_s_are_left_alone(deployment: Deployment) -> None:
    """terraform.tfvars is written once."""
    deployment.settings("pairing = false")
    before = (deployment.configuration / "terraform.tfvars").read_text()
    assert 0 == deployment.make("deploy")[0]
    assert before == (deployment.configuration / "terraform.tfvars").read_text()


def test_sends_no_test_to_subscribers(deployment: Deployment) -> None:
    """With a CRM connected no test webhook goes out, and that is said."""
    code, text = deployment.make(
        "deploy", STANDIN_OUTPUTS='{"subscriptions": {"crm-call-result": "x"}}'
    )
    assert (0, []) == (code, deployment.webhooks)
    assert "it would reach your subscribers, as a lead" in text


def test_sends_no_test_beside_keys_of_the_user_s(deployment: Deployment) -> None:
    """Keys that are there are not replaced by one to test with."""
    deployment.write(versions=["shop=" + "0" * 32])
    code, text = deployment.make("deploy")
    assert (0, []) == (code, deployment.webhooks)
    assert "keys are set already" in text
    assert 1 == len(deployment.project["versions"])


def test_switches_the_check_of_callers_off_where_it_is_asked_to(deployment: Deployment) -> None:
    """The command that Terraform cannot do itself is run after each apply."""
    command = f"gcloud run services update envybox-webhook --no-invoker-iam-check --region=europe-west1 --project={PROJECT}"
    code, text = deployment.make("deploy", STANDIN_OUTPUTS=json.dumps({"public_command": command}))
    assert (0, False) == (code, deployment.project["check"]), text


def test_deletes_nothing_unasked(deployment: Deployment) -> None:
    """A plan that would delete what holds something stops; DESTROY=yes lets it."""
    changes = json.dumps(
        [
            {"address": "google_pubsub_subscription.this", "type": "google_pubsub_subscription", "change": {"actions": ["delete"]}},
            {"address": "time_sleep.grants", "type": "time_sleep", "change": {"actions": ["delete", "create"]}},
            {"address": "google_storage_bucket_object.source", "type": "google_storage_bucket_object", "change": {"actions": ["delete", "create"]}},
        ]
    )  # fmt: skip
    code, text = deployment.make("deploy", STANDIN_CHANGES=changes)
    assert (1, True) == (code, "This would delete: google_pubsub_subscription.this." in text), text
    assert 0 == deployment.make("deploy", STANDIN_CHANGES=changes, DESTROY="yes")[0]


def test_an_apply_that_fails_is_gone_on_with(deployment: Deployment) -> None:
    """The message says to run the same again, which then ends well."""
    code, text = deployment.make("deploy", STANDIN_BROKEN="yes")
    assert (1, True) == (code, "terraform apply failed: its message is above." in text), text
    assert 0 == deployment.make("deploy")[0]


def test_a_bucket_of_somebody_else_s_is_told(deployment: Deployment) -> None:
    """Bucket names are global; one that may not be seen is not taken for a missing one."""
    deployment.write(
        odd={
            "storage buckets describe": "HTTPError 403: operator@example.com does not have storage.buckets.get access"
        }
    )
    code, text = deployment.make("deploy")
    assert (1, True) == (code, "is somebody else's or cannot be seen" in text), text


def test_a_state_of_one_s_own_is_not_left_behind(deployment: Deployment) -> None:
    """Where Terraform was run by hand, its state goes into the bucket first."""
    (deployment.configuration / "terraform.tfstate").write_text("{}")
    code, text = deployment.make("deploy")
    assert (1, True) == (code, "Move it into the bucket first (docs/terraform-state.md" in text), (
        text
    )


def test_says_what_is_missing(deployment: Deployment) -> None:
    """Without a project, and without gcloud, one line says what to do."""
    code, text = deployment.make("deploy", project="")
    assert (1, "Which project? make deploy PROJECT=my-project-123") == (code, text.strip())
    code, text = deployment.make("deploy", PATH="/nowhere")
    assert (1, True) == (code, "gcloud was not found. Open Cloud Shell" in text), text


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_gets_terraform_where_it_is_too_old(
    deployment: Deployment, tmp_path: Path, right: bool
) -> None:
    """HashiCorp's archive is taken if it has the checksum that is published, and else not used."""
    machine = {"x86_64": "amd64"}.get(os.uname().machine, "arm64")
    release = tmp_path / "releases" / "1.11.4"
    release.mkdir(parents=True)
    archive = release / f"terraform_1.11.4_linux_{machine}.zip"
    real = shutil.which("terraform") or workspace.program("TERRAFORM", "terraform")[0]
    launcher = f'#!/bin/sh\nexport CONSOLE_TERRAFORM={shlex.quote(real)}\nexec {shlex.quote(str(deployment.programs / "tf"))} "$@"\n'
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("terraform", launcher)
    digest = hashlib.sha256(archive.read_bytes() + (b"" if right else b"x")).hexdigest()
    (release / "terraform_1.11.4_SHA256SUMS").write_text(f"{digest}  {archive.name}\n")
    old = tmp_path / "old"
    old.mkdir()
    (old / "terraform").write_text("#!/bin/sh\necho Terraform v1.5.7\n")
    (old / "terraform").chmod(0o755)
    (old / "gcloud").symlink_to(deployment.programs / "gcloud")
    code, text = deployment.make(
        "preflight",
        TERRAFORM="",
        TERRAFORM_RELEASES=(tmp_path / "releases").as_uri(),
        PATH=f"{old}{os.pathsep}{os.environ['PATH']}",
    )
    if right:
        assert (0, True) == (code, "Getting Terraform 1.11.4" in text), text
    else:
        assert (1, True) == (code, "has not the checksum that HashiCorp names" in text), text


def test_the_whole_way_with_terraform_itself(deployment: Deployment) -> None:
    """The configuration, by real plans and applies, gets to the first event, and is removed again."""
    backend = {
        "terraform": {"backend": {"local": {"path": str(deployment.folder / "default.tfstate")}}}
    }
    (deployment.configuration / "backend_override.tf.json").write_text(json.dumps(backend))
    deployment.environment["REAL_TERRAFORM"] = shlex.join(
        workspace.program("TERRAFORM", "terraform")
    )
    code, text = deployment.make("deploy")
    assert (0, True) == (code, EVENT_ID in text), text[-3000:]
    assert "Read the key that Envybox sends. Pairing is on" in text
    assert [] == not_printed("deploy", text)
    deployment.calls()
    code, text = deployment.make("deploy")
    assert (0, []) == (code, changing(deployment.calls())), text[-3000:]
    code, text = deployment.make("undeploy")
    assert (0, True) == (code, "Removed.\nWhat stays" in text), text[-3000:]
    assert [] == json.loads((deployment.folder / "default.tfstate").read_text())["resources"]
