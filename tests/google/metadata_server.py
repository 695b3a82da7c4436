"""A stand-in for the metadata server of Cloud Run."""

from __future__ import annotations

import http.server
import json


class Server(http.server.HTTPServer):
    """A metadata server: gives out the token `from-metadata`, or `answer` where that is set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.answer: tuple[int, bytes] | None = None


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server

    def do_GET(self) -> None:
        assert "Google" == self.headers["Metadata-Flavor"]
        self.server.asked.append(self.path)
        token = {"access_token": "from-metadata", "expires_in": 3599, "token_type": "Bearer"}
        status, body = self.server.answer or (200, json.dumps(token).encode())
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
