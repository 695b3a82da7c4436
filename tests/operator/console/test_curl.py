from __future__ import annotations

import shutil
import subprocess
from urllib.parse import unquote

from hypothesis import example, given, settings
from hypothesis import strategies as st

from envybox.operator.console.curl import command

VALUE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SPY = r'curl() { for a in "$@"; do printf "%s\0" "$a"; done; }; '
"""Stands in for curl: gives its arguments back."""


def _split(pair: str) -> tuple[str, str, str]:
    return pair.partition("=")


def _arguments(line: str) -> list[str]:
    shell = shutil.which("sh")
    assert shell
    ran = subprocess.run([shell, "-c", SPY + line], capture_output=True, check=True,
        env={"ENVYBOX_KEY": "the key; it's secret"})  # fmt: skip
    return ran.stdout.decode().split("\0")[:-1]


@settings(max_examples=40)
@given(st.lists(st.tuples(VALUE, VALUE), max_size=5))
@example([("phone", "+7 900 000-00-00"), ("a", "$(touch /tmp/x) `id` '\"\\\n$HOME")])
@example([("managers_phones[0][phone]", "1"), ("a=b@c", ""), ("-d", "@/etc/passwd"), ("", "'")])
def test_a_shell_gives_back_the_fields(fields: list[tuple[str, str]]) -> None:
    """A shell runs nothing of what a visitor wrote, and gives curl each field as it was."""
    url, *rest = _arguments(command("http://localhost:8080/", fields))
    assert "http://localhost:8080/" == url
    *options, _ = rest[::2]
    *pairs, key = rest[1::2]
    assert "key=the key; it's secret" == key
    came = []
    for option, (name, _, value) in zip(options, map(_split, pairs), strict=True):
        came.append((unquote(name), unquote(value) if option == "--data" else value))
    assert fields == came


def test_it_can_be_read() -> None:
    """A plain webhook is a plain command, a line a field."""
    assert (
        "curl http://localhost:8080/ \\\n"
        "  --data-urlencode phone=79000000000 \\\n"
        "  --data-urlencode 'name=Анна Примерова' \\\n"
        '  --data-urlencode "key=$ENVYBOX_KEY"'
    ) == command("http://localhost:8080/", [("phone", "79000000000"), ("name", "Анна Примерова")])


def test_all_of_it_is_seen() -> None:
    """What would turn the line round, or no shell can be given, is percent-encoded."""
    line = command("http://localhost/", [("a", "x\u202ey\x00"), ("b", "\ud800")])
    assert "--data a=x%E2%80%AEy%00 " in line
    assert "--data b=%3F " in line
