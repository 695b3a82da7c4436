"""Import blocks for a state that was lost, of plans as `terraform show -json` writes them."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.terraform import workspace
from tests.terraform.test_plan import APPLIED

PROGRAM = workspace.CONFIGURATION / "deploy" / "imports.py"
# What Google chooses the id of, and what may be made twice without harm.
WITHOUT = re.compile(
    r"google_(firestore_(index|backup_schedule)|monitoring_\w+|billing_budget|\w+_iam_(member|audit_config)"
    r"|project_service_identity|storage_bucket_object)|time_sleep|terraform_data"
)


def change(kind: str, name: str, after: dict[str, Any], *actions: str) -> dict[str, Any]:
    """Return a change of a plan."""
    return {
        "address": f"{kind}.{name}",
        "type": kind,
        "change": {"actions": list(actions or ("create",)), "after": after},
    }


def imported(folder: Path, *changes: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run the program on a plan with these changes."""
    plan = folder / "all.json"
    plan.write_text(json.dumps({"resource_changes": changes}))
    return subprocess.run(
        [sys.executable, str(PROGRAM), str(plan)], capture_output=True, text=True, check=False
    )


def found(text: str) -> dict[str, str]:
    """Return address => id of the blocks."""
    blocks = re.findall(r'^import \{\n  to = (\S+)\n  id = "(.*)"\n\}\n', text, re.MULTILINE)
    assert len(blocks) == text.count("import {")
    return dict(blocks)


TOPIC = {"project": "demo-project", "name": "envybox-call-result"}
SECRET = {"project": "demo-project", "secret_id": "envybox-keys"}


def test_what_is_made_gets_a_block(tmp_path: Path) -> None:
    """A block names the address of what the plan makes, and the id that its settings give it."""
    repeated = change("google_pubsub_topic", 'types["call.result"]', TOPIC)
    made = imported(tmp_path, repeated)
    assert (0, "") == (made.returncode, made.stderr)
    assert (
        'import {\n  to = google_pubsub_topic.types["call.result"]\n'
        '  id = "projects/demo-project/topics/envybox-call-result"\n}\n'
    ) == made.stdout


@pytest.mark.parametrize("actions", [["no-op"], ["update"], ["read"], ["delete", "create"]])
def test_what_is_not_made_gets_none(tmp_path: Path, actions: list[str]) -> None:
    """What Terraform knows already needs no import."""
    made = imported(tmp_path, change("google_pubsub_topic", "a", TOPIC, *actions))
    assert (0, "", "") == (made.returncode, made.stdout, made.stderr)


def test_what_has_no_id_of_its_settings_gets_none(tmp_path: Path) -> None:
    """What Google chose the id of is left out; the rest is written all the same."""
    index = change("google_firestore_index", "this", {"project": "demo-project"})
    made = imported(tmp_path, index, change("google_pubsub_topic", "a", TOPIC))
    assert ["google_pubsub_topic.a"] == list(found(made.stdout))


def test_the_secret_s_version_is_the_first_of_its_secret(tmp_path: Path) -> None:
    """A version, whose secret the plan does not know yet, is named by the secret's own block."""
    version = change("google_secret_manager_secret_version", "keys", {"secret": None})
    secret = change("google_secret_manager_secret", "keys", SECRET)
    for changes in ([secret, version], [version, secret]):
        made = imported(tmp_path, *changes)
        assert {
            "google_secret_manager_secret.keys": "projects/demo-project/secrets/envybox-keys",
            "google_secret_manager_secret_version.keys": (
                "projects/demo-project/secrets/envybox-keys/versions/1"
            ),
        } == found(made.stdout)


def test_a_version_of_a_secret_that_terraform_knows(tmp_path: Path) -> None:
    """Where the version alone is to be made, the plan itself names its secret."""
    secret = "projects/demo-project/secrets/envybox-keys"
    version = change("google_secret_manager_secret_version", "keys", {"secret": secret})
    made = imported(tmp_path, version)
    assert [f"{secret}/versions/1"] == list(found(made.stdout).values())


@pytest.mark.parametrize("content", [None, "", "{}", "[]", "Terraform will perform"])
def test_what_is_no_plan_is_told(tmp_path: Path, content: str | None) -> None:
    """A file that is no plan as JSON ends it with what to do, in one line."""
    file = tmp_path / "all.json"
    if content is not None:
        file.write_text(content)
    command = [sys.executable, str(PROGRAM), str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (1, "", 1) == (ended.returncode, ended.stdout, ended.stderr.count("\n"))
    assert "terraform show -json PLAN > FILE" in ended.stderr


def test_without_a_file_it_says_what_it_needs() -> None:
    """Started without a file's name it says what to do."""
    ended = subprocess.run(
        [sys.executable, str(PROGRAM)], capture_output=True, text=True, check=False
    )
    assert (1, True) == (ended.returncode, ended.stderr.startswith("Name one file, "))


def test_each_kind_is_imported_or_known_as_one_without() -> None:
    """Whatever kind is added to the configuration is given its id, or told here to have none."""
    kinds = {
        kind
        for file in workspace.CONFIGURATION.glob("*.tf")
        for kind in re.findall(r'^resource "(\w+)"', file.read_text(), re.MULTILINE)
    }
    ids = runpy.run_path(str(PROGRAM))["IDS"]
    of_settings = {*ids, "google_secret_manager_secret_version"}
    assert set() == of_settings - kinds
    assert set() == {kind for kind in kinds - of_settings if not WITHOUT.fullmatch(kind)}
    assert not [kind for kind in ids if WITHOUT.fullmatch(kind)]


@pytest.mark.parametrize("major", workspace.PROVIDER_MAJORS)
@pytest.mark.parametrize(("file", "run"), APPLIED, ids=[run for _, run in APPLIED])
def test_all_that_the_configuration_makes_is_known(
    tmp_path: Path, test_runs: dict[str, workspace.TestRun], major: str, file: str, run: str
) -> None:
    """Each resource of an applied run that has an id of its settings gets it, whole and its own."""
    resources = test_runs[major].resources(file, run)
    changes = [
        {
            "address": resource["address"],
            "type": resource["type"],
            "change": {"actions": ["create"], "after": resource["values"]},
        }
        for resource in resources
    ]
    made = imported(tmp_path, *changes)
    assert (0, "") == (made.returncode, made.stderr)
    ids = found(made.stdout)
    expected = {one["address"] for one in resources if not WITHOUT.fullmatch(one["type"])}
    assert expected == ids.keys()
    assert len(set(ids.values())) == len(ids)
    assert not [one for one in ids.values() if "None" in one or "//" in one]
