from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from envybox.google import messages, proto
from tests import official

ROOT = Path(__file__).parents[2]
NAMES = [name for name, value in vars(messages).items() if hasattr(value, "DESCRIPTOR")]
_ENUM, _INT32 = 14, 5


def differences(ours: Any, theirs: Any, seen: set[str]) -> list[str]:
    """Return in what the fields of a message of ours are not as Google's, and those inside."""
    if ours.full_name in seen:
        return []
    seen.add(ours.full_name)
    found = []
    for field in ours.fields:
        other = theirs.fields_by_name.get(field.name)
        if other is None or shape(field) != shape(other):
            found.append(f"{theirs.full_name}.{field.name}")
        elif field.message_type is not None:
            found += differences(field.message_type, other.message_type, seen)
    return found


def shape(field: Any) -> tuple[object, ...]:
    """Return what a field is on the wire and to whom sets it; an enum is a number there."""
    oneof = field.containing_oneof
    of = field.message_type
    return (
        field.number,
        _INT32 if field.type == _ENUM else field.type,
        field.is_repeated,
        field.has_presence,
        None if oneof is None else oneof.name,
        of is not None and (of.name, of.GetOptions().map_entry),
    )


@pytest.mark.parametrize("name", NAMES)
def test_as_defined(name: str) -> None:
    """Each field that is used has the number, the type and the oneof of Google's definition."""
    ours, theirs = getattr(messages, name).DESCRIPTOR, getattr(official, name).DESCRIPTOR
    assert [] == differences(ours, theirs, set())


def test_differences() -> None:
    """Another number, another type, another oneof and a field that there is not are all told."""
    text = """
message PublishRequest {
  string topic = 3;
  repeated PubsubMessage messages = 2;
  string unheard_of = 9;
}
message PubsubMessage {
  string data = 1;
  oneof key {
    string ordering_key = 5;
  }
}
"""
    ours = proto.classes(text)["PublishRequest"].DESCRIPTOR
    theirs = official.PublishRequest.DESCRIPTOR
    assert [
        "google.pubsub.v1.PublishRequest.topic",
        "google.pubsub.v1.PubsubMessage.data",
        "google.pubsub.v1.PubsubMessage.ordering_key",
        "google.pubsub.v1.PublishRequest.unheard_of",
    ] == differences(ours, theirs, set())


def test_what_is_not_known_here() -> None:
    """An answer with fields that are not used is read all the same."""
    answer = official.BatchWriteResponse()
    answer.write_results.add().update_time.seconds = 1
    answer.status.add(code=6, message="there already").details.add(value=b"1")
    assert [6] == [one.code for one in read(messages.BatchWriteResponse, answer).status]


def read(kind: Any, message: Any) -> Any:
    """Return a message of Google's classes as ours read it."""
    return kind.FromString(message.SerializeToString())


def test_without_the_libraries() -> None:
    """The backend is imported without Google's libraries, which may be imported after it."""
    program = """
import sys
from envybox.google import firestore, messages, pubsub
heavy = ("google.cloud.firestore_v1", "google.pubsub_v1", "google.api_core", "google.auth", "proto")
print([name for name in heavy if name in sys.modules])
from google.cloud import firestore, firestore_v1, pubsub_v1
print(firestore_v1.types.Document.pb() is messages.Document)
print(firestore.AsyncClient.__name__, pubsub_v1.PublisherClient.__name__)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == done.stderr
    assert ["[]", "False", "AsyncClient PublisherClient"] == done.stdout.splitlines()
