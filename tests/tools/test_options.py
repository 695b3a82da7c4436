from __future__ import annotations

import pytest

from envybox.errors import SettingsError
from envybox.tools.options import Options, parse, parse_push
from envybox.tools.push import Push


def test_defaults() -> None:
    """Without a word it is the embedded backend on port 8080; empty variables are none."""
    expected = Options(backend="local", port=8080, push=[], recover_every=60)
    assert expected == parse([], {})
    assert expected == parse([], {"PORT": "", "BACKEND": "", "PUSH": " "})


def test_environment() -> None:
    """The variables that make hands on are read, PUSH at its white space."""
    environ = {"PORT": "81", "BACKEND": "emulator", "PUSH": "a=http://x\n b=http://y"}
    assert Options(
        backend="emulator", port=81, push=["a=http://x", "b=http://y"], recover_every=60
    ) == parse([], environ)


def test_arguments_win() -> None:
    """An argument wins over its variable; each --push is one more."""
    environ = {"PORT": "81", "BACKEND": "emulator", "PUSH": "a=http://x"}
    arguments = ["--port=82", "--backend=local", "--push=b=http://y", "--recover-every=0.5"]
    assert Options(
        backend="local", port=82, push=["a=http://x", "b=http://y"], recover_every=0.5
    ) == parse(arguments, environ)


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("--port=0", "PORT"),
        ("--port=65536", "PORT"),
        ("--port=http", "PORT"),
        ("--port=80.5", "PORT"),
        ("--port=1e4", "PORT"),
        ("--port=8_080", "PORT"),
        ("--backend=google", "BACKEND"),
        ("--recover-every=0", "--recover-every"),
        ("--recover-every=soon", "--recover-every"),
        ("--recover-every=nan", "--recover-every"),
    ],
)
def test_refused(argument: str, name: str) -> None:
    """What cannot be used is told by its name."""
    with pytest.raises(SettingsError, match=name):
        parse([argument], {})


def test_push() -> None:
    """A topic is named with its prefix or without; what is said twice is done once."""
    given = ["call-result=http://a/?x=1&y=2", "my-call-result=http://a/?x=1&y=2", "spool=https://b"]
    assert [
        Push("my-call-result", "http://a/?x=1&y=2"),
        Push("my-spool", "https://b"),
    ] == parse_push(given, "my-")


def test_push_names() -> None:
    """Each pair of topic and URL has a subscription's name of its own, the same every time."""
    pushes = [Push("a", "http://x"), Push("a", "http://y"), Push("b", "http://x")]
    assert 3 == len({push.name for push in pushes})
    assert "a-" + Push("a", "http://x").name[2:] == Push("a", "http://x").name


def test_unknown_topic() -> None:
    """An unknown topic is refused with a list of those that are."""
    with pytest.raises(SettingsError, match=r"'call' is not a topic.*call-result, .*lead-quiz"):
        parse_push(["call=http://a"], "envybox-")


@pytest.mark.parametrize(
    "url", ["", "localhost:9000", "ftp://a", "http://", "http://[", "http://a:b", "file:///a"]
)
def test_no_url(url: str) -> None:
    """What is no http or https URL is refused."""
    with pytest.raises(SettingsError, match="no URL"):
        parse_push([f"spool={url}"], "envybox-")
