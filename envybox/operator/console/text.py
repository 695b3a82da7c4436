"""What a webhook brought, shown so that it is seen and does nothing.

Whoever fills in a form may have written anything: letters that turn the line round, a link
that says it goes elsewhere, a million characters.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup, escape

SHORT = 80
LONG = 4000
"""How many characters of a value are shown in a list, and where it stands by itself."""

# Controls, what turns or hides text (Cf), line separators, halves of a character. The joiners
# of scripts and emoji (200C, 200D) stay: without them a name is misspelled.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""A character that cannot be seen, or that turns the line round."""


class Link(NamedTuple):
    """A link that may be followed: whither, the true host, and what follows the host."""

    href: str
    host: str
    rest: str


def shown(value: object, limit: int = LONG) -> Markup:
    """Return a value as markup: isolated from its surroundings, with signs for what is unseen."""
    text = str(value)
    cut = Markup("")
    if len(text) > limit:
        cut = Markup('<span class="cut" title="{0}">… {0}</span>').format(f"{len(text):,}")
        text = text[:limit]
    return Markup(f'<bdi dir="auto">{seen(text)}</bdi>{cut}')  # noqa: S704 - both are markup


def seen(text: str) -> Markup:
    """Return text as markup, what cannot be seen or would turn the line round as a sign."""
    if text.isprintable():  # nearly all there is
        return escape(text)
    parts: list[Markup] = []
    end = 0
    for match in UNSEEN.finditer(text):
        parts += (escape(text[end : match.start()]), _sign(match.group()))
        end = match.end()
    return Markup("").join((*parts, escape(text[end:])))


def plain(value: object, limit: int = SHORT) -> str:
    """Return text for an attribute or a title: signs for what is unseen, and no markup."""
    text = UNSEEN.sub(lambda match: f"⟨{ord(match.group()):04X}⟩", str(value)[: limit + 1])
    return text if len(text) <= limit else text[:limit] + "…"


def kept(text: str) -> Markup:
    """Return text for an attribute that a form sends back as it is; what is unseen by number."""
    marks = (f"&#{ord(one)};" if UNSEEN.match(one) else escape(one) for one in text)
    return Markup("").join(map(Markup, marks))


def _sign(character: str) -> Markup:
    name = unicodedata.name(character, "control character")
    code = f"{ord(character):04X}"
    return Markup('<span class="unseen" title="U+{0} {1}">{0}</span>').format(code, name)


def link(url: str) -> Link | None:
    """Return a link for an http(s) address, None for any other text.

    The host is the one that a browser will ask, in ASCII, so that letters that look alike
    are told apart; a name before an `@` is not taken for it.
    """
    if UNSEEN.search(url) or re.search(r"[\s\\]", url):
        return None  # browsers drop or turn some of them, and so go where nobody read
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError:  # UnicodeError is one
        return None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return None
    shown_host = host if port is None else f"{host}:{port}"
    return Link(url, shown_host, re.sub("^[^:]+://[^/?#]*", "", url))
