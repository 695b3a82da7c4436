"""`make run`: the receiver on this machine, with all that it needs, until Ctrl-C.

It serves both functions as in production, on the embedded backend or on Google's
emulators; calls `recover` as Cloud Scheduler would; sends samples where the store is
empty; and tells what comes in, a line an event, and as a page: the console, a process of its
own beside the functions, so that nothing it does holds them up.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import sqlite3
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote_plus

from envybox import settings
from envybox.errors import EnvyboxError, SettingsError
from envybox.local import open_backend
from envybox.local.database import connect
from envybox.receiver import keys, logs
from envybox.settings import Settings
from envybox.tools import children, emulators, samples
from envybox.tools.interrupt import INTERRUPT
from envybox.tools.options import Options, parse, parse_push
from envybox.tools.push import Dispatcher, Push
from envybox.types import spool_topic

PROJECT = "demo-envybox"
SPOOL = "spool-recover"


def main(arguments: Sequence[str]) -> int:
    """Run until Ctrl-C; return the exit status: 1 where it could not run."""
    INTERRUPT.install()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a letter it does not have
    status = 1
    try:
        with contextlib.ExitStack() as stack:
            _run(parse(arguments), stack)
    except KeyboardInterrupt:
        say("Ended.")
        status = 0
    except EnvyboxError as error:
        print(error, file=sys.stderr, flush=True)
    _let_go_of_output()
    return status


def _run(options: Options, stack: contextlib.ExitStack) -> None:
    if not children.MAIN.exists():
        raise children.ChildFailed(
            f"{children.MAIN} is not there. Run this in a checkout (`make run`)."
        )
    config = settings.load({**os.environ, "ENVYBOX_BACKEND": "local"})
    pushes = parse_push(options.push, config.topic_prefix)
    _check_port(options.port)
    open_backend(config)  # checks the path, makes the directory
    database = Path(config.local_path).absolute()
    key, environ = _keys(config, database)
    environ["ENVYBOX_LOCAL_PATH"] = str(database)
    recover_port = emulators.free_port()
    recover_url = f"http://{emulators.LOOPBACK}:{recover_port}/"
    spool = Push(spool_topic(config.topic_prefix), recover_url)

    if options.backend == "local":
        environ["ENVYBOX_BACKEND"] = "local"
        empty = _local(database, pushes, spool, stack)
        where = f"{_short(database)}, where they stay"
    else:
        where = _emulators(environ, config, [*pushes, spool], stack)
        empty = True

    def child(target: str, port: int) -> children.Child:
        return stack.enter_context(children.running(target, port, environ, _tell))

    url = f"http://localhost:{options.port}/"
    receiver, recover = child("webhook", options.port), child("recover", recover_port)
    page: children.Child | None = stack.enter_context(
        children.console(_next_free(options.port), url, environ, _tell_of_console)
    )
    receiver.wait_until_up()
    say(_account(url, key, where, pushes))
    ended = threading.Event()
    stack.callback(ended.set)
    schedule = (recover, options.recover_every, ended)
    threading.Thread(target=_schedule, args=schedule, daemon=True).start()
    if empty:
        say("Nothing is stored yet: here are a few samples.")
        _send_samples(receiver.url, key)
    while not ended.wait(0.5):  # until a signal, or one of them ends
        page = _checked((receiver, recover), page)


def _check_port(port: int) -> None:
    try:
        free = emulators.is_free(port)
    except PermissionError as error:
        problem = f"{port} is not for this user to open. Take one from 1024 up: PORT=8081."
        raise SettingsError("PORT", problem) from error
    if not free:
        raise SettingsError(
            "PORT", f"{port} is in use. End what uses it, or take another: PORT=8081."
        )


def _next_free(port: int) -> int:
    return next((p for p in range(port + 1, 65536) if emulators.is_free(p)), emulators.free_port())


def _checked(
    functions: Iterable[children.Child], page: children.Child | None
) -> children.Child | None:
    """Raise `ChildFailed` where a function ended; return the console, None where that did."""
    for function in functions:
        function.check()
    if page is None:
        return None
    try:
        page.check()
    except children.ChildFailed as error:
        say(f"{error} The receiver goes on without it.")
        return None
    return page


def _keys(config: Settings, database: Path) -> tuple[str, dict[str, str]]:
    """Return a key to send with, and the children's environment, which accepts it."""
    environ = dict(os.environ)
    if config.keys.strip(" ,\t\r\n"):
        return next(iter(keys.parse(config.keys, "ENVYBOX_KEYS"))), environ
    file = Path(config.keys_file or database.with_suffix(".key"))
    if not config.keys_file:
        _make_key(file)
    environ["ENVYBOX_KEYS_FILE"] = str(file)
    try:
        accepted = keys.parse(file.read_text("utf-8"), "ENVYBOX_KEYS_FILE")
    except (OSError, ValueError) as error:
        raise SettingsError("ENVYBOX_KEYS_FILE", f"{file} cannot be read: {error}") from error
    if not accepted:
        raise SettingsError("ENVYBOX_KEYS_FILE", f"there is no key in {file}.")
    return next(iter(accepted)), environ


