"""A server that speaks just enough of Google's APIs to count the calls that reach it.

It stands in for the emulators where a test is about what is on the wire, and when: those
cannot tell. It takes every write and every message.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from tests.official import (
    BatchWriteRequest,
    BatchWriteResponse,
    PublishRequest,
    PublishResponse,
)


class Wire(grpc.GenericRpcHandler):
    """The calls so far: the method's name, and how many writes or messages it brought.

    Publishing with an ordering key of `held` is answered when `release` is set, and so is
    writing where `holds_writes`.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []
        self.held: set[str] = set()
        self.holds_writes = False
        self.release = threading.Event()
        self._arrived = threading.Condition()

    def wait_for(self, number: int, seconds: float) -> bool:
        """Block until so many calls are here; tell whether they came in time."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.calls) >= number, seconds)

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method.rpartition("/")[2]
        serve, request = {
            "BatchWrite": (self._write, BatchWriteRequest),
            "Publish": (self._publish, PublishRequest),
        }[method]
        return grpc.unary_unary_rpc_method_handler(
            serve,
            request_deserializer=request.FromString,
            response_serializer=lambda response: response.SerializeToString(),
        )

    def _write(self, request: Any, _context: Any) -> Any:
        self._count("BatchWrite", len(request.writes))
        if self.holds_writes:
            self.release.wait(10)
        response = BatchWriteResponse()
        for _ in request.writes:
            response.status.add(code=0)
        return response

    def _publish(self, request: Any, _context: Any) -> Any:
        self._count("Publish", len(request.messages))
        if request.messages[0].ordering_key in self.held:
            self.release.wait(10)
        return PublishResponse(message_ids=["1" for _ in request.messages])

    def _count(self, method: str, items: int) -> None:
        with self._arrived:
            self.calls.append((method, items))
            self._arrived.notify_all()


@contextmanager
def wire() -> Iterator[tuple[Wire, str]]:
    """Serve; gives the calls' record and the server's `host:port`."""
    record = Wire()
    server = grpc.server(ThreadPoolExecutor(20), handlers=[record])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield record, f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()
