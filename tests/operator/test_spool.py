from __future__ import annotations

import google.auth
import pytest
from google.auth.exceptions import DefaultCredentialsError

from tests.operator.monitoring import Monitoring
from tests.operator.support import objects, run
from tests.operator.worlds import World


def test_nothing_waits(monitoring: Monitoring) -> None:
    """An empty spool is told with the time of the figure; one without a figure, so."""
    monitoring.figures = {("envybox-spool", "num_undelivered_messages"): 0}
    result = run("spool")
    assert "project my-project" in result.stderr.splitlines()[0]
    assert [
        "envybox-spool: 0, as of 2026-11-22 09:46:00",
        "envybox-spool-dead: no figure of the last quarter of an hour",
    ] == result.stdout.splitlines()


def test_what_is_late(monitoring: Monitoring) -> None:
    """Webhooks that wait for long are told with what to do; so are dead letters, however new."""
    monitoring.figures = {
        ("envybox-spool", "num_undelivered_messages"): 12,
        ("envybox-spool", "oldest_unacked_message_age"): 600,
        ("envybox-spool-dead", "num_undelivered_messages"): 0,
    }
    assert "envybox-spool: 12, the oldest for 600 s, as of" in run("spool").stdout
    monitoring.figures["envybox-spool", "oldest_unacked_message_age"] = 601
    assert "logs read envybox-recover" in run("spool", status=1).stderr
    monitoring.figures["envybox-spool", "num_undelivered_messages"] = 0
    monitoring.figures["envybox-spool-dead", "num_undelivered_messages"] = 1
    assert "envybox dead envybox-spool-dead" in run("spool", status=1).stderr


def test_json(monitoring: Monitoring) -> None:
    """One object for each of the two subscriptions."""
    monitoring.figures = {
        ("envybox-spool", "num_undelivered_messages"): 2,
        ("envybox-spool", "oldest_unacked_message_age"): 3,
    }
    spool, dead = objects(run("spool", "--json"))
    as_of = "2026-11-22T06:46:00+00:00"
    assert {"subscription": "envybox-spool", "waiting": 2, "oldest_seconds": 3, "as_of": as_of} == (
        spool
    )
    assert ("envybox-spool-dead", None, None) == (
        dead["subscription"],
        dead["waiting"],
        dead["as_of"],
    )


def test_trouble(monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that is missing is named; so is any other trouble, and credentials that are not."""
    monitoring.server.status = 403
    assert "roles/monitoring.viewer" in run("spool", status=1).stderr
    monitoring.server.status = 500
    assert "500 Server Error" in run("spool", status=1).stderr

    def none(**_: object) -> None:
        raise DefaultCredentialsError("none")  # type: ignore[no-untyped-call] # google-auth's

    monkeypatch.setattr(google.auth, "default", none)
    assert "gcloud auth application-default login" in run("spool", status=1).stderr


def test_embedded(local: World) -> None:
    """The embedded backend has none."""
    assert local.is_local
    assert "has no spool" in run("spool").stderr


def test_emulators(local: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulators have no metrics, which is told."""
    assert local.is_local
    monkeypatch.setenv("ENVYBOX_BACKEND", "google")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "demo-spool")
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:9")
    result = run("spool")
    assert "emulators: 127.0.0.1:9" in result.stderr
    assert "cannot be told" in result.stderr
