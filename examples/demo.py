"""`make demo`: the receiver, the five functions and stand-ins of the services, on this machine.

It sends a call's story, a chat and a quiz, one of them twice, with things going wrong on the
way, and shows what arrived where: in the terminal, on a page, and in the console what was
received. At a terminal it then goes on until Ctrl-C, so that more can be sent; elsewhere it
ends. Nothing leaves the machine, and nothing is left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from envybox.errors import EnvyboxError
from envybox.local import open_backend
from envybox.local.database import connect
from envybox.settings import load
from envybox.tools import samples
from envybox.tools.children import Child, framework
from envybox.tools.emulators import free_port
from envybox.tools.interrupt import INTERRUPT
from envybox.tools.push import Dispatcher, Push
from envybox.tools.run import say
from envybox.types import TYPES, topic_of
from examples.shown import Arrived, sections, text
from examples.standins.together import CHAT, RECORDING, Standins

ROOT = Path(__file__).parents[1]
LONGEST_SECONDS = 90.0
_TURNS = "another run has this key"
"""Events of one call take turns, and here come at once; in the cloud they come in order."""


class Running(NamedTuple):
    """What runs: where the receiver and its store are, and all processes."""

    standins: Standins
    receiver: str
    key: str
    database: Path
    processes: list[Child]
    told: Told


class Told:
    """Says what the functions log. `all_of_it`: not only what goes wrong."""

    def __init__(self) -> None:
        self.all_of_it = False

    def by(self, name: str) -> Callable[[str], None]:
        """Return what takes the lines of one function."""

        def take(line: str) -> None:
            with contextlib.suppress(ValueError, TypeError, KeyError):  # no line of ours
                entry: dict[str, Any] = json.loads(line)
                done, said = entry["status"] < 300, entry["message"]
                if self.all_of_it or not (done or _TURNS in said):
                    again = "" if done else "; it comes again"
                    say(f"    {name:<12} {entry['type']:<12} {said}{again}")

        return take


def main() -> int:
    """Run it; return 0 where all arrived."""
    INTERRUPT.install()
    try:
        with contextlib.ExitStack() as stack:
            return _run(stack)
    except KeyboardInterrupt:
        say("Ended; nothing of it is left.")
        return 0
    except EnvyboxError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(stack: contextlib.ExitStack) -> int:
    started = time.monotonic()
    say("Starting the receiver, the console and five functions ...")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="envybox-demo-")))
    console = f"http://localhost:{free_port()}/"
    running = _start(stack, folder, console)
    standins = running.standins
    arrived_page = Arrived(lambda: sections(standins, CHAT), console)
    stack.enter_context(arrived_page)
    say(f"  the receiver          {running.receiver}  key {running.key}")
    say(f"  what it received      {console}  (the console, with a form to send more)")
    say(f"  what arrived where    {arrived_page.url}/")
    say("\nWhat is sent, and what goes wrong with it on the way:")
    standins.go_wrong()
    webhooks = _webhooks(standins.recordings.url + RECORDING)
    for title, fields in webhooks:
        say(f"  {title}")
        _send(running.receiver, {**fields, "key": running.key})
    arrived = _wait(lambda: _is_done(running.database, len(webhooks) - 1))
    for section in sections(standins, CHAT):
        say(text(section))
    said = "All of it arrived" if arrived else "NOT all of it arrived"
    say(f"\n{said}, in {time.monotonic() - started:.0f} s from the start.")
    if sys.stdout.isatty():  # somebody watches
        _go_on(running, console, f"{arrived_page.url}/")
    return 0 if arrived else 1


def _go_on(running: Running, console: str, arrived: str) -> None:
    """Let more be sent, until Ctrl-C."""
    running.told.all_of_it = True
    say(f"Look at {console} and {arrived}; send more by the console's form. Ctrl-C ends it.")
    pause = threading.Event()
    while not pause.wait(0.5):
        for process in running.processes:
            process.check()


def _start(stack: contextlib.ExitStack, folder: Path, console: str) -> Running:
    """Start all of it, and wait until it is up. Raises `ChildFailed`."""
    standins = Standins.made()
    for standin in standins:
        stack.enter_context(standin)
    key = secrets.token_hex(16)
    database = folder / "envybox.db"
    environ = {
        **{name: value for name, value in os.environ.items() if "ENVYBOX" not in name},
        "ENVYBOX_BACKEND": "local",
        "ENVYBOX_LOCAL_PATH": str(database),
        "ENVYBOX_KEYS": key,
        "PYTHONPATH": str(ROOT),
    }
    open_backend(load(environ))
    connect(str(database), wait=5).close()
    told = Told()

    processes: list[Child] = []
    stack.callback(_stop, processes)

    def start(name: str, command: list[str], port: int, environ: dict[str, str]) -> Child:
        child = Child(name, command, port, told.by(name))
        processes.append(child)
        runtime = folder / f"{name}.run"  # gunicorn makes a control socket there
        runtime.mkdir(mode=0o700)
        child.start({**environ, "XDG_RUNTIME_DIR": str(runtime)})
        return child

    port = free_port()
    receiver = start("receiver", framework("webhook", port), port, environ)
    functions = []
    for name, given in standins.settings(console).items():
        source, port = ROOT / "examples" / name / "main.py", free_port()
        command = framework("main", port, source)
        functions.append(start(name, command, port, {**environ, **given}))
    command = [sys.executable, "-m", "envybox.operator", "console", "--no-open"]
    command += ["--port", str(urlsplit(console).port), "--receiver", receiver.url]
    start("console", command, urlsplit(console).port or 0, environ)
    for process in processes:
        process.wait_until_up()
    for function in functions:
        for row in TYPES:
            push = Push(topic_of("envybox-", row.type), function.url)
            name = f"{function.name}-{row.type}"
            stack.callback(Dispatcher(str(database), push, name, _quiet).stop)
    return Running(standins, receiver.url, key, database, processes, told)


def _stop(processes: list[Child]) -> None:
    """End all at the same time: each takes a second to finish."""
    with ThreadPoolExecutor(len(processes) or 1) as pool:
        list(pool.map(Child.stop, processes))


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


def _is_done(database: Path, events: int) -> bool:
    """Return whether each function has done each event: nothing is left to deliver."""
    with contextlib.closing(connect(str(database), wait=5)) as db:
        (sent,) = db.execute("SELECT count(*) FROM messages").fetchone()
        (left,) = db.execute("SELECT count(*) FROM deliveries").fetchone()
        (behind,) = db.execute(
            "SELECT count(*) FROM subscriptions JOIN messages USING (topic) "
            "WHERE sequence > position"
        ).fetchone()
    return (sent, left, behind) == (events, 0, 0)


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
    """Say nothing of what fails on the way: the function itself tells it."""


if __name__ == "__main__":
    sys.exit(main())
