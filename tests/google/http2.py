"""A server of bare HTTP/2 frames, for what gRPC's own does at no time that a test can choose.

https://www.rfc-editor.org/rfc/rfc9113
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_HEADERS, _SETTINGS, _PING, _GOAWAY = 1, 4, 6, 7
_ACK = 1
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_NOT_FOUND = (
    b"\x88"  # :status 200, by its index; the others as literals
    b"\x00\x0ccontent-type\x10application/grpc"
    b"\x00\x0bgrpc-status\x015"
)


@asynccontextmanager
async def going_away() -> AsyncIterator[tuple[str, list[int]]]:
    """Serve: the first call finds a GOAWAY that leaves it out, later ones NOT_FOUND.

    Yields the host and port, and the ids of the streams so far.
    """
    streams: list[int] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            assert _PREFACE == await reader.readexactly(len(_PREFACE))
            writer.write(_frame(_SETTINGS, 0, 0))
            while True:
                head = await reader.readexactly(9)
                kind, flags = head[3:5]
                (stream,) = struct.unpack(">I", head[5:])
                payload = await reader.readexactly(int.from_bytes(head[:3]))
                if kind == _SETTINGS and flags != _ACK:
                    writer.write(_frame(_SETTINGS, _ACK, 0))
                elif kind == _PING and flags != _ACK:
                    writer.write(_frame(_PING, _ACK, 0, payload))
                elif kind == _HEADERS:
                    streams.append(stream)
                    if len(streams) > 1:
                        writer.write(_frame(_HEADERS, 0b101, stream, _NOT_FOUND))
                    else:
                        writer.write(_frame(_GOAWAY, 0, 0, bytes(8)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}", streams
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload
