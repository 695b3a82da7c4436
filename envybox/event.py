"""The event: what a webhook becomes, schema version 1.

These classes are the one home of the event's shape. `encode` gives the JSON that is
published, `envybox.schema` the JSON Schema that describes it (docs/event.schema.json).
Every key is always there; a field without a value is None, in JSON `null`. Ids are text.
Times are aware datetimes in UTC.

`received` says beside a field which of the webhook's fields it is read from, and by which
reader: the one place where it does, see `envybox.receiver.normalize.plan`.

Within version 1 fields, types, states and kinds may be added, and nothing else changes:
docs/events.md has the policy. So readers take what they do not know, as text.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

SCHEMA_VERSION: Literal[1] = 1

NORMALIZER_VERSION = 1
"""Rises with each change in what normalization makes of a webhook.

It stands beside the event in the store, and in no message: so an operator finds what an
older version made, and makes it anew from `raw`.
"""

CALL_STATES = (
    "client_no_answer",
    "operator_no_answer",
    "operator_busy",
    "answered",
    "callback_ordered",
    "callback_scheduled",
    "other",
)
CallState = Annotated[str, msgspec.Meta(examples=list(CALL_STATES))]
"""A call's state: one of `CALL_STATES`, or one that a later version added."""

ENTRY_KINDS = ("person", "auto_reply", "system")
EntryKind = Annotated[str, msgspec.Meta(examples=list(ENTRY_KINDS))]
"""Who speaks in a transcript: one of `ENTRY_KINDS`, or one that a later version added."""

_UTC_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$"
Utc = Annotated[datetime, msgspec.Meta(tz=True, extra_json_schema={"pattern": _UTC_PATTERN})]
"""A time in UTC; in JSON RFC 3339 with `Z`."""

E164 = Annotated[str, msgspec.Meta(pattern=r"^\+[1-9][0-9]+$")]
"""A phone number in E.164, with its plus."""

EventId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
"""An event's id: 32 hex digits."""

Natural = Annotated[int, msgspec.Meta(ge=0)]
"""A whole number from 0."""


def received(name: str, reader: str = "text") -> msgspec.Meta:
    """Say of which of the webhook's fields one of the event's is made.

    `reader` is a method of `normalize.form.Form`; '' for what a room of its own makes.
    """
    return msgspec.Meta(extra={"received": name, "reader": reader})


class FieldWarning(msgspec.Struct, frozen=True, gc=False):
    """What could not be normalized: the field's name and the reason, never its value."""

    field: str
    reason: str


class Visitor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who the webhook is about. `phone` is E.164, `phone_text` what was received."""

    id: Annotated[str | None, received("visitor_id", "id")] = None
    name: Annotated[str | None, received("name")] = None
    phone: Annotated[E164 | None, received("phone", "phone")] = None
    phone_text: Annotated[str | None, received("phone")] = None
    email: Annotated[str | None, received("email")] = None
    ip: Annotated[str | None, received("ip")] = None
    place: Annotated[str | None, received("place")] = None
    city: str | None = None
    region: str | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A call. `state_text` is the Russian prose of `state`, as received."""

    id: Annotated[str | None, received("call_id", "id")] = None
    state: Annotated[CallState | None, received("call_state", "")] = None
    state_text: Annotated[str | None, received("call_state")] = None
    scheduled_at: Utc | None = None
    called_at: Annotated[Utc | None, received("called_at", "time")] = None
    duration_seconds: Annotated[Natural | None, received("call_duration", "number")] = None
    record_url: Annotated[str | None, received("call_record")] = None


class TranscriptEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One utterance. `author` and `at` are None where the text could not be parsed."""

    author: str | None = None
    at: Utc | None = None
    text: str
    kind: EntryKind = "person"


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A chat or the message of a form, HTML unescaped."""

    id: Annotated[str | None, received("chat_id", "id")] = None
    link: Annotated[str | None, received("link", "html")] = None
    message: Annotated[str | None, received("message", "html")] = None
    created_at: Annotated[Utc | None, received("created_at", "time")] = None
    transcript: Annotated[list[TranscriptEntry], received("chat_text", "")] = msgspec.field(
        default_factory=list
    )


