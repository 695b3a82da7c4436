"""Yandex.Metrica: offline conversions.

Source: https://yandex.ru/dev/metrika/en/management/openapi/offline_conversions/upload_1.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

from envybox import Event
from envybox.errors import Denied, Refused, Unavailable
from envybox.subscriber import api

from table import Row

LATEST = timedelta(days=21)
"""How long a conversion can be added to a visit."""

_ID = re.compile(r"[0-9]{1,32}")
_COLUMNS = ("ClientId", "Yclid", "Target", "DateTime", "Price", "Currency")


class Metrica:
    """A counter. Raises `Unavailable` and `UnknownOutcome`, `Denied`, `Refused`."""

    name = "Metrica"

    def __init__(self, url: str, counter: str, token: str) -> None:
        self._url = f"{url}/management/v1/counter/{counter}/offline_conversions"
        self._headers = {"authorization": f"OAuth {token}"}

    def knows(self, event: Event) -> bool:
        """Return whether the event has what ties it to a visit there."""
        return any(_ids(event))

    def send(self, event: Event, row: Row, at: datetime, *, thread: str, again: bool) -> None:
        """Upload the conversion of a call, a chat or a form; where it was begun before, look first.

        `thread` names which: another event of the call may have begun it.
        """
        comment = f"envybox {sha256(thread.encode()).hexdigest()[:32]}"
        if again and any(one.get("comment") == comment for one in self.uploads()):
            return
        boundary = token_hex(16)
        body = (
            f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="one.csv"\r\n'
            f"content-type: text/csv\r\n\r\n{_file(event, row, at)}\r\n--{boundary}--\r\n"
        )
        content = self._call(
            "POST",
            "upload",
            query={"type": "BASIC", "comment": comment},
            body=body.encode(),
            headers={"content-type": f"multipart/form-data; boundary={boundary}"},
        )
        taken = content.get("uploading", {})
        if taken.get("line_quantity") != taken.get("source_quantity"):
            raise Refused("Metrica did not take the line")

    def uploads(self) -> list[dict[str, Any]]:
        """Return what was uploaded, and what became of it: `status`, `linked_quantity`."""
        found: list[dict[str, Any]] = self._call("GET", "uploadings").get("uploadings", [])
        return found

    def _call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        headers = {**self._headers, **sent.pop("headers", {})}
        answer = api.call(method, f"{self._url}/{path}", headers=headers, **sent)
        content = answer.json()
        if answer.status == 200 and isinstance(content, dict):
            return content
        text = f"Metrica answered {answer.status}"
        if answer.status in (401, 403, 404):
            raise Denied(f"{text}: is the token valid for this counter?")
        if answer.status == 400 and isinstance(content, dict):
            kinds = [str(one.get("error_type")) for one in content.get("errors", [])]
            raise Refused(f"{text}: {', '.join(kinds)}")
        raise Unavailable(text)  # 429: the quota of a second, or of a day


def _file(event: Event, row: Row, at: datetime) -> str:
    """Return a file of one line. Ids are text: they are past what a number holds exactly."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    price = ("", "") if row.value is None else (f"{row.value:.2f}", row.currency)
    writer.writerow(_COLUMNS)
    writer.writerow((*_ids(event), row.goal, int(at.timestamp()), *price))
    return text.getvalue()


def _ids(event: Event) -> tuple[str, str]:
    """Return ClientId and Yclid; what has not the form of one is a visitor's invention."""
    given = (event.ids.yandex_client_id or "", event.ids.yclid or "")
    client, click = (one if _ID.fullmatch(one) else "" for one in given)
    return client, click
