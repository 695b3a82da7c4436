"""The JSON Schema of the event, made of the classes in `envybox.event`.

`event.schema.json` beside this file is its text, and so is docs/event.schema.json. For
subscribers: the receiver itself does not import this.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from envybox.event import Event
from envybox.types import TYPES

ID = "urn:envybox:event:1"
"""The schema's name, with the event's major version."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXAMPLES = Path(__file__).with_name("examples.json")


DESCRIPTIONS = {
    "Event": {
        "id": "The event's id, 32 hex digits. The same webhook sent again has the same one.",
        "schema_version": "The major version of this schema.",
        "type": "What happened; more types may come.",
        "webhooktype": "Envybox's number of the type; null where the webhook had none.",
        "account": "The label of the key that the webhook came with.",
        "received_at": "When the receiver got the webhook, UTC.",
        "occurred_at": "When it happened, as Envybox says, UTC: `call.called_at`, else "
        "`chat.created_at`.",
        "visitor": "Who it is about.",
        "call": "The call; null where the webhook tells of none.",
        "chat": "The chat or the message of a form; null where the webhook tells of none.",
        "manager": "Who took the call, or wrote.",
        "managers": "The managers whose phones were called.",
        "page": "Where on the site it happened, and how the visitor came there.",
        "utm": "The utm tags of the page's address.",
        "ids": "The visitor's ids in other services.",
        "custom_data": "What the site passed to `WBK.setCustomParams`: any JSON value; text where "
        "it was not JSON.",
        "extra": "Fields of the webhook that are not known, as they came.",
        "warnings": "What could not be normalized.",
    },
    "Visitor": {
        "id": "Envybox's id of the visitor; it comes from his browser.",
        "name": "The name, as he gave it.",
        "phone": "The phone number, E.164; null where it is no number.",
        "phone_text": "The phone number, as it came.",
        "email": "The e-mail address, as he gave it.",
        "ip": "The address that he came from.",
        "place": "Where that address is, as it came: city and region, or the city alone.",
        "city": "The city of `place`.",
        "region": "The region of `place`.",
    },
    "Call": {
        "id": "Envybox's id of the call: the same in all its webhooks.",
        "state": "How it stands; more states may come. `other` is prose that is not known.",
        "state_text": "The state in Envybox's prose, as it came.",
        "scheduled_at": "For when a call-back was ordered, UTC.",
        "called_at": "When the call took place, UTC.",
        "duration_seconds": "How long they talked.",
        "record_url": "The link to the recording.",
    },
    "Chat": {
        "id": "Envybox's id of the chat.",
        "link": "The link to the chat.",
        "message": "The message of a form.",
        "created_at": "When the chat began or the form was sent, UTC.",
        "transcript": "What was said, in order.",
    },
    "TranscriptEntry": {
        "author": "Who said it; null where that could not be read.",
        "at": "When, UTC, to the minute; null where that could not be read.",
        "text": "What was said.",
        "kind": "Who speaks: a person (visitor or manager), an automatic reply, the system.",
    },
    "Manager": {
        "name": "The manager's name.",
        "phone": "The manager's phone number, E.164.",
        "department": "The department.",
    },
    "ManagerPhone": {
        "name": "The manager's name.",
        "phone": "The manager's phone number, E.164.",
    },
    "Page": {
        "site": "The site's main domain.",
        "url": "The page's whole address.",
        "referrer": "The site that the visitor came from, a bare host.",
        "keyword": "What he searched for, where utm tags say it.",
        "shown_on": "How the window came up, in Envybox's prose.",
    },
    "Utm": {
        "source": "`utm_source`",
        "medium": "`utm_medium`",
        "campaign": "`utm_campaign`",
        "content": "`utm_content`",
        "term": "`utm_term`",
    },
    "Ids": {
        "google_client_id": "Google Analytics' client id (`_ga`).",
        "yandex_client_id": "Yandex.Metrica's ClientId; it has more digits than a float holds.",
        "yclid": "Yandex.Direct's click.",
        "rs": "`rs`, a tag of Roistat's.",
        "roistat": "Roistat's number of the visit.",
        "roistat_promo": "Roistat's promo code.",
        "adv_uid": "`adv_uid`",
        "calltracking_id": "The id in call tracking.",
        "lpgenerator_id": "The id in LPgenerator.",
        "leadvertex_id": "The id in LeadVertex.",
    },
    "FieldWarning": {
        "field": "The webhook's field.",
        "reason": "What is wrong with it; never its value.",
    },
}
"""What each field is, by the name of its class: for the schema, docs/events.md and TypeScript."""


def event_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the published event.

    It is open: within version 1 fields, types and states may be added. Raises `ValueError`
    where a field has no description.
    """
    (root,), components = msgspec.json.schema_components([Event])
    for name, component in components.items():
        _open(component)
        component["description"] = component["description"].partition("\n\n")[0]
        for field, property_ in component["properties"].items():
            property_["description"] = _description(name, field)
    components["Event"]["properties"]["type"]["examples"] = [row.type for row in TYPES]
    examples = json.loads(_EXAMPLES.read_text("utf-8"))
    return {
        "$schema": _DIALECT,
        "$id": ID,
        "title": "Envybox event",
        **root,
        "examples": examples,
        "$defs": components,
    }


def _description(name: str, field: str) -> str:
    try:
        return DESCRIPTIONS[name][field]
    except KeyError:
        raise ValueError(
            f'{name}.{field} has no description: say what it is in DESCRIPTIONS["{name}"], '
            "in envybox/schema.py, and run it again."
        ) from None


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
