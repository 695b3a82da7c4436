"""What was given, in a few words for an error: its kind and names, nothing of its content."""

from __future__ import annotations

import re
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_-]{0,39}")  # no digits: a name may be a phone number
_SHOWN = 8


def describe(source: Any) -> str:
    """Return `a dict with the keys data, attributes`, `bytes (12 long)`, `a Request`."""
    kind = type(source).__name__
    if isinstance(source, bytes | bytearray | memoryview | str):
        return f"{kind} ({len(source)} long)"
    if isinstance(source, dict):
        return f"a {kind} with {_names(source)}"
    return "None" if source is None else f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"


def _names(source: dict[Any, Any]) -> str:
    plain = [name for name in source if isinstance(name, str) and _PLAIN.fullmatch(name)]
    shown = ", ".join(plain[:_SHOWN])
    more = len(source) - len(plain[:_SHOWN])
    if not shown:
        return f"{more} keys" if more else "no keys"
    return f"the keys {shown}" + (f" and {more} more" if more else "")
