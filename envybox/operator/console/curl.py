"""A stored webhook as a `curl` line for any POSIX shell; the key is the shell's to know."""

from __future__ import annotations

import re
from urllib.parse import quote

from envybox.webhook import Fields

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def command(url: str, fields: Fields) -> str:
    """Return the line that sends the fields, in order, with `$ENVYBOX_KEY` for the key."""
    rows = [f"curl {_quoted(url)}"]
    # curl encodes what follows the first `=`, and takes the name as it is.
    rows += [f"--data-urlencode {_quoted(f'{_name(name)}={value}')}" for name, value in fields]
    # In double quotes, for the shell to fill in; all others in single ones, which it leaves.
    rows.append('--data-urlencode "key=$ENVYBOX_KEY"')
    return " \\\n  ".join(rows)


def _name(name: str) -> str:
    return quote(name, safe="[]", errors="replace")


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else "'" + text.replace("'", r"'\''") + "'"
