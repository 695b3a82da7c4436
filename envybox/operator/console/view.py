"""From what was found to a page: the templates, and what they call things."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from envybox.operator.charts import css_class
from envybox.operator.console import text
from envybox.operator.console.clock import Clock, talk
from envybox.operator.console.desk import Desk
from envybox.operator.console.words import LANGUAGES, choose, words

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "envybox_language"

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_environment.filters |= {
    "shown": text.shown,
    "plain": text.plain,
    "kept": text.kept,
    "link": text.link,
    "css_class": css_class,
    "talk": talk,
    "json": lambda value: text.shown(as_json(value, indent=2), 20_000),
}

NOW, SEND, HEALTH = ("/events", "nav.now"), ("/send", "nav.send"), ("/health", "nav.health")
"""What the head leads to, and what it is called."""


class View:
    """Draws in one language, at one time, in the zone of a desk."""

    def __init__(self, desk: Desk, language: str, path: str, query: str = "") -> None:
        self.now = datetime.now(UTC)
        self._words = words(language)
        self.clock = Clock(desk.zone, self.now, self._words)
        self._context: dict[str, Any] = {
            "t": self.t,
            "name": self.name,
            "number": self.number,
            "clock": self.clock,
            "desk": desk,
            "language": language,
            "languages": LANGUAGES,
            "path": path,
            "here": f"{path}?{query}" if query else path,
            "pages": (NOW, SEND, HEALTH) if desk.receiver and not desk.deployed else (NOW, HEALTH),
        }

    @classmethod
    def of(cls, request: Request) -> View:
        """Return the view for who asks."""
        accepted = request.headers.get("accept-language", "")
        language = choose(request.cookies.get(LANGUAGE_COOKIE), accepted)
        return cls(request.app.state.desk, language, request.url.path, request.url.query)

    def t(self, key: str, **values: object) -> str:
        """Return a text of the console's, with values put in."""
        return self._words[key].format(**values)

    def number(self, value: int) -> str:
        """Return a number with its thousands told apart."""
        return f"{value:,}".replace(",", self._words["number.separator"])

    def name(self, group: str, value: str) -> str:
        """Return what a type or a state is called; one of a later version by its own name."""
        return self._words.get(f"{group}.{value}", value)

    def draw(self, template: str, **context: Any) -> str:
        """Return a template filled in."""
        return _environment.get_template(template).render(self._context | context)

    def streamed(self, template: str, **context: Any) -> Response:
        """Return a page that is sent as it is drawn."""
        return StreamingResponse(self.pieces(template, **context), media_type="text/html")

    def pieces(self, template: str, **context: Any) -> Iterator[str]:
        """Yield a template filled in, up to the end of an item of a list at a time."""
        drawn: list[str] = []
        for piece in _environment.get_template(template).generate(self._context | context):
            drawn.append(piece)
            if "</li>" in piece:
                yield "".join(drawn)
                drawn.clear()
        yield "".join(drawn)

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page."""
        return HTMLResponse(self.draw(template, **context), status)


def json_response(value: Any, status: int = 200) -> Response:
    """Return JSON as an answer, indented for who reads it."""
    return Response(as_json(value, indent=2) + "\n", status, media_type="application/json")


def as_json(value: Any, indent: int) -> str:
    """Return a value, of structs too, as JSON."""
    try:
        return msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()
    except UnicodeEncodeError:  # half a character, which msgspec refuses
        import json

        return json.dumps(msgspec.to_builtins(value), indent=indent)
