r"""The transcript of a chat: who said what, when.

    [Автоответ, 12.01.2024 в 18:36]
     Здравствуйте!

    [Мария, 12.01.2024 в 18:37]
     Добрый день.
     Чем помочь?

The text is HTML-escaped; entries are told apart before that is undone, so that an
escaped text cannot become a header. Lines are broken by LF, CRLF, CR, PHP's `nl2br`, or,
where nothing else breaks them, by a literal `\n`; what comes out has LF.
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from envybox.event import EntryKind, TranscriptEntry
from envybox.receiver.normalize import times
from envybox.receiver.normalize.text import filled, unescape

# A header line. Its rest, where it is blank, and its line break go with it. The time
# taken is linear: a line is tried once, and what follows `.*?` begins at each comma anew.
_HEADER = re.compile(
    r"^\[(.*?),[^\S\n]*([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})[^\S\n]+[вВ]"
    r"[^\S\n]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\](?:[^\S\n]*(?:\n|\Z))?",
    re.MULTILINE,
)
# `nl2br` leaves the line break behind its tag.
_BREAK = re.compile(r"<br\s{0,9}/?>(?:\r\n|\r|\n)?|\r\n?", re.IGNORECASE)
# A literal `\n` beside a header: within a line alone it may be a path's (`C:\new`).
_LITERAL = re.compile(r"[0-9]{1,2}:[0-9]{2}\][^\S\n]*(?:\\r)?\\n|\\n\[")
# Marks of direction, and of byte order, that phones put before a header. A run of them is tried
# from its beginning alone, and once: one message may be nothing else.
_MARK = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufeff"
_MARKS = re.compile(f"(?<![{_MARK}])[{_MARK}]++\\[")
_KINDS: dict[str, EntryKind] = {
    "автоответ": "auto_reply",
    "системное сообщение": "system",
}


def parse(text: str, zone: ZoneInfo) -> list[TranscriptEntry]:
    """Return the entries of a transcript; its times are in the zone, its line breaks LF.

    What stands before the first header is an entry without author and time; so is what
    has a header whose time cannot be, with that, and the whole of a text without a header.
    """
    text = _with_line_feeds(text)
    headers = [(header, _time(header, zone)) for header in _HEADER.finditer(text)]
    if all(at is None for _, at in headers):
        return [TranscriptEntry(text=unescape(text))]
    entries = []
    before = _without_blank_end(text[: headers[0][0].start()])
    if before and not before.isspace():
        entries.append(TranscriptEntry(text=unescape(before)))
    ends = [header.start() for header, _ in headers[1:]]
    for (header, at), end in zip(headers, [*ends, len(text)], strict=True):
        if at is None:
            unread = _without_blank_end(text[header.start() : end])
            entries.append(TranscriptEntry(text=unescape(unread)))
            continue
        author = unescape(header[1])
        said = _without_blank_end(text[header.end() : end])
        entries.append(
            TranscriptEntry(
                author=filled(author),
                at=at,
                text=unescape(said.removeprefix(" ")),
                kind=_KINDS.get(" ".join(author.casefold().split()), "person"),
            )
        )
    return entries


def _time(header: re.Match[str], zone: ZoneInfo) -> datetime | None:
    try:
        _, day, month, year, hour, minute, second = header.groups(default="0")
        return times.of_parts((year, month, day, hour, minute, second, "0"), zone)
    except ValueError:
        return None


def _without_blank_end(text: str) -> str:
    """Return the text without the blank lines at its end, and the break before them."""
    end = len(text.rstrip())
    line_break = text.find("\n", end)
    return text if line_break < 0 else text[:line_break]


def _with_line_feeds(text: str) -> str:
    if any(mark in text for mark in _MARK):
        text = _MARKS.sub("[", text)
    if "\r" in text or "<" in text:
        text = _BREAK.sub("\n", text)
    if "\\n" in text and "\n" not in text and _LITERAL.search(text):
        text = text.replace("\\r\\n", "\n").replace("\\n", "\n")
    return text