class Manager(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who took the call. `phone` is E.164."""

    name: Annotated[str | None, received("manager_name")] = None
    phone: Annotated[E164 | None, received("manager_phone", "phone")] = None
    department: Annotated[str | None, received("department")] = None


class ManagerPhone(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of the managers that were called. `phone` is E.164."""

    name: str | None = None
    phone: E164 | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where on the site it happened, and how the visitor came there."""

    site: Annotated[str | None, received("site")] = None
    url: Annotated[str | None, received("url")] = None
    referrer: Annotated[str | None, received("referrer")] = None
    keyword: Annotated[str | None, received("keyword")] = None
    shown_on: Annotated[str | None, received("shown_on")] = None


class Utm(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The utm tags."""

    source: Annotated[str | None, received("utm_source")] = None
    medium: Annotated[str | None, received("utm_medium")] = None
    campaign: Annotated[str | None, received("utm_campaign")] = None
    content: Annotated[str | None, received("utm_content")] = None
    term: Annotated[str | None, received("utm_term")] = None


class Ids(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The visitor's ids in other services, opaque text."""

    google_client_id: Annotated[str | None, received("google_client_id")] = None
    yandex_client_id: Annotated[str | None, received("yandex_client_id")] = None
    yclid: Annotated[str | None, received("yclid")] = None
    rs: Annotated[str | None, received("rs")] = None
    roistat: Annotated[str | None, received("roistat")] = None
    roistat_promo: Annotated[str | None, received("roistat_promo")] = None
    adv_uid: Annotated[str | None, received("adv_uid")] = None
    calltracking_id: Annotated[str | None, received("calltracking_id")] = None
    lpgenerator_id: Annotated[str | None, received("lpgenerator_id")] = None
    leadvertex_id: Annotated[str | None, received("leadvertex_id")] = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How an event came to a subscriber. Empty where nothing but the event itself came.

    `attributes` are the message's, `attempt` counts deliveries from 1 where Pub/Sub says so
    (where there is a dead-letter topic). `unknown` has the fields that this version does not
    know, by path: `{"lead_score": 7, "call.sip": "…"}`.
    """

    message_id: str | None = None
    attributes: dict[str, str] = {}
    attempt: int | None = None
    unknown: dict[str, Any] = {}


_NO_DELIVERY = Delivery()


# dict: `delivery` lies beside the fields, so it is neither encoded nor compared.
class Event(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One event, as stored and published.

    `str(event)` is for logs: it holds nothing that a visitor said or is. `repr(event)` does.
    """

    id: EventId
    schema_version: Literal[1] = SCHEMA_VERSION
    type: str
    webhooktype: Annotated[Natural | None, received("webhooktype", "number")]
    account: str
    received_at: Utc
    occurred_at: Utc | None
    visitor: Visitor
    call: Call | None
    chat: Chat | None
    manager: Manager
    managers: Annotated[list[ManagerPhone], received("managers_phones", "")]
    page: Page
    utm: Utm
    ids: Ids
    custom_data: Annotated[Any, received("custom_data", "")]
    extra: dict[str, str]
    warnings: list[FieldWarning]

    @property
    def key(self) -> str:
        """What to do once: the event's id; a replay that is to be done again has its own."""
        return f"{self.id}#{self.replay}" if self.replay_again else self.id

    @property
    def subject(self) -> str | None:
        """What it is about: `call/6002540`, else `chat/…`, else `visitor/…`, else None."""
        if self.call and self.call.id:
            return f"call/{self.call.id}"
        if self.chat and self.chat.id:
            return f"chat/{self.chat.id}"
        return f"visitor/{self.visitor.id}" if self.visitor.id else None

    @property
    def at(self) -> datetime:
        """When it happened, or else was received, in Envybox's zone (`ENVYBOX_TIMEZONE`).

        Raises `SettingsError` where neither the system nor the package tzdata has the zone.
        """
        from envybox.settings import zone

        return (self.occurred_at or self.received_at).astimezone(zone())

    @property
    def delivery(self) -> Delivery:
        """How it came, where `read_event` read it."""
        delivery: Delivery = self.__dict__.get("delivery", _NO_DELIVERY)
        return delivery

    @property
    def replay(self) -> str | None:
        """The name of the replay that published it again; None where it is no replay."""
        return self.delivery.attributes.get("replay")

    @property
    def replay_again(self) -> bool:
        """Whether subscribers are to do again what they have done."""
        return self.replay is not None and self.delivery.attributes.get("replay-again") == "1"

    def __str__(self) -> str:
        """Return type, id and, for a call or a chat, its number: `call.info 3f0c… call/6002540`."""
        about = self.subject or ""
        kind, _, number = about.partition("/")
        # A visitor's id comes from his browser, and any other that is no number may be anything.
        shown = kind != "visitor" and number.isascii() and number.isdigit()
        return f"{self.type} {self.id}" + (f" {about}" if shown else "")


def delivered(event: Event, delivery: Delivery) -> Event:
    """Return the event, which has just been made, with how it came."""
    event.__dict__["delivery"] = delivery
    return event


_encoder = msgspec.json.Encoder()

# msgspec works a class out when it is first converted to, and dies where two threads do that at
# once (0.22: a segmentation fault). Whoever converts in threads, as a function behind a push
# subscription does, finds it done: by a decoder, be it never used.
msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the event as strict JSON in UTF-8: RFC 3339 times with `Z`, no NaN."""
    return _encoder.encode(event)
