"""The commands, each imported when it is called."""

from __future__ import annotations

from collections.abc import Callable

from envybox.operator.group import Command


def _event() -> Command:
    from envybox.operator.commands.event import event

    return event


def _events() -> Command:
    from envybox.operator.commands.events import events

    return events


def _replay() -> Command:
    from envybox.operator.commands.replay import replay

    return replay


def _listen() -> Command:
    from envybox.operator.commands.listen import listen

    return listen


def _send() -> Command:
    from envybox.operator.commands.send import send

    return send


def _export() -> Command:
    from envybox.operator.commands.export import export

    return export


def _renormalize() -> Command:
    from envybox.operator.commands.renormalize import renormalize

    return renormalize


def _erase() -> Command:
    from envybox.operator.commands.erase import erase

    return erase


def _pending() -> Command:
    from envybox.operator.commands.pending import pending

    return pending


def _spool() -> Command:
    from envybox.operator.commands.spool import spool

    return spool


def _keys() -> Command:
    from envybox.operator.commands.keys import keys

    return keys


def _console() -> Command:
    from envybox.operator.commands.console import console

    return console


def _stats() -> Command:
    from envybox.operator.commands.stats import stats

    return stats


def _dead() -> Command:
    from envybox.operator.commands.dead import dead

    return dead


def _doctor() -> Command:
    from envybox.operator.commands.doctor import doctor

    return doctor


LOADERS: dict[str, tuple[Callable[[], Command], str]] = {
    "send": (_send, "Send lifelike webhooks: of types, or a `call` as it happens (the default)."),
    "listen": (
        _listen,
        "Follow what is published, until Ctrl-C; and post it on, as a push subscription would.",
    ),
    "events": (_events, "List events, the newest first."),
    "event": (_event, "Show one event whole: as received, as normalized, and how far it came."),
    "replay": (
        _replay,
        "Send stored events again, the oldest first: to one endpoint, or to their topics.",
    ),
    "export": (_export, "Write events to a file: xlsx for Excel, csv, jsonl or parquet."),
    "renormalize": (
        _renormalize,
        "Make events anew from `raw`, after an upgrade; publish nothing.",
    ),
    "erase": (
        _erase,
        "Remove a person's data from the stored events, after showing what was found.",
    ),
    "pending": (
        _pending,
        "Show what is stored and not published yet, the oldest first; exit status 1 if it is late.",
    ),
    "spool": (
        _spool,
        "Show how many webhooks wait in the spool, and since when; exit status 1 if they are late.",
    ),
    "keys": (_keys, "Make a key (new), check the accepted ones, or show their fingerprints."),
    "stats": (
        _stats,
        "Count events, leads, calls and chats: by type, state, site, source, campaign and hour.",
    ),
    "dead": (_dead, "Show dead letters: of a subscription, or in which there are any."),
    "doctor": (
        _doctor,
        "Check a deployment from end to end; exit status 1 where something is wrong.",
    ),
    "console": (_console, "Serve a page on this machine that shows what comes in, and open it."),
}
"""Imported when they are called: `envybox --help` has to be there at once."""
