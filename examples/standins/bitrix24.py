"""A Bitrix24 portal: leads, deals and contacts, their timelines, and the odd answers.

Source: github bitrix24/b24restdocs. As there: nothing keeps two of one `originId` apart, an
unknown field is dropped without a word, and a search that finds nothing answers `[]`.
"""

from __future__ import annotations

from typing import Any

from examples.standins.server import Reply, Request, StandIn

LEAD, DEAL, CONTACT = 1, 2, 3
BUCKET, A_SECOND = 50, 2
PATH = "/rest/1/secretcode/"
"""A webhook's: the user's number and the code, which is the secret."""

_FIELDS = frozenset(
    (
        "title",
        "name",
        "sourceId",
        "sourceDescription",
        "stageId",
        "comments",
        "assignedById",
        "contactId",
        "originatorId",
        "originId",
        "utmSource",
        "utmMedium",
        "utmCampaign",
        "utmContent",
        "utmTerm",
        "fm",
        "ufCrmRoistat",
    )
)
_OWNERS = {"lead": LEAD, "deal": DEAL, "contact": CONTACT}


class Bitrix24(StandIn):
    """`items` has the leads (1), deals (2) and contacts (3) by their ids."""

    def __init__(self, *, simple: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.simple = simple
        self.items: dict[int, dict[int, dict[str, Any]]] = {LEAD: {}, DEAL: {}, CONTACT: {}}
        self.comments: list[dict[str, Any]] = []
        self.todos: list[dict[str, Any]] = []
        self._last_id = 0
        self._level, self._at = 0.0, self.clock()

    @property
    def webhook(self) -> str:
        """The incoming webhook's URL."""
        return self.url + PATH

    def answer(self, request: Request) -> Reply:
        if not request.path.startswith(PATH):
            return _error(401, "NO_AUTH_FOUND", "Wrong authorization data")
        now = self.clock()
        self._level, self._at = max(0.0, self._level - A_SECOND * (now - self._at)), now
        if self._level >= BUCKET:
            return _error(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        self._level += 1
        method = request.path.removeprefix(PATH).removesuffix(".json")
        if method.startswith("telephony."):
            text = "Current authorization type is denied for this method"
            return _error(403, "WRONG_AUTH_TYPE", text)
        name = "_" + method.replace(".", "_")
        if not hasattr(self, name):
            return _error(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        answer: Reply = getattr(self, name)(request.json())
        return answer

    def add(self, kind: int, **fields: Any) -> int:
        """Put something into the CRM, as a person does."""
        self._last_id += 1
        stage = {"stageSemanticId": "P", "createdBy": 1, "assignedById": 1}
        every = dict.fromkeys(_FIELDS - ({"name"} if kind == DEAL else set()))
        self.items[kind][self._last_id] = {**every, **stage, **fields, "id": self._last_id}
        return self._last_id

    def _crm_settings_mode_get(self, _: Any) -> Reply:
        return _result(2 if self.simple else 1)

    def _crm_item_add(self, given: Any) -> Reply:
        kind, fields = given["entityTypeId"], given["fields"]
        known = {name: value for name, value in fields.items() if name in _FIELDS}
        new = self.add(kind, **known)
        if kind == LEAD and self.simple:
            self.items[LEAD][new].update(stageId="CONVERTED", stageSemanticId="S")
            self.add(DEAL, **known)
        return _result({"item": self.items[kind][new]})

    def _crm_item_update(self, given: Any) -> Reply:
        item = self.items[given["entityTypeId"]].get(given["id"])
        if item is None:
            return _error(400, "NOT_FOUND", "Item not found")
        item.update({name: value for name, value in given["fields"].items() if name in _FIELDS})
        return _result({"item": item})

    def _crm_item_list(self, given: Any) -> Reply:
        found = [
            item
            for item in self.items[given["entityTypeId"]].values()
            if all(_matches(item, name, value) for name, value in given["filter"].items())
        ]
        found.sort(key=lambda item: -int(item["id"]))
        return _result({"items": found[:50]}, total=len(found))

    def _crm_duplicate_findbycomm(self, given: Any) -> Reply:
        kinds = {"LEAD": LEAD, "CONTACT": CONTACT}
        found = {
            name: [
                item["id"]
                for item in self.items[kind].values()
                if any(
                    one["typeId"] == given["type"] and one["value"] in given["values"]
                    for one in item["fm"] or []
                )
            ]
            for name, kind in kinds.items()
        }
        return _result({name: ids for name, ids in found.items() if ids} or [])

    def _crm_timeline_comment_add(self, given: Any) -> Reply:
        fields = given["fields"]
        if fields["ENTITY_ID"] not in self.items[_OWNERS[fields["ENTITY_TYPE"]]]:
            return _error(400, "OWNER_NOT_FOUND", "Owner was not found")
        self._last_id += 1
        self.comments.append({**fields, "ID": str(self._last_id)})
        return _result(self._last_id)

    def _crm_timeline_comment_list(self, given: Any) -> Reply:
        wanted = given["filter"].items()
        found = [one for one in self.comments if all(one[name] == value for name, value in wanted)]
        return _result(found[::-1][:50])

    def _crm_activity_todo_add(self, given: Any) -> Reply:
        if given["ownerId"] not in self.items[given["ownerTypeId"]]:
            return _error(400, "OWNER_NOT_FOUND", "Owner was not found")
        self._last_id += 1
        self.todos.append({**given, "id": self._last_id})
        return _result({"id": self._last_id})

    def _crm_activity_list(self, given: Any) -> Reply:
        owner = (given["filter"]["OWNER_TYPE_ID"], given["filter"]["OWNER_ID"])
        found = [
            {"ID": str(one["id"]), "DESCRIPTION": one["description"]}
            for one in self.todos
            if (one["ownerTypeId"], one["ownerId"]) == owner
        ]
        return _result(found[::-1][:50])


def _matches(item: dict[str, Any], name: str, value: Any) -> bool:
    return item.get(name[1:]) in value if name.startswith("@") else item.get(name) == value


def _result(result: Any, **more: Any) -> Reply:
    return Reply(200, {"result": result, **more, "time": {"operating": 0.1}})


def _error(status: int, code: str, description: str) -> Reply:
    return Reply(status, {"error": code, "error_description": description})
