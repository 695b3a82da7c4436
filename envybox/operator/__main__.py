"""The program `envybox`."""

from __future__ import annotations

from collections.abc import Callable

import click

from envybox.operator.group import Command, Commands
from envybox.operator.place import Place


def _console() -> Command:
    from envybox.operator.commands.console import console

    return console


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
    "console": (_console, "Serve a page on this machine that shows what comes in, and open it."),
}
"""Imported when they are called: `envybox --help` has to be there at once."""


@click.group(
    cls=Commands,
    loaders=LOADERS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Options have the settings' environment variables as defaults. Exit status: 0 done, "
    "1 failed, 2 wrong usage, 130 interrupted.",
)
@click.option(
    "--backend",
    type=click.Choice(["google", "local"]),
    help="Google (or its emulators), or the embedded file. [ENVYBOX_BACKEND]",
)
@click.option("--project", metavar="ID", help="The Google Cloud project. [GOOGLE_CLOUD_PROJECT]")
@click.option("--database", metavar="NAME", help="The Firestore database. [ENVYBOX_DATABASE]")
@click.option("--collection", metavar="NAME", help="The collection. [ENVYBOX_COLLECTION]")
@click.option(
    "--topic-prefix", metavar="TEXT", help="What topics begin with. [ENVYBOX_TOPIC_PREFIX]"
)
@click.option("--local-path", metavar="FILE", help="The embedded file. [ENVYBOX_LOCAL_PATH]")
@click.pass_context
def cli(
    context: click.Context,
    *,
    backend: str | None,
    project: str | None,
    database: str | None,
    collection: str | None,
    topic_prefix: str | None,
    local_path: str | None,
) -> None:
    """See what Envybox sent, find what is stuck, send it on again."""
    context.obj = Place(
        {
            "ENVYBOX_BACKEND": backend,
            "GOOGLE_CLOUD_PROJECT": project,
            "ENVYBOX_DATABASE": database,
            "ENVYBOX_COLLECTION": collection,
            "ENVYBOX_TOPIC_PREFIX": topic_prefix,
            "ENVYBOX_LOCAL_PATH": local_path,
        }
    )


def main() -> None:
    """Run the program, and end with its exit status."""
    cli(prog_name="envybox")


if __name__ == "__main__":
    main()
