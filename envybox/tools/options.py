"""What `make run` is told: arguments, or else variables of the environment."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from envybox.errors import SettingsError
from envybox.tools.push import Push
from envybox.types import TYPES, dead_letter_topic, spool_topic, topic_of


class Options(NamedTuple):
    """`push`: pairs of a topic, as it was given, and a URL. `recover_every`: seconds."""

    backend: str
    port: int
    push: list[str]
    recover_every: float


def parse(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Options:
    """Return the options. Raises `SettingsError`, which names the variable."""
    parser = argparse.ArgumentParser(
        prog="python -m envybox.tools.run",
        description="Run the receiver on this machine, with all that it needs.",
    )
    parser.add_argument(
        "--backend",
        default=environ.get("BACKEND") or "local",
        help="`local`: a SQLite file; `emulator`: Google's emulators (or BACKEND=; %(default)s)",
    )
    parser.add_argument(
        "--port", default=environ.get("PORT") or "8080", help="or PORT=; %(default)s"
    )
    parser.add_argument(
        "--push",
        action="append",
        default=environ.get("PUSH", "").split(),
        metavar="TOPIC=URL",
        help="post the topic's messages to the URL, as a Pub/Sub push; repeatable, or PUSH=",
    )
    parser.add_argument(
        "--recover-every", default="60", metavar="SECONDS", help="pause between runs of recover"
    )
    given = parser.parse_args(arguments)
    if given.backend not in ("local", "emulator"):
        raise SettingsError("BACKEND", f"{given.backend!r} is not `local` or `emulator`.")
    return Options(
        backend=given.backend,
        port=_port(given.port),
        push=given.push,
        recover_every=_seconds("--recover-every", given.recover_every),
    )


def parse_push(given: Sequence[str], prefix: str) -> list[Push]:
    """Return what is to be pushed where. Raises `SettingsError`, which lists the topics."""
    topics = [topic_of(prefix, row.type) for row in TYPES]
    topics += [spool_topic(prefix), dead_letter_topic(prefix)]
    pushes = []
    for text in given:
        name, _, url = text.partition("=")
        topic = name if name in topics else prefix + name
        if topic not in topics:
            known = ", ".join(topic.removeprefix(prefix) for topic in topics)
            raise SettingsError("PUSH", f"{name!r} is not a topic. The topics: {known}.")
        if not _is_http(url):
            raise SettingsError(
                "PUSH", f"{text!r} has no URL: it takes `{name}=http://localhost:9000`."
            )
        pushes.append(Push(topic, url))
    return list(dict.fromkeys(pushes))


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise SettingsError("PORT", f"{text!r} cannot be used: it takes a number, 1 to 65535.")
    return int(text)


def _seconds(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0.1 <= number <= 86400:
        raise SettingsError(name, f"{text!r} cannot be used: it takes seconds, 0.1 to 86400.")
    return number
