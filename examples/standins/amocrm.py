"""An amoCRM account: calls, unsorted leads, contacts, notes and tasks, and the odd answers.

Sources: https://www.amocrm.ru/developers/content/crm_platform, github amocrm/amocrm-api-php.
What is unsorted is found by no search until a person accepts it, and takes any doubles.
"""

from __future__ import annotations

import re
from typing import Any

from examples.standins.server import HTML, Reply, Request, StandIn

A_SECOND = 7
BLOCKED_AFTER = 3
"""So many answers of 429, and the account is blocked, until the support lifts it."""

NEW, WON, LOST = 1, 142, 143
_FIELDS = frozenset(
    ("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_CONTENT", "UTM_TERM", "ROISTAT")
)
_ONE = re.compile(r"/api/v4/(leads|contacts)/([0-9]+)/notes")


class AmoCrm(StandIn):
    """`leads` and `contacts` by their ids, `notes` (calls are notes too), `tasks`, `unsorted`."""

    def __init__(self, token: str, **options: Any) -> None:
        super().__init__(**options)
        self.token = token
        self.leads: dict[int, dict[str, Any]] = {}
        self.contacts: dict[int, dict[str, Any]] = {}
        self.notes: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.unsorted: list[dict[str, Any]] = []
        self.refusals = 0
        self._times: list[float] = []
        self._last_id = 0

    def answer(self, request: Request) -> Reply:
        if self.refusals >= BLOCKED_AFTER:
            return Reply(403, HTML)
        now = self.clock()
        self._times = [at for at in self._times if now - at < 1]
        if len(self._times) >= A_SECOND:
            self.refusals += 1
            return _problem(429, "Too Many Requests")
        self._times.append(now)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _problem(401, "Unauthorized")
        if request.method == "GET":
            return self._get(request)
        given = request.json()
        if not isinstance(given, list):
            return _invalid("FieldMissing", "0.source_uid")
        return self._post(request.path, given[0])

    def contact(self, phone: str, name: str = "", *, sorted_: bool = True) -> int:
        """Put a contact into the CRM, as a person does."""
        contact = {"name": name, "phone": phone, "leads": [], "sorted": sorted_}
        return self._keep(self.contacts, contact)

    def lead(self, contact: int, status: int = NEW) -> int:
        """Put a contact's lead into the CRM."""
        lead = self._keep(self.leads, {"status_id": status, "fields": {}, "tags": []})
        self.contacts[contact]["leads"].append(lead)
        return lead

    def _keep(self, where: dict[int, dict[str, Any]], what: dict[str, Any]) -> int:
        self._last_id += 1
        where[self._last_id] = {**what, "id": self._last_id}
        return self._last_id

    def _post(self, path: str, item: dict[str, Any]) -> Reply:
        if path == "/api/v4/calls":
            return self._call(item)
        if path.startswith("/api/v4/leads/unsorted/"):
            return self._unsorted(path.rpartition("/")[2], item)
        if path == "/api/v4/leads":
            return self._lead(item)
        if path == "/api/v4/tasks":
            self._last_id += 1
            self.tasks.append({**item, "id": self._last_id})
            return Reply(200, {"_embedded": {"tasks": [{"id": self._last_id}]}})
        if match := _ONE.fullmatch(path):
            return self._note(match.group(1), int(match.group(2)), item)
        return _problem(404, "Not Found")

    def _call(self, item: dict[str, Any]) -> Reply:
        for name in ("direction", "duration", "source", "phone"):
            if name not in item:
                return _invalid("FieldMissing", f"0.{name}")
        found = [one for one in self._find(item["phone"]) if one["sorted"]]
        if not found:
            error = {"request_id": "0", "title": "Entity not found", "status": 263}
            return Reply(200, {"_total_items": 0, "errors": [error], "_embedded": {"calls": []}})
        active = [lead for lead in found[0]["leads"] if self.leads[lead]["status_id"] == NEW]
        kind, place = ("leads", active[0]) if len(active) == 1 else ("contacts", found[0]["id"])
        self._note(kind, place, {"note_type": "call_in", "params": item})
        call = {
            "id": self._last_id,
            "entity_id": place,
            "entity_type": kind[:-1],
            "request_id": "0",
        }
        return Reply(200, {"_total_items": 1, "errors": [], "_embedded": {"calls": [call]}})

    def _unsorted(self, category: str, item: dict[str, Any]) -> Reply:
        for name in ("source_uid", "source_name", "metadata"):
            if name not in item:
                return _invalid("FieldMissing", f"0.{name}")
        (lead,), (contact,) = (item["_embedded"][name] for name in ("leads", "contacts"))
        fields = _codes(lead)
        if unknown := set(fields) - _FIELDS:
            return _invalid("NotSupportedChoice", f"0.custom_fields_values.{min(unknown)}")
        phone = _codes(contact).get("PHONE", "")
        person = self.contact(phone, contact.get("name", ""), sorted_=False)
        made = self.lead(person)
        tags = [tag["name"] for tag in lead["_embedded"]["tags"]]
        self.leads[made] |= {"name": lead["name"], "fields": fields, "tags": tags}
        linked = {"leads": [{"id": made}], "contacts": [{"id": person}], "companies": []}
        one = {
            "uid": f"uid{made}",
            "category": category,
            "created_at": item.get("created_at"),
            "metadata": item["metadata"],
            "request_id": "0",
            "_embedded": linked,
        }
        self.unsorted.append(one)
        if item["metadata"].get("is_call_event_needed"):
            self._note("leads", made, {"note_type": "call_in", "params": item["metadata"]})
        return Reply(200, {"_total_items": 1, "_embedded": {"unsorted": [one]}})

    def _lead(self, item: dict[str, Any]) -> Reply:
        fields = _codes(item)
        if unknown := set(fields) - _FIELDS:
            return _invalid("NotSupportedChoice", f"0.custom_fields_values.{min(unknown)}")
        made = self.lead(item["_embedded"]["contacts"][0]["id"])
        self.leads[made] |= {"name": item["name"], "fields": fields}
        return Reply(200, {"_embedded": {"leads": [{"id": made, "request_id": "0"}]}})

    def _note(self, kind: str, place: int, item: dict[str, Any]) -> Reply:
        if place not in getattr(self, kind):
            return _problem(404, "Not Found")
        self._last_id += 1
        self.notes.append({**item, "id": self._last_id, "entity_type": kind, "entity_id": place})
        return Reply(200, {"_embedded": {"notes": [{"id": self._last_id, "entity_id": place}]}})

    def _get(self, request: Request) -> Reply:
        query = request.query
        if match := _ONE.fullmatch(request.path):
            place = (match.group(1), int(match.group(2)))
            notes = [one for one in self.notes if (one["entity_type"], one["entity_id"]) == place]
            return _embedded("notes", notes[::-1])
        if request.path == "/api/v4/contacts":
            found = [one for one in self._find(query["query"]) if one["sorted"]]
            return _embedded("contacts", [_contact(one) for one in found])
        if request.path == "/api/v4/leads":
            wanted = [int(value) for name, value in query.items() if name.startswith("filter[id]")]
            found = [self.leads[one] for one in wanted if one in self.leads]
            return _embedded("leads", found)
        if request.path == "/api/v4/leads/unsorted":
            return _embedded("unsorted", self.unsorted[::-1])
        if request.path == "/api/v4/tasks":
            owner = int(query["filter[entity_id]"])
            return _embedded("tasks", [one for one in self.tasks if one["entity_id"] == owner])
        return _problem(404, "Not Found")

    def _find(self, phone: str) -> list[dict[str, Any]]:
        """Return the contacts with the last ten digits of this number."""
        wanted = re.sub(r"\D", "", phone)[-10:]
        return [
            one
            for one in self.contacts.values()
            if wanted and re.sub(r"\D", "", one["phone"])[-10:] == wanted
        ]


def _contact(one: dict[str, Any]) -> dict[str, Any]:
    phone = {"field_code": "PHONE", "values": [{"value": one["phone"]}]}
    leads = [{"id": lead} for lead in one["leads"]]
    return {"id": one["id"], "custom_fields_values": [phone], "_embedded": {"leads": leads}}


def _codes(item: dict[str, Any]) -> dict[str, Any]:
    fields = item.get("custom_fields_values") or []
    return {field["field_code"]: field["values"][0]["value"] for field in fields}


def _embedded(name: str, found: list[Any]) -> Reply:
    """Return what was found; nothing is 204 without a body, and no empty list."""
    return Reply(200, {"_embedded": {name: found}}) if found else Reply(204)


def _problem(status: int, title: str) -> Reply:
    kind = {"content-type": "application/problem+json"}
    return Reply(status, {"title": title, "status": status}, kind)


def _invalid(code: str, path: str) -> Reply:
    errors = [{"code": code, "path": path, "detail": "…"}]
    text = {"validation-errors": [{"request_id": "0", "errors": errors}], "status": 400}
    return Reply(400, text, {"content-type": "application/problem+json"})
