"""`make demo`: the receiver, the five functions and stand-ins of the services, on this machine.

It sends a call's story, a chat and a quiz, one of them twice, with things going wrong on the
way, and shows what arrived where. Nothing leaves the machine, and nothing is left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from envybox.local import open_backend
from envybox.local.database import connect
from envybox.settings import load
from envybox.tools import children, samples
from envybox.tools.emulators import LOOPBACK, free_port
from envybox.tools.push import Dispatcher, Push
from envybox.types import topic_of
from examples import shown
from examples.standins.amocrm import AmoCrm
from examples.standins.analytics import Ga4, Metrica
from examples.standins.bitrix24 import Bitrix24
from examples.standins.recordings import MP3, Recordings
from examples.standins.server import HTML, Fault, Reply
from examples.standins.storage import Storage
from examples.standins.telegram import Telegram

ROOT = Path(__file__).parents[1]
CHAT = -1001234567890
TYPES = ("call.started", "call.info", "call.result", "chat.online", "lead.quiz")
LONGEST_SECONDS = 90.0
RECORDING = "/user/calls/9000001/play/8a/"


class Standins(NamedTuple):
    """The services."""

    telegram: Telegram
    bitrix24: Bitrix24
    amocrm: AmoCrm
    recordings: Recordings
    storage: Storage
    ga4: Ga4
    metrica: Metrica

    def settings(self) -> dict[str, dict[str, str]]:
        """Return each function's settings, as its README tells them."""
        return {
            "telegram": {
                "TELEGRAM_TOKEN": self.telegram.token,
                "TELEGRAM_CHATS": str(CHAT),
                "TELEGRAM_API": self.telegram.url,
            },
            "bitrix24": {"BITRIX24_WEBHOOK_URL": self.bitrix24.webhook},
            "amocrm": {"AMOCRM_DOMAIN": self.amocrm.url, "AMOCRM_TOKEN": self.amocrm.token},
            "recordings": {
                "RECORDINGS_BUCKET": self.storage.bucket,
                "RECORDINGS_HOSTS": self.recordings.url.removeprefix("http://"),
                "STORAGE_EMULATOR_HOST": self.storage.url,
            },
            "conversions": {
                "CONVERSIONS_CONSENT": "granted",
                "GA4_MEASUREMENT_ID": "G-DEMO",
                "GA4_API_SECRET": "demo",
                "GA4_API": self.ga4.url,
                "METRICA_COUNTER": "1",
                "METRICA_TOKEN": self.metrica.token,
                "METRICA_API": self.metrica.url,
            },
        }

    def go_wrong(self) -> None:
        """Order what goes wrong: each of it is borne."""
        busy = Reply(503, {"error": "QUERY_LIMIT_EXCEEDED"})
        self.bitrix24.faults.append(Fault("crm.item.add.json", busy))
        self.amocrm.faults.append(Fault("/leads/unsorted/sip", None, effect=True))
        self.telegram.faults.append(Fault("sendMessage", Reply(502, HTML)))
        later = [Reply(404, b"not yet"), Reply(200, MP3)]
        self.recordings.replies[RECORDING] = later


def main() -> int:
    """Run it; return 0 where all arrived."""
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="envybox-demo-")))
        standins = Standins(
            telegram=Telegram("1:demo"),
            bitrix24=Bitrix24(),
            amocrm=AmoCrm("demo"),
            recordings=Recordings(),
            storage=Storage("recordings"),
            ga4=Ga4(),
            metrica=Metrica("demo", time.time),
        )
        for standin in standins:
            stack.enter_context(standin)
        standins.go_wrong()
        key = secrets.token_hex(16)
        database = folder / "envybox.db"
        environ = {
            **{name: value for name, value in os.environ.items() if "ENVYBOX" not in name},
            "ENVYBOX_BACKEND": "local",
            "ENVYBOX_LOCAL_PATH": str(database),
            "ENVYBOX_KEYS": key,
            "PYTHONPATH": str(ROOT),
        }
        say("Starting the receiver and five functions ...")
        open_backend(load(environ))
        connect(str(database), wait=5).close()
        port = free_port()
        stack.enter_context(children.running("webhook", port, environ, lambda _: None))
        urls = {
            name: stack.enter_context(_function(name, {**environ, **given}, folder))
            for name, given in standins.settings().items()
        }
        for url in (f"http://{LOOPBACK}:{port}/", *urls.values()):
            _wait_until_up(url)
        for name, url in urls.items():
            for type_ in TYPES:
                push = Push(topic_of("envybox-", type_), url)
                stack.callback(Dispatcher(str(database), push, f"{name}-{type_}", _quiet).stop)
        webhooks = _webhooks(standins.recordings.url + RECORDING)
        for title, fields in webhooks:
            say(f"  sent: {title}")
            _send(f"http://{LOOPBACK}:{port}/", {**fields, "key": key})
        arrived = _wait(lambda: _is_done(database, len(urls), len(webhooks) - 1))
        shown.show(standins, CHAT, say)
        said = "All of it arrived" if arrived else "NOT all of it arrived"
        say(f"\n{said}, in {time.monotonic() - started:.0f} s from the start.")
        return 0 if arrived else 1