def _make_key(file: Path) -> None:
    """Make a key that lasts, for its owner alone to read. A file that is there is kept."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise SettingsError("ENVYBOX_KEYS_FILE", f"{file} cannot be made: {error}") from error
    with os.fdopen(descriptor, "w") as key:
        key.write(secrets.token_hex(16) + "\n")


def _local(
    database: Path, pushes: Sequence[Push], spool: Push, stack: contextlib.ExitStack
) -> bool:
    """Open the file and begin to push; return whether no event is stored yet."""
    path = str(database)
    try:
        with contextlib.closing(connect(path, wait=5)) as db:
            stored = db.execute("SELECT EXISTS (SELECT 1 FROM events)").fetchone()[0]
        for push in pushes:
            stack.callback(Dispatcher(path, push, push.name, say).stop)
        # Its URL is another at each start: a name of its own keeps its place.
        stack.callback(Dispatcher(path, spool, SPOOL, say).stop)
    except sqlite3.Error as error:
        raise SettingsError("ENVYBOX_LOCAL_PATH", f"{path}: {error}.") from error
    return not stored


def _emulators(
    environ: dict[str, str], config: Settings, pushes: Sequence[Push], stack: contextlib.ExitStack
) -> str:
    """Start the emulators, make topics and subscriptions; return what the account tells."""
    project = config.project or PROJECT
    emulators.check_installed()
    say("Starting the Firestore and Pub/Sub emulators ...")
    firestore, pubsub = stack.enter_context(emulators.both())
    emulators.create_topics(pubsub, project, config.topic_prefix)
    for push in pushes:
        emulators.create_push_subscription(pubsub, project, push.name, push.topic, push.url)
    environ["ENVYBOX_BACKEND"] = "google"
    environ["FIRESTORE_EMULATOR_HOST"] = firestore
    environ["PUBSUB_EMULATOR_HOST"] = pubsub
    environ["GOOGLE_CLOUD_PROJECT"] = project
    return f"the emulators (Firestore {firestore}, Pub/Sub {pubsub}, {project}), until Ctrl-C"


def _send_samples(url: str, key: str) -> None:
    try:
        samples.send(url, key)
    except OSError as error:
        say(f"A sample was not taken: {error}")


def _account(url: str, key: str, where: str, pushes: Sequence[Push]) -> str:
    state = quote_plus("Заказ звонка")  # so that it can be pasted in any terminal
    curl = (
        f"curl {url} -d webhooktype=1 -d phone=79000000000 -d site=example.com"
        f" -d call_state={state} -d key={key}"
    )
    rows = [
        f"The receiver is up: {url}",
        f"  key     {key}",
        f"  events  in {where}",
        *(f"  push    {push.topic} to {push.url}" for push in pushes),
        f"  try     {curl}",
        "Ctrl-C ends it.",
    ]
    return "\n".join(rows)


def _schedule(recover: children.Child, seconds: float, ended: threading.Event) -> None:
    """Call `recover` now and then, as Cloud Scheduler does."""
    with contextlib.suppress(children.ChildFailed):  # the main thread sees it too
        while not ended.is_set():
            answer = recover.wait_until_up(b"{}")
            with contextlib.suppress(ValueError):  # not its own: the log tells
                report = json.loads(answer)
                if report.get("published") or report.get("failed"):
                    say("recover: " + ", ".join(f"{name} {n}" for name, n in report.items()))
            ended.wait(seconds)


def _tell(line: str) -> None:
    """Print a line of the receiver's log as a person reads it; routine is left out."""
    try:
        entry = json.loads(line)
        routine = "event_id" not in entry and entry["severity"] == "INFO"
        text = logs.readable(entry)
    except (ValueError, TypeError, KeyError):  # not of our log: a library's
        say(line)
    else:
        if not routine:
            say(text)


def _tell_of_console(line: str) -> None:
    """Print what the console prints, but where it looks, which the account has told."""
    if not line.startswith(("embedded:", "emulators:")):
        say(line)


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


_printing = threading.Lock()


def say(text: str) -> None:
    """Print, one thread at a time. What cannot be written ends nothing."""
    with _printing, contextlib.suppress(OSError):
        print(text, flush=True)


def _let_go_of_output() -> None:
    """Drop what could not be written, which Python would try once more at its end, and tell."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
