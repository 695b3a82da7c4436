"""Fetches a recording from the hosts that may have one, and from nowhere else.

The link comes in a webhook. So that it cannot be used to reach what this function can reach
and others cannot: hosts are on a list, a name is resolved once and must be a public address,
each redirect is checked the same way, and what comes is a sound by its content.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from envybox.errors import Refused, Unavailable

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class NotReady(Unavailable):
    """There is no recording at the link now. There may be one later."""


class Sound(NamedTuple):
    """A recording: its content, its media type and its file's extension."""

    content: bytes
    type: str
    extension: str


class Fetcher:
    """Fetches from `hosts` and the names below them, at most so many bytes, for so long.

    A host that is listed with a port (`192.0.2.1:8080`) may be any address: it is yours.
    """

    def __init__(self, hosts: frozenset[str], *, most_bytes: int, seconds: float = 45.0) -> None:
        self._hosts = hosts
        self._most_bytes = most_bytes
        self._seconds = seconds
        self.resolve: Callable[[str, int], list[str]] = _resolve
        self.connect: Callable[[str, int, float], socket.socket] = _connect

    def fetch(self, url: str) -> Sound:
        """Return the recording. Raises `NotReady`, or `Refused` for what must not be fetched."""
        deadline = time.monotonic() + self._seconds
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.port is None:  # https first
            try:
                return self._follow(parts._replace(scheme="https"), deadline)
            except NotReady:
                pass
        return self._follow(parts, deadline)

    def _follow(self, parts: SplitResult, deadline: float) -> Sound:
        for _ in range(MOST_REDIRECTS):
            status, location, content = self._get(parts, deadline)
            if status not in _REDIRECTS or not location:
                break
            parts = urlsplit(urljoin(parts.geturl(), location))
        if status != 200:
            raise NotReady(f"{parts.hostname} answered {status}")
        sound = _sound(content)
        if sound is None:
            raise NotReady(f"{parts.hostname} sent no sound")
        return sound

    def _get(self, parts: SplitResult, deadline: float) -> tuple[int, str | None, bytes]:
        host, port, address = self._checked(parts)
        try:
            with self.connect(address, port, self._left(deadline)) as plain:
                # The name again, for the certificate: the connection is to the address.
                secure = parts.scheme == "https"
                sock = _tls().wrap_socket(plain, server_hostname=host) if secure else plain
                with sock:
                    return self._read(sock, parts, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise NotReady(f"{host}: {type(error).__name__}") from None

    def _checked(self, parts: SplitResult) -> tuple[str, int, str]:
        """Return the host, the port, and the address to connect to. Raises `Refused`."""
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme not in ("http", "https") or not host:
            raise Refused("the link is no web address")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        listed_with_port = f"{host}:{port}" in self._hosts
        if not listed_with_port:
            if not any(host == one or host.endswith(f".{one}") for one in self._hosts):
                raise Refused("the link's host is not in RECORDINGS_HOSTS")
            if parts.port not in (None, 80, 443):
                raise Refused("the link has a port of its own")
        try:
            addresses = self.resolve(host, port)
        except OSError:
            raise NotReady(f"{host} has no address") from None
        if not listed_with_port and not all(_is_public(one) for one in addresses):
            raise Refused(f"{host} has an address that is not public")
        return host, port, addresses[0]

    def _read(
        self, sock: socket.socket, parts: SplitResult, deadline: float
    ) -> tuple[int, str | None, bytes]:
        connection = http.client.HTTPConnection(parts.netloc)
        connection.sock = sock
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"user-agent": "envybox-subscriber/1"})
        response = connection.getresponse()
        content = bytearray()
        while chunk := response.read1(65536):
            content += chunk
            if len(content) > self._most_bytes:
                raise Refused("the recording is larger than RECORDINGS_MAX_MB")
            sock.settimeout(self._left(deadline))
        return response.status, response.headers.get("location"), bytes(content)

    @staticmethod
    def _left(deadline: float) -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _connect(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=seconds)


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (mapped is None or mapped.is_global)


def _sound(content: bytes) -> Sound | None:
    """Return a recording by its content: its link's name and its content type prove nothing."""
    if content.startswith(b"ID3") or (content[:1] == b"\xff" and content[1:2] >= b"\xe0"):
        return Sound(content, "audio/mpeg", "mp3")
    if content.startswith(b"RIFF") and content[8:12] == b"WAVE":
        return Sound(content, "audio/wav", "wav")
    if content.startswith(b"OggS"):
        return Sound(content, "audio/ogg", "ogg")
    if content[4:8] == b"ftyp":
        return Sound(content, "audio/mp4", "m4a")
    return None
