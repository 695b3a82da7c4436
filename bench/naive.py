"""The peer `naive`: the receiver that Google's tutorials would have you write.

Both clients at import, `collection.add()`, `publisher.publish().result()`, `update()`, on
Flask and the framework's threads. It has the same normalization and writes the same event,
and one line of log; it has no deduplication, no spool, no time limits.
"""

import json
import os
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import functions_framework
import msgspec
from flask import Request
from google.cloud import firestore, pubsub_v1

from envybox.event import encode
from envybox.receiver.normalize import normalize
from envybox.webhook import Webhook, encode_raw

db = firestore.Client()
publisher = pubsub_v1.PublisherClient()
zone = ZoneInfo("Europe/Moscow")
project = os.environ["GOOGLE_CLOUD_PROJECT"]
key = os.environ["ENVYBOX_KEYS"]


@functions_framework.http
def webhook(request: Request):
    if request.form.get("key") != key:
        return {"error": "invalid_key"}, 403
    fields = [pair for pair in request.form.items(multi=True) if pair[0] != "key"]
    received = Webhook(account="default", received_at=datetime.now(UTC), fields=fields)
    event = normalize(received, uuid4().hex, zone=zone, region="RU")
    document = msgspec.to_builtins(event, builtin_types=(datetime,))
    document["raw"] = encode_raw(fields)
    document["publish"] = {"state": "pending"}
    _, reference = db.collection("events").add(document)
    topic = publisher.topic_path(project, "envybox-" + event.type.replace(".", "-"))
    message_id = publisher.publish(topic, encode(event), type=event.type).result()
    reference.update({"publish.state": "published", "publish.message_id": message_id})
    print(json.dumps({"severity": "INFO", "message": "published", "event_id": event.id}))
    return {"status": "published", "id": event.id}
