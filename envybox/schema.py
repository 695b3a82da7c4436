"""The JSON Schema of the event: `python -m envybox.schema` prints it.

It comes from the classes in `envybox.event`; docs/event.schema.json is its output. For
subscribers: the receiver itself does not import this.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from envybox.event import Event
from envybox.types import TYPES

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the published event."""
    (root,), components = msgspec.json.schema_components([Event])
    for component in components.values():
        _close(component)
    properties = components["Event"]["properties"]
    properties["type"]["enum"] = [row.type for row in TYPES]
    properties["custom_data"]["description"] = "Any JSON value; text where it was not JSON."
    return {"$schema": _DIALECT, "title": "Envybox event", **root, "$defs": components}


def _close(component: dict[str, Any]) -> None:
    """Tell what msgspec cannot know: each key is always there, and there are no others.

    The classes' defaults are for those who make events, not for those who read them.
    """
    properties = component["properties"]
    for property_ in properties.values():
        property_.pop("default", None)
    component["required"] = list(properties)
    component["additionalProperties"] = False


def document() -> str:
    """Return the schema as the text of docs/event.schema.json."""
    return json.dumps(event_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
