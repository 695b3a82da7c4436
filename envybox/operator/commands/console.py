"""`envybox console`: the page that shows what comes in."""

from __future__ import annotations

import ipaddress
import socket
import sys
import webbrowser

import click

from envybox.operator.group import Command
from envybox.operator.place import Place, say

LOOPBACK = "127.0.0.1"


@click.command(cls=Command, example="envybox console --receiver http://localhost:8080/")
@click.option(
    "--host",
    default=LOOPBACK,
    show_default=True,
    help="The address to listen on. Any but this machine's own takes the token too.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="The port. [default: 8090, or the next one that is free]",
)
@click.option("--no-open", is_flag=True, help="Open no browser.")
@click.option(
    "--receiver",
    default="",
    metavar="URL",
    help="Where the receiver is: for the page that sends, and for `curl`.",
)
@click.pass_obj
def console(place: Place, *, host: str, port: int | None, no_open: bool, receiver: str) -> None:
    """Serve a page on this machine that shows what comes in, and open it.

    On a deployed project it takes a token, which is in the link that is printed, and changes
    nothing but by replays. Ctrl-C ends it.
    """
    from envybox.operator.console.desk import Desk
    from envybox.operator.console.serve import new_token, server
    from envybox.operator.push import endpoint

    desk = Desk.of(place, endpoint(receiver) if receiver else "")
    chosen = port or free_port(host)
    token = new_token() if desk.deployed or not is_loopback(host) else ""
    # With a token no name: another user of the machine may listen on [::1] under `localhost`.
    plain = is_loopback(host) and not token
    name = "localhost" if plain else f"[{host}]" if ":" in host else host
    url = f"http://{name}:{chosen}/" + (f"?token={token}" if token else "")
    serving = server(desk, host, chosen, token=token)
    serving.when_up = lambda: _tell(url, open_it=not no_open)
    try:
        serving.run()
    except SystemExit as error:  # uvicorn told why it cannot listen
        raise click.exceptions.Exit(1) from error


def _tell(url: str, *, open_it: bool) -> None:
    say(f"The console is up: {url}")
    if open_it and at_a_terminal():
        webbrowser.open(url)


def at_a_terminal() -> bool:
    """Tell whether a person started this, and not another program."""
    return sys.stderr.isatty()


def is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free_port(host: str, first: int = 8090) -> int:
    """Return the first port from 8090 on that nobody listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, first + 100):
        with socket.socket(family) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise click.ClickException(f"No port from {first} on is free: --port.")
