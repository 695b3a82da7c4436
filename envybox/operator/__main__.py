"""The program `envybox`."""

from __future__ import annotations

import os
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


def _send() -> Command:
    from envybox.operator.commands.send import send

    return send


LOADERS: dict[str, tuple[Callable[[], Command], str]] = {
    "send": (_send, "Send webhooks to the receiver, as Envybox would."),
    "events": (_events, "List events, the newest first."),
    "event": (_event, "Show one event whole, and the story of its call."),
    "replay": (_replay, "Send events again, to one endpoint or to their topics."),
    "console": (_console, "Serve a page on this machine that shows what comes in."),
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
@click.option("--no-color", is_flag=True, help="No colours. [NO_COLOR]")
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
    no_color: bool,
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
    if no_color or os.environ.get("NO_COLOR"):
        context.color = False


def main() -> None:
    """Run the program, and end with its exit status."""
    cli(prog_name="envybox")


if __name__ == "__main__":
    main()
