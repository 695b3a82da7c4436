"""The JSON Schema of the event: `python -m envybox.schema` prints it.

It comes from the classes in `envybox.event`; `envybox/event.schema.json` is its output, and
so is docs/event.schema.json. For subscribers: the receiver itself does not import this.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from envybox.event import Event
from envybox.types import TYPES

ID = "urn:envybox:event:1"
"""The schema's name, with the event's major version."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXAMPLES = Path(__file__).with_name("examples.json")


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the published event.

    It is open: within version 1 fields, types and states may be added.
    """
    (root,), components = msgspec.json.schema_components([Event])
    for component in components.values():
        _open(component)
    properties = components["Event"]["properties"]
    properties["type"]["examples"] = [row.type for row in TYPES]
    properties["custom_data"]["description"] = "Any JSON value; text where it was not JSON."
    examples = json.loads(_EXAMPLES.read_text("utf-8"))
    return {
        "$schema": _DIALECT,
        "$id": ID,
        "title": "Envybox event",
        **root,
        "examples": examples,
        "$defs": components,
    }


def _open(component: dict[str, Any]) -> None:
    """Tell what msgspec cannot know: each key is always there, and there may be more.

    The classes' defaults are for those who make events, not for those who read them.
    """
    properties = component["properties"]
    for property_ in properties.values():
        property_.pop("default", None)
    component["required"] = list(properties)
    component["additionalProperties"] = True


def document() -> str:
    """Return the schema as the text of `event.schema.json`."""
    return json.dumps(event_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
