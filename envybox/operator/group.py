"""What all commands share: they are imported when they are called, and fail alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from envybox.errors import EnvyboxError

INTERRUPTED = 130
"""The exit status after Ctrl-C, as the shell has it."""


class Command(click.Command):
    """A command that has an example, which errors of usage show."""

    def __init__(self, name: str | None, *, example: str, **kwargs: Any) -> None:
        super().__init__(name, epilog=f"Example: {example}", **kwargs)
        self.example = example

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return what the command takes: the program's own options after its name too."""
        program = ctx.find_root().command
        shared = program.params if isinstance(program, Commands) else []
        return [*super().get_params(ctx), *map(_after, shared)]


def setting_of(option: str) -> str:
    """Return the setting that an option of the program sets: `local_path`, `ENVYBOX_LOCAL_PATH`."""
    return "GOOGLE_CLOUD_PROJECT" if option == "project" else f"ENVYBOX_{option.upper()}"


def _after(option: click.Parameter) -> click.Option:
    return click.Option(
        option.opts, type=option.type, hidden=True, expose_value=False, callback=_taken
    )


def _taken(ctx: click.Context, option: click.Parameter, text: str | None) -> None:
    if text is not None:
        ctx.obj.give(setting_of(str(option.name)), text)


class Commands(click.Group):
    """A group whose commands are imported when they are needed.

    `loaders`: name → what imports the command, and its help in short.
    """

    def __init__(
        self, *args: Any, loaders: dict[str, tuple[Callable[[], Command], str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.loaders = loaders

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Return the commands' names, in the order of the table."""
        return list(self.loaders)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import a command."""
        return self.loaders[cmd_name][0]() if cmd_name in self.loaders else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in self.loaders.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; errors of ours become click's, which have an exit status."""
        try:
            return super().invoke(ctx)
        except EnvyboxError as error:
            raise click.ClickException(str(error)) from error
        except click.UsageError as error:
            command = error.ctx and error.ctx.command
            if not isinstance(command, Command):
                raise
            text = f"{error.format_message()}\nExample: {command.example}"
            raise click.UsageError(text, error.ctx) from error
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)
