# SPDX-License-Identifier: Apache-2.0
"""The first webhook: sent as Envybox would, and shown as it was stored."""

from __future__ import annotations

import json
import os
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import gcloud
from gcloud import Stop

LABEL = "deploy-test"
WAIT_SECONDS = 180  # a new key works within two minutes, and so does a new grant


def key(secret: str, project: str) -> str | None:
    """Return a key to test with; None where the user has set keys, which are not ours to use.

    It is the only accepted key until the user adds the real ones, which replace it.
    """
    where = (f"--secret={secret}", f"--project={project}")
    content = gcloud.call("secrets", "versions", "access", "latest", *where)
    if content.startswith(f"{LABEL}="):  # of a run that was interrupted
        return content.removeprefix(f"{LABEL}=")
    if content:
        return None
    made = secrets.token_hex(16)
    # By standard input: a command's arguments can be seen by others on the machine.
    gcloud.call(
        "secrets",
        "versions",
        "add",
        secret,
        f"--project={project}",
        "--data-file=-",
        text=f"{LABEL}={made}",
    )
    return made


def send(url: str, key_: str) -> str:
    """Send a webhook until it is taken; return the event's id."""
    fields = {"webhooktype": "1", "phone": "79000000000", "call_state": "Заказ звонка", "key": key_}
    pause, deadline = 1.0, time.monotonic() + WAIT_SECONDS
    while True:
        status, answer = _post(url, urllib.parse.urlencode(fields).encode())
        if status == 200:
            return str(json.loads(answer)["id"])
        # 503: the key is not read yet; 403, 404: nor is the grant or the address known everywhere; 0: nor the name.
        if time.monotonic() + pause > deadline or status not in (0, 403, 404, 503):
            raise Stop(
                f"The test webhook was answered {status or 'not at all'}: {answer[:200]}. The receiver is deployed; docs/runbook.md "
                "says what to look at. `make deploy` sends it again."
            )
        time.sleep(pause)
        pause = min(2 * pause, 10)


def _post(url: str, body: bytes) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def stored(
    project: str, database: str, collection: str, event_id: str, token: str
) -> dict[str, Any]:
    """Return some fields of the stored event, by Firestore's REST API."""
    emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
    host = f"http://{emulator}" if emulator else "https://firestore.googleapis.com"
    path = urllib.parse.quote(
        f"projects/{project}/databases/{database}/documents/{collection}/{event_id}"
    )
    request = urllib.request.Request(
        f"{host}/v1/{path}", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            document = json.load(answer)["fields"]
    except OSError as error:
        raise Stop(
            f"The webhook was taken, but its event cannot be shown ({error}). See it in the console: "
            f"https://console.cloud.google.com/firestore/databases/{database}/data/panel/{collection}?project={project}"
        ) from None
    visitor = document["visitor"]["mapValue"]["fields"]
    publish = document["publish"]["mapValue"]["fields"]
    return {
        "id": document["id"]["stringValue"],
        "type": document["type"]["stringValue"],
        "received_at": document["received_at"]["timestampValue"],
        "visitor.phone": visitor["phone"].get("stringValue"),
        "publish.state": publish["state"]["stringValue"],
    }
