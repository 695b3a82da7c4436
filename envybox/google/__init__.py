"""The backend on Google Cloud: Firestore and Pub/Sub, or their emulators."""

from __future__ import annotations

import os

from envybox.errors import SettingsError
from envybox.google.channel import Channel
from envybox.google.credentials import Google
from envybox.google.firestore import FirestoreStore
from envybox.google.pubsub import PubSubPublisher
from envybox.ports.backend import Backend
from envybox.settings import Settings


def open_backend(settings: Settings) -> Backend:
    """Return the store and the publisher; nothing is connected before the first call.

    Raises `SettingsError` where an emulator is to be used and no project is named.
    """
    firestore = os.environ.get("FIRESTORE_EMULATOR_HOST", "")
    pubsub = os.environ.get("PUBSUB_EMULATOR_HOST", "")
    if firestore and pubsub and not settings.project:
        raise SettingsError(
            "GOOGLE_CLOUD_PROJECT", "the emulators need it: any project id will do."
        )
    google = Google(settings.project)
    pubsub_channel = Channel(google, "pubsub.googleapis.com:443", pubsub)
    firestore_channel = Channel(google, "firestore.googleapis.com:443", firestore, pubsub_channel)
    return Backend(
        FirestoreStore(firestore_channel, settings.database, settings.collection),
        PubSubPublisher(pubsub_channel),
    )
