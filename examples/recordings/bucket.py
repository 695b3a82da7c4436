"""Cloud Storage: keeps an object under a name that is free, by its JSON API.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/insert. Google's client
would cost more of a cold start than all the rest of this function.
"""

from __future__ import annotations

import json
import os
from secrets import token_hex

from envybox.errors import Denied, Unavailable
from envybox.subscriber import api

_METADATA = (
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
)


class Bucket:
    """A bucket. Raises `Unavailable` and `UnknownOutcome`, and `Denied`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")

    def keep(self, name: str, content: bytes, type_: str, labels: dict[str, str]) -> bool:
        """Keep an object; return False where one of its name is there, which is left as it is.

        So it can be tried again, whatever became of the try before.
        """
        about = json.dumps({"name": name, "contentType": type_, "metadata": labels})
        boundary = token_hex(16)
        body = (
            f"--{boundary}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{about}\r\n"
            f"--{boundary}\r\ncontent-type: {type_}\r\n\r\n"
        ).encode() + b"%s\r\n--%s--\r\n" % (content, boundary.encode())
        answer = api.call(
            "POST",
            f"{self._emulator or 'https://storage.googleapis.com'}/upload/storage/v1/b/{self._name}/o",
            query={"uploadType": "multipart", "ifGenerationMatch": "0"},
            body=body,
            headers={"content-type": f"multipart/related; boundary={boundary}", **self._token()},
            seconds=30,
        )
        if answer.status in (200, 412):
            return answer.status == 200
        text = f"Cloud Storage answered {answer.status}"
        if answer.status in (401, 403, 404):
            raise Denied(f"{text}: is the bucket there, and may this account write to it?")
        raise Unavailable(text)

    def _token(self) -> dict[str, str]:
        if self._emulator:
            return {}
        answer = api.call("GET", _METADATA, headers={"metadata-flavor": "Google"}, seconds=5)
        content = answer.json()
        if answer.status != 200 or not isinstance(content, dict):
            raise Unavailable(f"the metadata server answered {answer.status}")
        return {"authorization": f"Bearer {content['access_token']}"}
