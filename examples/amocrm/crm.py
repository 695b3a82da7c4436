"""Finds what a call or a form belongs to, or makes it; writes notes and tasks there.

Whoever calls this holds the turn of the call, and says whether it was begun before: then
it looks first, since amoCRM takes everything twice that is sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from envybox.errors import Refused
from envybox.subscriber.function import log

from account import Account, FieldsRefused

CLOSED = (142, 143)
"""The stages of leads that were won and lost, in every pipeline."""

_PLURALS = {"lead": "leads", "contact": "contacts", "company": "companies", "customer": "customers"}
_LATEST = {"limit": "250", "order[id]": "desc"}


class Place(NamedTuple):
    """Where it was put: `leads` or, of a known contact with several or no leads, `contacts`."""

    kind: str
    id: int


class Person(NamedTuple):
    """Who it is about."""

    name: str | None
    phone: str | None
    email: str | None

    def contact(self) -> dict[str, Any]:
        """Return the contact to be made."""
        values = {"PHONE": self.phone, "EMAIL": self.email}
        fields = [
            {"field_code": code, "values": [{"value": value, "enum_code": "WORK"}]}
            for code, value in values.items()
            if value
        ]
        return {"name": self.name or self.phone or self.email, "custom_fields_values": fields}


class Lead(NamedTuple):
    """The lead to be made."""

    name: str
    tags: list[str]
    fields: dict[str, str]
    source: str
    pipeline: int | None

    def item(self, *, fields: bool = True) -> dict[str, Any]:
        """Return it as it is added."""
        item: dict[str, Any] = {
            "name": self.name,
            "_embedded": {"tags": [{"name": tag} for tag in self.tags]},
        }
        if fields and self.fields:
            item["custom_fields_values"] = [
                {"field_code": code, "values": [{"value": value}]}
                for code, value in self.fields.items()
            ]
        return item


class Crm:
    """The account's CRM."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def place_call(self, call: dict[str, Any], person: Person, lead: Lead, *, again: bool) -> Place:
        """Add a call where amoCRM finds its phone; else as an unsorted lead."""
        if again and (found := self._find_call(call)):
            return found
        try:
            answer = self._account.add("calls", call)
        except Refused:  # whether it says with 200 or 400 that it finds nobody is not documented
            answer = {}
        for one in answer.get("_embedded", {}).get("calls", []):
            kind = str(one["entity_type"])
            return Place(_PLURALS.get(kind, kind), int(one["entity_id"]))
        metadata = {
            "phone": call["phone"],
            "called_at": call["created_at"],
            "duration": call["duration"],
            "link": call.get("link", ""),
            "service_code": "envybox",
            "uniq": call["uniq"],
            "is_call_event_needed": True,
            "from": call["phone"],
        }
        return self._unsorted("sip", metadata, person, lead, call["created_at"])

    def place_form(self, form: dict[str, Any], person: Person, lead: Lead, *, again: bool) -> Place:
        """Return the person's open lead; else a new one of the known contact, else an unsorted."""
        contacts = self._contacts(person)
        for contact in contacts:
            if place := self._open_lead(contact):
                return place
        if contacts:
            return self._lead_of(int(contacts[0]["id"]), lead)
        if again:
            for one in self._account.get("leads/unsorted", _LATEST):
                if one.get("metadata", {}).get("form_id") == form["form_id"]:
                    return Place("leads", int(one["_embedded"]["leads"][0]["id"]))
        return self._unsorted("forms", form, person, lead, form["form_sent_at"])

    def note(self, place: Place, text: str, marker: str) -> None:
        """Write a note, unless one with this marker is there."""
        path = f"{place.kind}/{place.id}/notes"
        there = self._account.get(path, _LATEST)
        if not any(marker in str(one.get("params", {}).get("text")) for one in there):
            item = {"note_type": "common", "params": {"text": f"{text}\n{marker}"}}
            self._account.add(path, item)

    def task(self, place: Place, text: str, marker: str, **fields: Any) -> None:
        """Make a task, unless one with this marker is there."""
        of_place = {"filter[entity_type]": place.kind, "filter[entity_id]": str(place.id)}
        there = self._account.get("tasks", of_place)
        if not any(marker in str(one.get("text")) for one in there):
            entity = {"entity_type": place.kind, "entity_id": place.id}
            self._account.add("tasks", {"text": f"{text}\n{marker}", **entity, **fields})

    def _find_call(self, call: dict[str, Any]) -> Place | None:
        """Return where the call was put, should it have been, though no answer came."""
        for contact in self._contacts(Person(None, call["phone"], None)):
            linked = contact.get("_embedded", {}).get("leads", [])
            places = [*(Place("leads", int(one["id"])) for one in linked)]
            for place in (*places, Place("contacts", int(contact["id"]))):
                notes = self._account.get(f"{place.kind}/{place.id}/notes", _LATEST)
                if any(one.get("params", {}).get("uniq") == call["uniq"] for one in notes):
                    return place
        for one in self._account.get("leads/unsorted", _LATEST):
            said = one.get("metadata", {})
            same = (
                said.get("phone") == call["phone"] and said.get("called_at") == call["created_at"]
            )
            if same or said.get("uniq") == call["uniq"]:
                return Place("leads", int(one["_embedded"]["leads"][0]["id"]))
        return None

    def _contacts(self, person: Person) -> list[dict[str, Any]]:
        """Return the contacts with the phone (its last ten digits), or else the address."""
        wanted = _digits(person.phone)[-10:] or person.email
        if not wanted:
            return []
        found = self._account.get("contacts", {"query": wanted, "with": "leads"})
        # The search is over all fields: a note with the number would count as well.
        return [one for one in found if wanted in _values(one)]

    def _open_lead(self, contact: dict[str, Any]) -> Place | None:
        linked = contact.get("_embedded", {}).get("leads", [])
        if not linked:
            return None
        wanted = {f"filter[id][{place}]": str(one["id"]) for place, one in enumerate(linked[-50:])}
        leads = self._account.get("leads", wanted)
        still = [int(one["id"]) for one in leads if one.get("status_id") not in CLOSED]
        return Place("leads", max(still)) if still else None

    def _lead_of(self, contact: int, lead: Lead) -> Place:
        def add(item: dict[str, Any]) -> dict[str, Any]:
            linked = {**item["_embedded"], "contacts": [{"id": contact}]}
            pipeline = {"pipeline_id": lead.pipeline} if lead.pipeline else {}
            return self._account.add("leads", {**item, **pipeline, "_embedded": linked})

        answer = _without_fields_if_refused(lead, add)
        return Place("leads", int(answer["_embedded"]["leads"][0]["id"]))

    def _unsorted(
        self, category: str, metadata: dict[str, Any], person: Person, lead: Lead, at: int
    ) -> Place:
        def add(item: dict[str, Any]) -> dict[str, Any]:
            unsorted = {
                "source_name": lead.source,
                "source_uid": "envybox",
                "created_at": at,
                "metadata": metadata,
                "_embedded": {"leads": [item], "contacts": [person.contact()]},
                **({"pipeline_id": lead.pipeline} if lead.pipeline else {}),
            }
            return self._account.add(f"leads/unsorted/{category}", unsorted)

        answer = _without_fields_if_refused(lead, add)
        made = answer["_embedded"]["unsorted"][0]["_embedded"]["leads"][0]
        return Place("leads", int(made["id"]))


def _without_fields_if_refused(
    lead: Lead, add: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Add the lead; where the account lacks one of its fields, without them: it is a lead."""
    try:
        answer = add(lead.item())
    except FieldsRefused as error:
        log("ERROR", f"brought in without its fields, mend AMOCRM_FIELDS: {error}")
        answer = add(lead.item(fields=False))
    return answer


def _digits(text: str | None) -> str:
    return re.sub(r"\D", "", text or "")


def _values(contact: dict[str, Any]) -> set[str]:
    """Return a contact's phones, by their last ten digits, and addresses."""
    found = set()
    for field in contact.get("custom_fields_values") or []:
        for one in field.get("values", []):
            value = str(one.get("value", ""))
            found.add(_digits(value)[-10:] if field.get("field_code") == "PHONE" else value)
    return found
