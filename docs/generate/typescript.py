"""The event's types in TypeScript: docs/event.d.ts.

It reads the JSON Schema, which has the classes' names, and knows what that schema has.
"""

from __future__ import annotations

import json
from typing import Any

from envybox.event import SCHEMA_VERSION
from envybox.schema import event_schema
from envybox.types import TYPES

_HEAD = f"""\
// The event that the Envybox receiver publishes, schema version {SCHEMA_VERSION}.
// Made of event.schema.json by `make docs`.
//
// `EnvyboxEvent` is told apart by `type`. Within version {SCHEMA_VERSION} fields, types and
// states may be added: keep a `default:` for a type, and for a state, that is not known here.
"""

_PRIMITIVES = {"string": "string", "integer": "number", "null": "null"}


def document() -> str:
    """Return the text of docs/event.d.ts."""
    parts = [_HEAD]
    for name, part in event_schema()["$defs"].items():
        parts.append(_interface("EventBase" if name == "Event" else name, part))
    for row in TYPES:
        number = row.webhooktype or "number | null"
        parts.append(
            f"/** {row.title} */\n"
            f"export interface {_name(row.type)} extends EventBase {{\n"
            f'  type: "{row.type}";\n'
            f"  webhooktype: {number};\n"
            "}\n"
        )
    union = "".join(f"\n  | {_name(row.type)}" for row in TYPES)
    parts.append(f"export type EnvyboxEvent ={union};\n")
    return "\n".join(parts)


def _interface(name: str, part: dict[str, Any]) -> str:
    lines = [f"/** {part['description'].splitlines()[0]} */", f"export interface {name} {{"]
    for field, schema in part["properties"].items():
        lines.append(f"  /** {schema['description']} */")
        lines.append(f"  {field}: {_type(schema)};")
    return "\n".join([*lines, "}", ""])


def _type(schema: dict[str, Any]) -> str:  # noqa: PLR0911  # a case a kind
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "examples" in schema:  # known ones, for the editor to offer, and any other text
        return " | ".join([*(json.dumps(text) for text in schema["examples"]), "(string & {})"])
    if schema.get("type") == "array":
        return f"{_type(schema['items'])}[]"
    if schema.get("type") == "object":
        return f"Record<string, {_type(schema['additionalProperties'])}>"
    return _PRIMITIVES[schema["type"]] if "type" in schema else "unknown"


def _name(type_: str) -> str:
    return "".join(word.capitalize() for word in type_.split(".")) + "Event"
