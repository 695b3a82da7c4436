"""Cloud Storage's JSON API, as far as one upload: an object under a name that is free.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/insert.
"""

from __future__ import annotations

import email
import json
from typing import Any

from examples.standins.server import Reply, Request, StandIn


class Storage(StandIn):
    """`objects` has each object's description and content, by its name."""

    def __init__(self, bucket: str, **options: Any) -> None:
        super().__init__(**options)
        self.bucket = bucket
        self.objects: dict[str, tuple[dict[str, Any], bytes]] = {}

    def answer(self, request: Request) -> Reply:
        if request.path != f"/upload/storage/v1/b/{self.bucket}/o":
            return Reply(404, {"error": {"code": 404}})
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        whole: Any = email.message_from_bytes(head + request.body)
        about, media = whole.get_payload()
        described = json.loads(about.get_payload())
        name = described["name"]
        if name in self.objects and request.query.get("ifGenerationMatch") == "0":
            return Reply(412, {"error": {"code": 412}})
        content = request.body.split(b"\r\n\r\n", 2)[2].rpartition(b"\r\n--")[0]
        self.objects[name] = ({**described, "contentType": media.get_content_type()}, content)
        return Reply(200, {"name": name, "generation": "1"})
