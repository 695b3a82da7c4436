"""Which events count as a conversion, under what name, with what value: a table in the settings."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from envybox import Event

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
DEFAULT = """[
  {"type": "call.*", "state": "answered", "goal": "envybox_call"},
  {"type": "call.*", "state": "callback_*", "goal": "envybox_callback"},
  {"type": "chat.offline", "goal": "envybox_chat"},
  {"type": "lead.*", "goal": "envybox_lead"}
]"""


class Row(NamedTuple):
    """Events of a type and a state, of talks at least so long, and what they count as."""

    type: str
    goal: str
    state: str = "*"
    seconds: int = 0
    value: float | None = None
    currency: str = "RUB"

    def counts(self, event: Event) -> bool:
        """Return whether an event is one of this row's."""
        call = event.call
        return (
            fnmatchcase(event.type, self.type)
            and fnmatchcase((call and call.state) or "", self.state)
            and ((call and call.duration_seconds) or 0) >= self.seconds
        )


def read(text: str) -> tuple[Row, ...]:
    """Return the table's rows. Raises `ValueError`, which says what is wrong."""
    given = json.loads(text)
    if not isinstance(given, list):
        raise ValueError("it takes a list of rows")  # noqa: TRY004 - a setting's value
    return tuple(_row(one) for one in given)


def _row(given: Any) -> Row:
    try:
        row = Row(**given)
    except TypeError:
        fields = ", ".join(Row._fields)
        raise ValueError(f"a row has `type` and `goal`; all there is: {fields}") from None
    if not _NAME.fullmatch(str(row.goal)):
        raise ValueError("a goal is up to 40 Latin letters, digits and `_`")
    if not re.fullmatch(r"[A-Z]{3}", str(row.currency)):
        raise ValueError("a currency is three letters, `RUB`")
    value = None if row.value is None else float(row.value)
    return row._replace(value=value, seconds=int(row.seconds))
