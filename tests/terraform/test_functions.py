"""The examples' functions: planned with the receiver, and what of them is deployed, started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.examples.world import EXAMPLES, NAMES, SETTINGS
from tests.terraform import workspace

# What Terraform's module is given.
VARIABLES: dict[str, dict[str, str | int]] = {
    "amocrm": {"token": "x", "domain": "example.amocrm.ru", "secrets_version": 2},
    "bitrix24": {
        "webhook_url": "https://example.bitrix24.ru/rest/1/secret/",
        "secrets_version": 2,
    },
    "conversions": {
        "consent": "granted",
        "ga4_measurement_id": "G-1",
        "ga4_api_secret": "x",
        "metrica_counter": "1",
        "metrica_token": "x",
        "secrets_version": 2,
    },
    "recordings": {},
    "template": {"url": "https://example.com/"},
    "telegram": {"token": "1:x", "chats": "-1", "secrets_version": 2},
}


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The receiver and all examples in one configuration, planned; return its folder."""
    root = tmp_path_factory.mktemp("examples")
    workspace.copy(root)
    leave_out = shutil.ignore_patterns("__pycache__", ".build", ".terraform*")
    shutil.copytree(EXAMPLES, root / "examples", ignore=leave_out)
    folder = root / "all"
    folder.mkdir()
    modules = {
        name: {"source": f"../examples/{name}", "project": "demo-project", **VARIABLES[name]}
        for name in NAMES
    }
    receiver = {"source": "../terraform", "project": "demo-project"}
    configuration = {"module": {"envybox": receiver, **modules}}
    (folder / "main.tf.json").write_text(json.dumps(configuration))
    result = workspace.terraform("init", "-input=false", "-no-color", folder=folder)
    if result.returncode:
        workspace.missing(f"terraform init failed, are the providers to be had?\n{result.stderr}")
    result = workspace.terraform("plan", "-input=false", "-no-color", "-out=plan", folder=folder)
    assert 0 == result.returncode, result.stderr
    return folder


def test_a_secret_that_changed_is_taken(planned: Path) -> None:
    """A raised `secrets_version` reaches each secret of an example: its value is written anew."""
    shown = workspace.terraform("show", "-json", "plan", folder=planned)
    modules = json.loads(shown.stdout)["planned_values"]["root_module"]["child_modules"]
    for name in [name for name in NAMES if "secrets_version" in VARIABLES[name]]:
        (module,) = (one for one in modules if one["address"] == f"module.{name}")
        (inner,) = module["child_modules"]
        versions = of_type(inner["resources"], "google_secret_manager_secret_version")
        assert {"2"} == {str(version["secret_data_wo_version"]) for version in versions}


def test_all_are_planned_together(planned: Path) -> None:
    """The receiver and every example fit into one configuration, each subscribed to its types."""
    shown = workspace.terraform("show", "-json", "plan", folder=planned)
    modules = json.loads(shown.stdout)["planned_values"]["root_module"]["child_modules"]
    for name in NAMES:
        (module,) = (one for one in modules if one["address"] == f"module.{name}")
        (inner,) = module["child_modules"]
        resources = inner["resources"]
        (function,) = of_type(resources, "google_cloudfunctions2_function")
        subscriptions = of_type(resources, "google_pubsub_subscription")
        assert f"envybox-{name}" == function["name"]
        assert "main" == function["build_config"][0]["entry_point"]
        given = function["service_config"][0]["environment_variables"]
        secret = function["service_config"][0]["secret_environment_variables"]
        (kept,) = of_type(resources, "google_firestore_field")
        assert f"once-{given['ENVYBOX_SUBSCRIBER']}" == kept["collection"]
        assert {one["key"] for one in secret} == SETTINGS[name].keys() - given.keys()
        pushed = [one for one in subscriptions if one["push_config"]]
        assert all(one["enable_message_ordering"] for one in pushed)
        assert pushed


def of_type(resources: list[dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    """Return the values of the resources of a type."""
    return [resource["values"] for resource in resources if resource["type"] == type_]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_deployed_starts(name: str, planned: Path, tmp_path: Path) -> None:
    """The archive that Terraform makes holds all that the function imports of ours."""
    build = planned.parent / "examples" / "function" / ".build"
    zipfile.ZipFile(build / f"demo-project-envybox-{name}.zip").extractall(tmp_path)
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ENVYBOX_")},
        **SETTINGS[name],
        "GOOGLE_CLOUD_PROJECT": "demo-project",
        "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",  # no credentials are looked for
    }
    code = "import sys; sys.path.insert(0, '.'); import main; print(main.main.__name__)"
    command = [sys.executable, "-I", "-c", code]
    result = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert ("main\n", "") == (result.stdout, result.stderr)
