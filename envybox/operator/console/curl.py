"""A stored webhook as a `curl` line for any POSIX shell; the key is the shell's to know."""

from __future__ import annotations

import re
from urllib.parse import quote

from envybox.operator.console.text import UNSEEN
from envybox.webhook import Fields

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def command(url: str, fields: Fields) -> str:
    """Return the line that sends the fields, in order, with `$ENVYBOX_KEY` for the key."""
    rows = [f"curl {_quoted(url)}"]
    rows += [_option(name, value) for name, value in fields]
    # In double quotes, for the shell to fill in; all others in single ones, which it leaves.
    rows.append('--data-urlencode "key=$ENVYBOX_KEY"')
    return " \\\n  ".join(rows)


def _option(name: str, value: str) -> str:
    name = quote(name, safe="[]", errors="replace")
    if UNSEEN.search(value):  # whoever reads the line sees all of it, and a shell can be given it
        return f"--data {_quoted(name + '=' + quote(value, safe='', errors='replace'))}"
    # curl encodes what follows the first `=`, and takes the name as it is.
    return f"--data-urlencode {_quoted(f'{name}={value}')}"


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else "'" + text.replace("'", r"'\''") + "'"
