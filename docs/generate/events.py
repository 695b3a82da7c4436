"""The fields and examples of docs/events.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from docs.generate import put
from docs.generate.examples import events, received
from envybox.event import encode
from envybox.receiver import message
from envybox.schema import event_schema
from envybox.types import TYPES, topic_of


def filled(text: str) -> str:
    """Return the page's text with its fields and examples as they are now."""
    text = put(text, "<!-- fields -->\n", "\n".join(_fields()), "\n<!-- /fields -->")
    return put(text, "<!-- examples -->\n", "\n".join(_examples()), "\n<!-- /examples -->")


def _fields() -> Iterator[str]:
    for name, part in event_schema()["$defs"].items():
        yield f"### {name}\n"
        yield part["description"].replace("\n", " ").replace("  ", " ").strip() + "\n"
        yield "| field | type | |\n|---|---|---|"
        for field, schema in part["properties"].items():
            yield f"| `{field}` | {_type(schema)} | {schema['description']}{_known(schema)} |"
        yield ""


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return _type(schema["anyOf"][0]) + "?"
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("type") == "object":
        return "object of text"
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    kinds = {"string": "text", "integer": "whole number", None: "any"}
    return "time" if schema.get("format") == "date-time" else kinds[schema.get("type")]


def _known(schema: dict[str, Any]) -> str:
    known = schema.get("anyOf", [schema])[0].get("examples")
    return " Now: " + ", ".join(f"`{text}`" for text in known) + "." if known else ""


def _examples() -> Iterator[str]:
    fields, made = received(), events()
    for row in TYPES:
        if row.type not in made:
            continue
        published = message.of_event(made[row.type])
        yield f"### {row.type}\n"
        topic = topic_of("envybox-", row.type)
        yield f"{row.title}: webhooktype {row.webhooktype}, topic `{topic}`. As received:\n"
        yield "```text\n" + "\n".join("=".join(pair) for pair in fields[row.type]) + "\n```\n"
        yield "As event:\n"
        event = json.loads(encode(made[row.type]))
        yield "```json\n" + json.dumps(event, ensure_ascii=False, indent=2) + "\n```\n"
        yield f"As message: that as data, ordering key `{published.ordering_key}`, attributes\n"
        attributes = json.dumps(published.attributes, ensure_ascii=False, indent=2)
        yield "```json\n" + attributes + "\n```\n"
