"""The gateway: a gRPC proxy before an emulator, that refuses what Google refuses.

Each service account has a door of its own (a port): to an emulator every function comes as its
owner, so the door tells whose call it is. Where the calls have tokens, one door takes them all.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import grpc
from google.cloud.firestore_v1.types import firestore
from google.pubsub_v1.types import pubsub

from tests.gateway import answers, roles
from tests.gateway.call import Call, Rule
from tests.gateway.deployment import Deployment
from tests.gateway.rules import FIRESTORE, PUBSUB
from tests.gateway.writes import name_of

REQUESTS: dict[str, Any] = {
    "BatchWrite": firestore.BatchWriteRequest.pb(),
    "GetDocument": firestore.GetDocumentRequest.pb(),
    "RunQuery": firestore.RunQueryRequest.pb(),
    "RunAggregationQuery": firestore.RunAggregationQueryRequest.pb(),
    "Publish": pubsub.PublishRequest.pb(),
    **{method: permission.request for method, permission in roles.PERMISSIONS.items()},
}
"""The calls that the functions and the operator make; no other one is let through."""

STREAMS = {"RunQuery", "RunAggregationQuery", "BatchGetDocuments"}
_BatchWriteResponse = firestore.BatchWriteResponse.pb()
_EMULATOR_SECONDS = 30.0
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Token(NamedTuple):
    """A token: whose it is, and when it ends (seconds from 1970)."""

    account: str
    ends_at: float = float("inf")


class Gateway:
    """Passes calls on to an emulator, those aside that break a rule.

    `contended` are documents (their last ids) that others write all the time: each write of
    one ends with ABORTED, whatever becomes of the rest of its call.
    """

    def __init__(self, emulator: str, rules: Iterable[Rule], deployment: Deployment) -> None:
        self.deployment = deployment
        self.rules = tuple(rules)
        self.refused: list[tuple[str, Rule]] = []
        self.contended: set[str] = set()
        self._channel = grpc.insecure_channel(emulator, options=_OPTIONS)
        self._servers: list[grpc.Server] = []

    def door(
        self,
        tokens: Mapping[str, Token],
        *,
        credentials: grpc.ServerCredentials | None = None,
        options: Sequence[tuple[str, int]] = (),
        bare: str | None = None,
    ) -> int:
        """Open a port for calls with these tokens, and return it.

        `bare`: the token of a call without one, as Google's clients send to an emulator.
        """
        server = grpc.server(ThreadPoolExecutor(100), options=[*_OPTIONS, *options])
        server.add_generic_rpc_handlers((_Door(self, tokens, bare),))
        port: int
        if credentials is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        self._servers.append(server)
        return port

    def close(self) -> None:
        """Stop."""
        for stopping in [server.stop(None) for server in self._servers]:
            stopping.wait()
        self._channel.close()

    def before(self, method: str, request: bytes, context: grpc.ServicerContext) -> None:
        """Do what is to be done before a call that keeps the rules is passed on: nothing."""

    def after(self, method: str, request: bytes, context: grpc.ServicerContext) -> None:
        """Do what is to be done when it took effect: nothing."""

    def answer(self, path: str, call: Call, data: bytes, context: Any) -> list[bytes]:
        """Return the answers to a call; abort it where it breaks a rule."""
        method = call.method
        for rule in self.rules:
            if details := rule.check(call, self.deployment):
                self.refused.append((method, rule))
                context.abort(rule.status, details)
        self.before(method, data, context)
        found = self._pass_on(path, call, data, context)
        self.after(method, data, context)
        return found

    def _pass_on(self, path: str, call: Call, data: bytes, context: Any) -> list[bytes]:
        metadata = [("authorization", "Bearer owner")]
        try:
            if call.method in STREAMS:
                stream = self._channel.unary_stream(path)
                return list(stream(data, metadata=metadata, timeout=_EMULATOR_SECONDS))
            unary = self._channel.unary_unary(path)
            if any(self._is_contended(write) for write in call.writes):
                return [self._with_contention(call, unary, metadata)]
            if call.method == "Pull":  # one that nobody waits for any more would take messages
                left = min(context.time_remaining() or _EMULATOR_SECONDS, _EMULATOR_SECONDS)
                pulling = unary.future(data, metadata=metadata, timeout=left)
                context.add_callback(pulling.cancel)
                return [pulling.result()]
            return [unary(data, metadata=metadata, timeout=_EMULATOR_SECONDS)]
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
            raise

    def _is_contended(self, write: Any) -> bool:
        return name_of(write).rpartition("/")[2] in self.contended

    def _with_contention(self, call: Call, unary: Callable[..., bytes], metadata: Any) -> bytes:
        """Pass the writes on whose documents are not contended; ABORTED for the others.

        https://firebase.google.com/docs/firestore/transaction-data-contention
        """
        lucky = REQUESTS["BatchWrite"](database=call.request.database)
        lucky.writes.extend(one for one in call.writes if not self._is_contended(one))
        done = _BatchWriteResponse()
        if lucky.writes:
            data = unary(lucky.SerializeToString(), metadata=metadata, timeout=_EMULATOR_SECONDS)
            done.ParseFromString(data)
        results = iter(zip(done.write_results, done.status, strict=True))
        response = _BatchWriteResponse()
        for write in call.writes:
            if self._is_contended(write):
                response.write_results.add()
                response.status.add(
                    code=grpc.StatusCode.ABORTED.value[0],
                    message="Too much contention on these documents. Please try again.",
                )
            else:
                result, status = next(results)
                response.write_results.append(result)
                response.status.append(status)
        encoded: bytes = response.SerializeToString()
        return encoded


class _Door(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    def __init__(self, gateway: Gateway, tokens: Mapping[str, Token], bare: str | None) -> None:
        self._gateway = gateway
        self._tokens = tokens
        self._bare = {} if bare is None else {"authorization": f"Bearer {bare}"}

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        path = details.method
        method = path.rpartition("/")[2]
        if method not in REQUESTS:
            return None  # UNIMPLEMENTED
        metadata = self._bare | dict(details.invocation_metadata)
        scheme, _, name = metadata.get("authorization", "").partition(" ")
        token = self._tokens.get(name) if scheme == "Bearer" else None
        account = token.account if token and token.ends_at > time.time() else None

        def answer(data: bytes, context: Any) -> list[bytes]:
            request = REQUESTS[method].FromString(data)
            call = Call(method, metadata, request, len(data), account)
            return self._gateway.answer(path, call, data, context)

        if method not in STREAMS:
            return grpc.unary_unary_rpc_method_handler(
                lambda data, context: answer(data, context)[0]
            )

        def stream(data: bytes, context: Any) -> Iterator[bytes]:
            yield from answers.streamed(method, answer(data, context))

        return grpc.unary_stream_rpc_method_handler(stream)


class Pair(NamedTuple):
    """A gateway before each emulator, and their doors (host and port) for each account."""

    firestore: Gateway
    pubsub: Gateway
    doors: dict[str, dict[str, str]]


@contextlib.contextmanager
def guarding(firestore: str, pubsub: str, deployment: Deployment) -> Iterator[Pair]:
    """Put gateways before two emulators; `doors` are environment variables by account."""
    store = Gateway(firestore, FIRESTORE, deployment)
    topics = Gateway(pubsub, PUBSUB, deployment)
    doors = {
        account: {
            f"{name}_EMULATOR_HOST": f"127.0.0.1:{gateway.door(tokens, bare=bare)}"
            for name, gateway in (("FIRESTORE", store), ("PUBSUB", topics))
        }
        for account, tokens, bare in (
            # Google's clients, which a person's commands use, send an emulator no token.
            (name, {"owner": Token(name)}, "owner" if one.roles else None)
            for name, one in deployment.accounts.items()
        )
    }
    try:
        yield Pair(store, topics, doors)
    finally:
        store.close()
        topics.close()