def _webhooks(recording: str) -> list[tuple[str, dict[str, str]]]:
    """Return the webhooks to send, each with what it is: a call out of order and with a repeat."""
    by_type: dict[str, dict[str, str]] = {}
    now = f"{datetime.now(ZoneInfo('Europe/Moscow')):%Y-%m-%d %H:%M:%S}"
    for fields in samples.load()[1:]:  # the first is the help page's, of a call of its own
        times = {name: now for name in ("called_at", "created_at") if fields.get(name)}
        by_type.setdefault(fields["webhooktype"], {**fields, **times})
    call = {name: by_type["7"][name] for name in ("call_id", "phone", "visitor_id")}
    missed = {"call_state": "Оператор не взял трубку", "call_record": "", "call_duration": "0"}
    ordered = {**by_type["1"], **call, "called_at": by_type["7"]["called_at"]}
    talked = {**by_type["2"], "call_record": recording}
    return [
        ("7   a call starts", by_type["7"]),
        ("1   a call-back is ordered (before the 2 that it follows)", ordered),
        ("2   the operator did not answer", {**by_type["2"], **missed}),
        ("2   they talked, a minute later, with a recording", talked),
        ("2   the same once more", talked),
        ("12  a chat ends", by_type["12"]),
        ("19  a quiz is filled in", by_type["19"]),
    ]


@contextlib.contextmanager
def _function(name: str, environ: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Run an example as functions-framework does in the cloud; give its URL."""
    port = free_port()
    source = str(ROOT / "examples" / name / "main.py")
    command = [sys.executable, "-m", "functions_framework", "--source", source]
    command += ["--target", "main", "--host", LOOPBACK, "--port", str(port)]
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - the project's own
            command,
            env={**environ, "XDG_RUNTIME_DIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield f"http://{LOOPBACK}:{port}/"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_up(url: str) -> None:
    def is_up() -> bool:
        try:
            _http.open(url, timeout=10).close()
        except urllib.error.HTTPError:
            return True  # it answers: no event in a GET
        except OSError:
            return False
        return True

    if not _wait(is_up):
        sys.exit(f"{url} did not start within {LONGEST_SECONDS:.0f} seconds.")


def _is_done(database: Path, functions: int, events: int) -> bool:
    """Return whether each function has done each event: nothing is left to deliver."""
    with contextlib.closing(connect(str(database), wait=5)) as db:
        (sent,) = db.execute("SELECT count(*) FROM messages").fetchone()
        (left,) = db.execute("SELECT count(*) FROM deliveries").fetchone()
        (behind,) = db.execute(
            "SELECT count(*) FROM subscriptions JOIN messages USING (topic) "
            "WHERE sequence > position"
        ).fetchone()
        (all_,) = db.execute("SELECT count(*) FROM subscriptions").fetchone()
    return (sent, left, behind, all_) == (events, 0, 0, functions * len(TYPES))


def _wait(is_done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LONGEST_SECONDS
    pause = threading.Event()
    while not is_done():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.1)
    return True


def _send(url: str, fields: dict[str, str]) -> None:
    with _http.open(url, urlencode(fields).encode(), timeout=10) as answer:
        json.load(answer)


_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _quiet(_: str) -> None:
    """Say nothing of what fails on the way: it is ordered, and is tried again."""


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
