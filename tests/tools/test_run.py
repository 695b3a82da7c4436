from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from envybox.ports.publish import Message
from envybox.tools import run as run_module
from envybox.tools.emulators import LOOPBACK, free_port, is_free
from envybox.types import TYPES
from tests.local.support import opened, query, record
from tests.tools.support import ROOT, Run, clean_environ, eventually, running, subscriber

SAMPLES = 10
UP = "Ctrl-C ends it."
STORED = ".envybox/envybox.db"
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _post(run: Run, **fields: str) -> dict[str, str]:
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    with _http.open(run.url, f"{body}&key={run.line('key')}".encode()) as answer:
        content: dict[str, str] = json.load(answer)
        return content


def test_first_start(tmp_path: Path) -> None:
    """A first start tells the URL, the key and a curl line, and shows each sample come in."""
    with running(tmp_path) as run:
        run.wait_for("  published  ", SAMPLES)
        assert f"The receiver is up: {run.url}" in run.output
        for row in TYPES[:-1]:
            assert f"  {row.type} " in run.output
        assert "somedomain.com        callback_ordered" in run.output
        file = tmp_path / ".envybox" / "envybox.key"
        assert run.line("key") == file.read_text().strip()
        assert 32 == len(run.line("key"))
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert [("published", SAMPLES)] == query(
        tmp_path / STORED, "SELECT state, count(*) FROM events GROUP BY 1"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_curl_line(tmp_path: Path, encoding: str) -> None:
    """The curl line works as it is pasted, on any terminal, and its event is shown."""
    if shutil.which("curl") is None and os.environ.get("CI") != "true":
        pytest.skip("install curl")
    with running(tmp_path, PYTHONIOENCODING=encoding) as run:
        run.wait_for("  published  ", SAMPLES)
        assert run.line("try").isascii()
        command = shlex.split(run.line("try"))
        assert "curl" == command[0]
        answer = json.loads(
            subprocess.check_output([*command, "--silent", "--show-error", "--noproxy", "*"])
        )
        assert "published" == answer["status"]
        run.wait_for(answer["id"])
        assert f"callback_ordered    {answer['id']}" in run.output


def test_other_encoding(tmp_path: Path) -> None:
    """A letter that the terminal does not have is told by its number."""
    with running(tmp_path, PYTHONIOENCODING="ascii") as run:
        run.wait_for("  published  ", SAMPLES)
        _post(run, webhooktype="4", site="%D0%B6.example")
        run.wait_for(r"\u0436.example")


@pytest.mark.parametrize("gone", [True, False])
def test_output_cannot_be_written(tmp_path: Path, gone: bool) -> None:
    """Who reads the output may go (`| head`), or a disk be full: all goes on, without a word."""
    reader, output = os.pipe()
    os.close(reader)
    if not gone:
        os.close(output)
        output = os.open("/dev/full", os.O_WRONLY)
    port = free_port()
    with (
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "envybox.tools.run", f"--port={port}"],
            cwd=tmp_path,
            env=clean_environ(),
            stdout=output,
            stderr=errors,
        ) as process,
    ):
        os.close(output)
        try:
            eventually(lambda: _published(tmp_path / STORED) == SAMPLES)
            _http.open(f"http://{LOOPBACK}:{port}/").close()
        finally:
            process.send_signal(signal.SIGINT)
    assert 0 == process.returncode
    assert "" == (tmp_path / "errors").read_text()


def _published(path: Path) -> int:
    with contextlib.suppress(sqlite3.Error):  # not there yet
        rows = query(path, "SELECT id FROM events WHERE state = 'published'")
        return len(rows)
    return 0


