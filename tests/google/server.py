"""A tiny gRPC server in the test's own process, whose answers a test writes itself."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio


class Api(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Methods by name (`Publish`): of a request's bytes and a context, async.

    One that yields streams. `metadata` and `paths` are those of the calls so far.
    """

    def __init__(self, **methods: Callable[[bytes, Any], Any]) -> None:
        self.methods = methods
        self.paths: list[str] = []
        self.metadata: list[dict[str, str]] = []

    def service(self, details: Any) -> Any:
        self.paths.append(details.method)
        self.metadata.append(dict(details.invocation_metadata))
        method = self.methods.get(details.method.rpartition("/")[2])
        if method is None:
            return None
        make = grpc.unary_unary_rpc_method_handler
        if inspect.isasyncgenfunction(method):
            make = grpc.unary_stream_rpc_method_handler
        return make(method, response_serializer=lambda message: message.SerializeToString())


@asynccontextmanager
async def serving(api: Api, credentials: Any = None) -> AsyncIterator[str]:
    """Serve an API; yields its host and port."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((api,))
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
