"""Settings and keys as an operator meets them: at the start, and while it runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from envybox.tools.children import framework
from tests.contract.backends import Backend, Local
from tests.contract.receiver import KEY, OTHER_KEY, serve
from tests.contract.samples import new_call

MAIN = Path(__file__).parents[2] / "main.py"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVYBOX_KEYS", "short"),
        ("ENVYBOX_KEYS", f"shop={KEY.upper()}"),
        ("ENVYBOX_KEYS", f"a={KEY} b={KEY}"),
        ("ENVYBOX_KEYS_FILE", "/nowhere/keys"),
        ("ENVYBOX_BACKEND", "mysql"),
        ("ENVYBOX_DATABASE", "A b"),
        ("ENVYBOX_COLLECTION", "a/b"),
        ("ENVYBOX_TOPIC_PREFIX", "goog-"),
        ("ENVYBOX_TIMEZONE", "Mars/Olympus"),
        ("ENVYBOX_PHONE_REGION", "Russia"),
        ("ENVYBOX_RETENTION_DAYS", "-1"),
        ("ENVYBOX_DEDUP_HOURS", "nan"),
        ("ENVYBOX_RECOVER_AFTER_SECONDS", "soon"),
        ("ENVYBOX_LOCAL_PATH", "/dev/null/envybox.db"),
        ("ENVYBOX_PAIRING", "perhaps"),
    ],
)
def test_unusable(name: str, value: str, tmp_path: Path) -> None:
    """A setting that cannot be used stops the start with one line that names it."""
    environ = {"ENVYBOX_BACKEND": "local", name: value, "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        framework("webhook", 0),
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 != ended.returncode
    assert 1 == len(ended.stderr.splitlines()), ended.stderr
    assert ended.stderr.startswith(f"envybox: {name}: ")
    assert KEY not in ended.stderr


def test_emulators_without_a_project(tmp_path: Path) -> None:
    """The emulators need a project's name, and say so at the start."""
    environ = {"FIRESTORE_EMULATOR_HOST": "x:1", "PUBSUB_EMULATOR_HOST": "x:1"}
    ended = subprocess.run(
        [sys.executable, "-c", "import main"],
        env=environ | {"PYTHONPATH": str(MAIN.parent), "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr.startswith("envybox: GOOGLE_CLOUD_PROJECT: ")


@pytest.fixture
def local(tmp_path: Path) -> Local:
    """An embedded backend of its own."""
    return Local(tmp_path / "envybox.db")


def test_not_configured(local: Local) -> None:
    """Without any key every POST is refused, well-formed or not, and nothing is opened."""
    with serve(local, ENVYBOX_KEYS="") as receiver:
        for answer in (
            receiver.post(new_call()),
            receiver.request("POST", content=b"{", headers={"content-type": "text/xml"}),
        ):
            assert (503, {"error": "not_configured"}) == (answer.status_code, answer.json())
        assert 200 == receiver.request("GET").status_code
    assert not (local.path).exists()


def test_a_refused_key_opens_nothing(local: Local) -> None:
    """A wrong key touches no backend."""
    with serve(local) as receiver:
        assert 403 == receiver.post(new_call(), key=OTHER_KEY).status_code
    assert not (local.path).exists()


def test_a_refused_key_connects_to_nothing() -> None:
    """A wrong key makes no client of Google's; the right one does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        google = {
            "ENVYBOX_BACKEND": "google",
            "FIRESTORE_EMULATOR_HOST": host,
            "PUBSUB_EMULATOR_HOST": host,
            "GOOGLE_CLOUD_PROJECT": "demo-contract",
        }
        with serve(Backend(), **google) as receiver:
            for _ in range(3):
                assert 403 == receiver.post(new_call(), key=OTHER_KEY).status_code
            listener.setblocking(False)
            with pytest.raises(BlockingIOError):
                listener.accept()
            assert 503 == receiver.post(new_call()).status_code
            listener.accept()[0].close()


def test_keys_file(local: Local, tmp_path: Path) -> None:
    """Keys are read from a file; an empty one is no key at all."""
    keys = tmp_path / "keys"
    keys.write_text(f"shop={KEY}\nother={OTHER_KEY}\n")
    settings = {"ENVYBOX_KEYS": "", "ENVYBOX_KEYS_FILE": str(keys)}
    with serve(local, **settings) as receiver:
        assert "other" == receiver.accepted(new_call(), key=OTHER_KEY)["account"]
    keys.write_text("\n")
    with serve(local, **settings) as receiver:
        assert 503 == receiver.post(new_call()).status_code


def _paired(log: list[dict[str, Any]]) -> list[str]:
    return [line["message"] for line in log if "pairing" in line["message"]]


@pytest.mark.parametrize(("keys", "status"), [("", 503), (f"shop={KEY}", 403)])
def test_pairing(local: Local, keys: str, status: int) -> None:
    """When pairing, the key of a well-formed refused webhook is logged, and no other."""
    with serve(local, ENVYBOX_KEYS=keys, ENVYBOX_PAIRING="on") as receiver:
        assert status == receiver.post(new_call(), key=OTHER_KEY).status_code
        receiver.post(new_call(), key=OTHER_KEY.upper())
        receiver.post({"name": "no webhooktype"}, key=OTHER_KEY)
        receiver.request("POST", content=b"{", headers={"content-type": "application/json"})
        paired = _paired(receiver.log())
    assert 1 == len(paired)
    assert OTHER_KEY in paired[0]


def test_no_pairing(backend: Backend) -> None:
    """Without it no refused key is logged."""
    with serve(backend) as receiver:
        receiver.post(new_call(), key=OTHER_KEY)
        assert [] == _paired(receiver.log())
        assert OTHER_KEY not in str(receiver.log())


def test_log_lines_as_google_runs_it(local: Local) -> None:
    """Google's buildpack has the framework rewrite log lines; ours keep their span."""
    trace, span = "1" * 32, "00f067aa0ba902b7"
    headers = {
        "traceparent": f"00-{trace}-{span}-01",
        "x-cloud-trace-context": f"{trace}/{int(span, 16)};o=1",
    }
    with serve(local, LOG_EXECUTION_ID="true") as receiver:
        receiver.post(new_call(), headers=headers)
        (line,) = receiver.log()
    assert span == line["logging.googleapis.com/spanId"]
