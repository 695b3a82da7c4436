"""Anything at all to `recover`: taken, buried or refused, never a defect.

It is private, but Pub/Sub brings it what anybody with a grant on the spool published.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.function import Function
from tests.security.test_fuzz import NAMES, VALUES, fuzzed, repeat

TIMES = st.sampled_from(
    [
        "2026-11-22T06:46:00.123456Z",
        "2026-11-22T06:46:00+05:45",
        "2026-11-22T06:46:00",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-12:00",
        "2026-13-45T99:99:99Z",
        "",
    ]
) | st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3)
    ),
    max_leaves=8,
)
SPOOLED = st.fixed_dictionaries(
    {
        "spool_version": st.sampled_from([1, 1, 1, 2, "1", None]),
        "account": st.sampled_from(["shop", "", "a/b", "é" * 2000, None]) | st.text(max_size=20),
        "received_at": TIMES,
        "fields": st.lists(st.tuples(NAMES, VALUES), max_size=8) | JSON,
    }
)
ATTRIBUTES = st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=3) | JSON


@pytest.fixture(scope="module")
def recover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    """Return a running `recover` with a file of its own."""
    path = tmp_path_factory.mktemp("recover") / "envybox.db"
    environ = {
        "ENVYBOX_BACKEND": "local",
        "ENVYBOX_LOCAL_PATH": str(path),
        "ENVYBOX_RETENTION_DAYS": "30",
    }
    function = Function("recover", environ)
    function.restart()
    yield function
    function.kill()


def envelope(data: bytes, attributes: Any) -> bytes:
    """Return a push request of Pub/Sub."""
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes}
    return json.dumps({"message": message, "subscription": "s"}).encode()


def test_any_request_to_recover_is_answered_without_a_defect(recover: Function) -> None:
    """A push with any message, and any other body: 200 or 400, and no stack in the log."""

    @fuzzed
    @given(
        body=st.builds(envelope, SPOOLED.map(lambda value: json.dumps(value).encode()), ATTRIBUTES)
        | st.builds(envelope, st.binary(max_size=50), ATTRIBUTES)
        | JSON.map(lambda value: json.dumps(value).encode())
        | st.binary(max_size=50)
    )
    def examples(body: bytes) -> None:
        assert recover.ask("POST", body).status in (200, 400)

    repeat(examples)
    assert [] == [line for line in recover.log if "stack" in line or "Traceback" in line]
