"""The program `envybox`."""

from __future__ import annotations

import click

from envybox.operator.group import Commands, setting_of
from envybox.operator.loaders import LOADERS
from envybox.operator.place import Place


@click.group(
    cls=Commands,
    loaders=LOADERS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Options have the settings' environment variables as defaults, and may stand after the "
    "command too. Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.",
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
def cli(context: click.Context, /, **given: str | None) -> None:
    """See what Envybox sent, find what is stuck, send it on again."""
    context.obj = Place({setting_of(name): text for name, text in given.items()})


def main() -> None:
    """Run the program, and end with its exit status."""
    cli(prog_name="envybox")


if __name__ == "__main__":
    main()
