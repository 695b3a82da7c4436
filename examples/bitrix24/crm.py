"""Leads, deals and contacts: finds what an event belongs to, or makes it.

Bitrix24 keeps no two leads of one `originId` apart, so whoever calls this holds the lock of
the call. After a time-out all of it can be called again: it looks before it makes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from portal import Portal

LEAD, DEAL, CONTACT = 1, 2, 3
ORIGINATOR = "envybox"
_NAMES = {LEAD: "lead", DEAL: "deal"}
_SEARCHED = (("PHONE", "phones"), ("EMAIL", "emails"))


class Person(NamedTuple):
    """Who it is about. `phones` has one number in the spellings that a CRM may have it in."""

    name: str | None
    phones: list[str]
    emails: list[str]

    def contacts(self) -> list[dict[str, str]]:
        """Return the fields for phones and e-mail addresses."""
        found = (("PHONE", self.phones[:1]), ("EMAIL", self.emails))
        return [
            {"typeId": type_, "valueType": "WORK", "value": value}
            for type_, values in found
            for value in values
        ]


class Place(NamedTuple):
    """A lead or a deal."""

    kind: int
    id: int


class Crm:
    """The portal's CRM."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def place(self, origin: str, person: Person, fields: dict[str, Any]) -> Place:
        """Return the lead (or deal) of this origin, else an open one of the person, else a new one.

        `fields` are those of a new one; of one that was made here earlier, they fill what is empty.
        """
        kind = LEAD if self._portal.has_leads else DEAL
        made = self._first(kind, originatorId=ORIGINATOR, originId=origin)
        if made:
            self._fill(kind, made, {**fields, "name": person.name})
            return Place(kind, made["id"])
        found = self._find(person)
        if kind == LEAD and found["LEAD"]:
            lead = self._first(LEAD, **{"@id": found["LEAD"], "stageSemanticId": "P"})
            if lead:
                return Place(LEAD, lead["id"])
        if found["CONTACT"]:
            deal = self._first(DEAL, **{"@contactId": found["CONTACT"], "stageSemanticId": "P"})
            if deal:
                return Place(DEAL, deal["id"])
        new = {**fields, "originatorId": ORIGINATOR, "originId": origin}
        if found["CONTACT"]:
            new["contactId"] = found["CONTACT"][0]
        elif kind == DEAL:
            new["contactId"] = self._contact(origin, person)
        else:
            new |= {"name": person.name, "fm": person.contacts()}
        return Place(kind, self._add(kind, new))

    def comment(self, place: Place, text: str, marker: str) -> None:
        """Put a comment into the timeline, unless one with this marker is there."""
        owner = {"ENTITY_ID": place.id, "ENTITY_TYPE": _NAMES[place.kind]}
        there = self._portal.call(
            "crm.timeline.comment.list",
            filter=owner,
            order={"ID": "DESC"},
            select=["ID", "COMMENT"],
        )
        if not _marked(there, "COMMENT", marker):
            fields = {**owner, "COMMENT": f"{text}\n{marker}"}
            self._portal.call("crm.timeline.comment.add", fields=fields)

    def todo(self, place: Place, text: str, marker: str, **fields: Any) -> None:
        """Make a to-do, unless one with this marker is there."""
        owner = {"OWNER_TYPE_ID": place.kind, "OWNER_ID": place.id}
        there = self._portal.call(
            "crm.activity.list",
            filter=owner,
            order={"ID": "DESC"},
            select=["ID", "DESCRIPTION"],
        )
        if not _marked(there, "DESCRIPTION", marker):
            self._portal.call(
                "crm.activity.todo.add",
                ownerTypeId=place.kind,
                ownerId=place.id,
                title=text,
                description=f"{text}\n{marker}",
                **fields,
            )

    def _first(self, kind: int, **conditions: Any) -> dict[str, Any] | None:
        """Return the newest that fits, or None."""
        found = self._portal.call(
            "crm.item.list", entityTypeId=kind, filter=conditions, order={"id": "DESC"}
        )
        return found["items"][0] if found["items"] else None

    def _find(self, person: Person) -> dict[str, list[int]]:
        """Return the leads and the contacts with the person's phone, or else his address."""
        for type_, values in _SEARCHED:
            if given := getattr(person, values):
                found = self._portal.call("crm.duplicate.findbycomm", type=type_, values=given)
                if found:  # else it is a list, `[]`
                    return {"LEAD": found.get("LEAD", []), "CONTACT": found.get("CONTACT", [])}
        return {"LEAD": [], "CONTACT": []}

    def _contact(self, origin: str, person: Person) -> int:
        made = self._first(CONTACT, originatorId=ORIGINATOR, originId=origin)
        if made:
            return int(made["id"])
        fields = {"name": person.name, "fm": person.contacts()}
        return self._add(CONTACT, {**fields, "originatorId": ORIGINATOR, "originId": origin})

    def _add(self, kind: int, fields: dict[str, Any]) -> int:
        filled = {name: value for name, value in fields.items() if value not in (None, "", [])}
        added = self._portal.call("crm.item.add", entityTypeId=kind, fields=filled)
        return int(added["item"]["id"])

    def _fill(self, kind: int, item: dict[str, Any], fields: dict[str, Any]) -> None:
        """Give what was made here what later events told, and leave alone what a person changed."""
        empty = {
            name: value
            for name, value in fields.items()
            if value and name in item and not item[name]  # a deal has no name
        }
        responsible = fields.get("assignedById")
        untouched = item.get("assignedById") == item.get("createdBy")
        if responsible and untouched and responsible != item.get("assignedById"):
            empty["assignedById"] = responsible
        if empty:
            self._portal.call("crm.item.update", entityTypeId=kind, id=item["id"], fields=empty)


def _marked(found: Any, field: str, marker: str) -> bool:
    items: Iterable[dict[str, Any]] = found or []
    return any(marker in str(item.get(field)) for item in items)
