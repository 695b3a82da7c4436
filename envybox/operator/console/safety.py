"""Who may ask the console for what: an ASGI middleware around all that it serves.

To listen on this machine alone keeps nobody out who runs a page in its user's browser: a name
that is pointed at 127.0.0.1 reaches it (DNS rebinding), so the Host has to be ours; a form on
any page can be sent to it, so what changes anything has to come from here; and on a project's
data, whoever else has an account on the machine needs the token too.
Source of the rule on origins: https://words.filippo.io/csrf/
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing that a payload names is fetched, run or framed, whatever a template forgets."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # a click on a recording tells nobody of this page
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def hosts(host: str, port: int) -> frozenset[str]:
    """Return the values of the header Host that are ours: loopback's names, and `host`."""
    names = {"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host}
    bare = names if port == 80 else set()
    return frozenset({f"{name}:{port}" for name in names} | bare)


class Guard:
    """Lets a request through, or refuses it; puts the headers on whatever is answered.

    `token`: what a browser has to know, first as `?token=`, then as a cookie; '' for none.
    `port`: names the cookie, for browsers keep one jar for all ports of a host.
    """

    def __init__(self, app: ASGIApp, *, allowed: Iterable[str], token: str, port: int) -> None:
        self._app = app
        self._allowed = frozenset(allowed)
        self._token = token
        self._cookie = f"envybox_console_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of HTTP: nothing else is served."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._refusal(scope) or self._app
        await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if headers.getlist("host") not in [[host] for host in self._allowed]:
            known = ", ".join(sorted(self._allowed))
            return _refuse(421, f"This is not the console's address. It answers to: {known}.")
        if not _comes_from_here(scope, headers):
            return _refuse(403, "Another site asked for this. Open the console's own page.")
        return self._without_token(scope, headers) if self._token else None

    def _without_token(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        if self._is_token(cookie_parser(headers.get("cookie", "")).get(self._cookie, "")):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if scope["method"] == "GET" and self._is_token(dict(query).get("token", "")):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            path = "/" + scope["path"].lstrip("/")  # `//host` would be another site's
            answer = RedirectResponse(path + (f"?{rest}" if rest else ""), 303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return answer
        return _refuse(403, "Open the link that `envybox console` printed: it has the token.")

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), self._token.encode())


def _comes_from_here(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Tell whether a page of the console, its user or no browser asked."""
    site = headers.get("sec-fetch-site")
    if site in ("same-origin", "none"):
        return True
    if scope["method"] in SAFE:
        # A link on another page may lead here; a script or a picture of its may not.
        return site is None or headers.get("sec-fetch-dest") == "document"
    origin = headers.get("origin")
    if site is None:
        return origin is None or origin == f"{scope['scheme']}://{headers['host']}"
    return False


def _refuse(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status)
