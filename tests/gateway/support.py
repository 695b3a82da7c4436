"""What the gateway's own tests share: a gateway before a server that takes everything."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import msgspec

from tests.gateway import deployment
from tests.gateway.call import Rule
from tests.gateway.proxy import REQUESTS, STREAMS, Gateway, Token
from tests.gateway.roles import PERMISSIONS

PROJECT = "demo-gateway"
_PLANNED = deployment.load(PROJECT)
_STRANGER = deployment.Account(databases=frozenset(), topics=frozenset())
VIEWER = deployment.Account(roles=frozenset({"roles/datastore.viewer", "roles/pubsub.viewer"}))
"""Who may only look."""
OPERATOR = deployment.Account(roles=frozenset({"roles/datastore.user", "roles/pubsub.editor"}))
"""Who may use every command: the roles that docs/cli.md names."""
STRICT = msgspec.structs.replace(
    _PLANNED,
    accounts={
        **_PLANNED.accounts,
        "stranger": _STRANGER,
        "viewer": VIEWER,
        "operator": OPERATOR,
    },
)
"""The deployment, an account that may do nothing, and two persons."""

PATHS = {
    method: f"/google.pubsub.v1.Publisher/{method}"
    if method == "Publish"
    else f"/google.firestore.v1.Firestore/{method}"
    for method in REQUESTS
} | {method: f"/{one.service}/{method}" for method, one in PERMISSIONS.items()}
ROUTED = {"google-cloud-resource-prefix": STRICT.database}
OWNER = {"authorization": "Bearer owner"}


class _TakesAll(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Answers every call with an empty message, and keeps what it was sent."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        if details.method.rpartition("/")[2] in STREAMS:
            return grpc.unary_stream_rpc_method_handler(lambda data, _: iter([self._take(data)]))
        return grpc.unary_unary_rpc_method_handler(lambda data, _: self._take(data))

    def _take(self, data: bytes) -> bytes:
        self.taken.append(data)
        return b""


class Asked:
    """A gateway to ask: `ask` makes a call and returns its status and message."""

    def __init__(self, gateway: Gateway, behind: _TakesAll) -> None:
        self.gateway = gateway
        self.taken = behind.taken
        self._channels: dict[str, grpc.Channel] = {}

    def channel(self, account: str) -> grpc.Channel:
        """Return a channel to an account's door."""
        if account not in self._channels:
            door = self.gateway.door({"owner": Token(account)})
            unlimited = [("grpc.max_send_message_length", -1)]
            self._channels[account] = grpc.insecure_channel(f"127.0.0.1:{door}", unlimited)
        return self._channels[account]

    def ask(
        self,
        method: str,
        request: Any,
        headers: Mapping[str, str] = {},
        *,
        account: str = "webhook",
    ) -> tuple[grpc.StatusCode, str]:
        """Call a method with these headers."""
        channel = self.channel(account)
        make = channel.unary_stream if method in STREAMS else channel.unary_unary
        call = make(PATHS[method])
        metadata = list(headers.items())
        try:
            answer = call(request.SerializeToString(), metadata=metadata, timeout=20)
            list(answer)
        except grpc.RpcError as error:
            return error.code(), error.details()
        return grpc.StatusCode.OK, ""

    def close(self) -> None:
        """Close the channels."""
        for channel in self._channels.values():
            channel.close()


@contextlib.contextmanager
def asked(rules: Iterable[Rule]) -> Iterator[Asked]:
    """Serve a gateway of these rules."""
    behind = _TakesAll()
    options = [("grpc.max_receive_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(4), options=options)
    server.add_generic_rpc_handlers((behind,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    gateway = Gateway(f"127.0.0.1:{port}", rules, STRICT)
    one = Asked(gateway, behind)
    try:
        yield one
    finally:
        one.close()
        gateway.close()
        server.stop(None).wait()