def test_no_output(tmp_path: Path) -> None:
    """Without a standard output (`>&-`) it runs too, and a refusal is all it tells."""
    command = [sys.executable, "-m", "envybox.tools.run", "--port=0"]
    ended = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command],
        cwd=tmp_path,
        env=clean_environ(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (1, 1) == (ended.returncode, ended.stderr.count("\n")), ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ends_cleanly(tmp_path: Path, number: int) -> None:
    """Ctrl-C, `kill` and a closed window end all that was started, without a traceback."""
    with running(tmp_path) as run:
        run.wait_for("  published  ", SAMPLES)
        # Itself, two functions and a worker of each.
        eventually(lambda: len(run.family()) >= 5, "its processes")
        assert 0 == run.stop(number)
        assert [] == run.family()
        assert is_free(run.port)
        assert run.output.endswith("Ended.\n")
        assert "Traceback" not in run.output


def test_ends_while_it_starts(tmp_path: Path) -> None:
    """It ends as cleanly before all is up, and a second signal does not cut it short."""
    with running(tmp_path) as run:
        eventually(lambda: bool(run.family("webhook")))
        run.process.send_signal(signal.SIGINT)
        assert 0 == run.stop(signal.SIGTERM)
        assert [] == run.family()
        assert "Traceback" not in run.output


def test_second_start(tmp_path: Path) -> None:
    """The next start has the same key and events, and sends no samples."""
    with running(tmp_path) as run:
        run.wait_for("  published  ", SAMPLES)
        key = run.line("key")
        first = _post(run, webhooktype="4", phone="79000000000")
    with running(tmp_path) as run:
        run.wait_for(UP)
        assert key == run.line("key")
        again = _post(run, webhooktype="4", phone="79000000000")
        assert {"status": "duplicate", "id": first["id"]} == again
        run.wait_for(first["id"])
        assert "Nothing is stored yet" not in run.output
    assert [(SAMPLES + 1,)] == query(tmp_path / STORED, "SELECT count(*) FROM events")


def test_settings(tmp_path: Path) -> None:
    """Settings come from the environment: the keys, the file's path, the topics' prefix."""
    key = "0123456789abcdef0123456789abcdef"
    settings = {
        "ENVYBOX_KEYS": f"shop={key}",
        "ENVYBOX_LOCAL_PATH": "data/events.db",
        "ENVYBOX_TOPIC_PREFIX": "test-",
    }
    with running(tmp_path, **settings) as run:
        run.wait_for("  published  ", SAMPLES)
        assert key == run.line("key")
    assert {"events.db"} == {file.name for file in (tmp_path / "data").iterdir()}
    rows = query(tmp_path / "data" / "events.db", "SELECT account, topic FROM events")
    assert ("shop", "test-lead-quiz") in rows


def test_other_lines(tmp_path: Path) -> None:
    """What a library prints is passed on as it is; the functions' routine lines are not."""
    with running(tmp_path, GUNICORN_LOG_LEVEL="info") as run:
        run.wait_for("  published  ", SAMPLES)
        run.wait_for("Booting worker", 2)
        assert "webhook: ok" not in run.output
        assert "recovered" not in run.output


def test_refusals_are_told(tmp_path: Path) -> None:
    """A webhook that was refused is told too."""
    with running(tmp_path) as run:
        run.wait_for("  published  ", SAMPLES)
        with pytest.raises(urllib.error.HTTPError) as refusal:
            _http.open(run.url, b"webhooktype=1&key=wrong")
        refusal.value.close()
        run.wait_for("WARNING  webhook: invalid_key")


def test_path_elsewhere(tmp_path: Path) -> None:
    """A file outside the folder is told by its whole path."""
    path = tmp_path / "data" / "events.db"
    (tmp_path / "here").mkdir()
    with running(tmp_path / "here", ENVYBOX_LOCAL_PATH=str(path)) as run:
        run.wait_for("  published  ", SAMPLES)
        assert f"in {path}, where they stay" in run.output
    assert path.exists()


def test_sample_not_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Samples that are not taken are told, and stop nothing."""
    run_module._send_samples(f"http://{LOOPBACK}:{free_port()}/", "key")
    assert "A sample was not taken: " in capsys.readouterr().out


def test_push(tmp_path: Path) -> None:
    """PUSH posts each message of a topic, also of what came while the subscriber was down."""
    port = free_port()
    push = (f"--push=call-result=http://localhost:{port}/",)
    with running(tmp_path, *push) as run:
        run.wait_for("  published  ", SAMPLES)
        run.wait_for("will be tried again")
    with subscriber(port) as listening, running(tmp_path, *push) as run:
        eventually(lambda: len(set(listening.events())) == 2)
        run.wait_for(UP)
        new = _post(run, webhooktype="1", call_id="77")["id"]
        _post(run, webhooktype="4", phone="79000000000")
        eventually(lambda: new in listening.events())
        envelope = listening.received[-1]
    stored = query(tmp_path / STORED, "SELECT id FROM events WHERE topic LIKE '%-call-result'")
    assert {event_id for (event_id,) in stored} == set(listening.events())
    assert "projects/local/subscriptions/" in envelope["subscription"]
    assert [(0,)] == query(tmp_path / STORED, "SELECT count(*) FROM deliveries")


def test_recovers(tmp_path: Path) -> None:
    """What was left pending is published, as if Cloud Scheduler had called."""

    async def leave_pending() -> None:
        async with opened(tmp_path / STORED) as backend:
            await backend.create(record("0" * 32, raw='[["webhooktype","1"]]'), timeout=5)

    asyncio.run(leave_pending())
    settings = {"ENVYBOX_RECOVER_AFTER_SECONDS": "0"}
    with running(tmp_path, "--recover-every=0.2", **settings) as run:
        run.wait_for("recover: published 1")
    assert [("published",)] == query(tmp_path / STORED, "SELECT state FROM events")


def test_drains_the_spool(tmp_path: Path) -> None:
    """A webhook in the spool is taken by `recover`, as by the spool's push subscription."""
    spooled = {
        "spool_version": 1,
        "account": "shop",
        "received_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "fields": [["webhooktype", "19"], ["phone", "79000000009"]],
    }

    async def spool() -> None:
        message = Message(data=json.dumps(spooled).encode(), attributes={})
        async with opened(tmp_path / STORED) as backend:
            await backend.publish("envybox-spool", message, timeout=5)

    with running(tmp_path) as run:
        run.wait_for("  published  ", SAMPLES)
        asyncio.run(spool())
        statement = "SELECT count(*) FROM events WHERE account = 'shop' AND state = 'published'"
        eventually(lambda: [(1,)] == query(tmp_path / STORED, statement))


@pytest.mark.parametrize("target", ["webhook", "recover"])
def test_function_dies(tmp_path: Path, target: str) -> None:
    """Where a function's process dies, all of it ends, and says so."""
    with running(tmp_path) as run:
        run.wait_for("  published  ", SAMPLES)
        for process in run.family(target):
            os.kill(process, signal.SIGKILL)
        assert 1 == run.wait()
        assert f"{target} ended by itself" in run.output
        assert "Traceback" not in run.output
        assert [] == run.family()


def test_make(tmp_path: Path) -> None:
    """`make run` passes PORT, BACKEND and PUSH on."""
    if shutil.which("make") is None and os.environ.get("CI") != "true":
        pytest.skip("install make")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PORT|$BACKEND|$PUSH|$*"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / ".installed").touch()
    given = ["PORT=81", "BACKEND=emulator", "PUSH=a=http://h/?b=1&c=2 d=http://h"]
    output = subprocess.check_output(
        ["make", "--silent", "run", *given], cwd=tmp_path, env=clean_environ(), text=True
    )
    assert "81|emulator|a=http://h/?b=1&c=2 d=http://h|-m envybox.tools.run\n" == output


@pytest.mark.emulator
def test_emulators(tmp_path: Path, emulators_installed: None) -> None:  # noqa: ARG001
    """On the emulators it is the same: samples come in, PUSH delivers, all ends cleanly."""
    with subscriber() as listening:
        push = f"--push=call-result={listening.url}"
        with running(tmp_path, "--backend=emulator", push) as run:
            run.wait_for("  published  ", SAMPLES)
            eventually(lambda: len(set(listening.events())) == 2)
            answer = _post(run, webhooktype="1", call_id="77")
            assert "published" == answer["status"]
            eventually(lambda: answer["id"] in listening.events())
            assert 2 == len(run.family("java"))
            assert 0 == run.stop()
            assert [] == run.family()
            assert "Traceback" not in run.output
    assert not (tmp_path / STORED).exists()
