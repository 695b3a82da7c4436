from __future__ import annotations

import html
import re

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from envybox.event import FieldWarning
from envybox.receiver import message, spool
from envybox.receiver.keys.redact import without_key
from envybox.webhook import Fields, encode_raw
from tests.samples import HELP_PAGE, KEY, event_of, webhook_of

ESCAPED = [
    "".join(f"%{ord(character):02x}" for character in KEY),
    "".join(f"%{ord(character):02X}" for character in KEY[:16]) + KEY[16:],
    "".join(f"&#{ord(character)};" for character in KEY),
    "".join(f"&#x{ord(character):x};" for character in KEY),
    "".join(f"\\u{ord(character):04x}" for character in KEY),
    KEY[:-1] + "\\u0066",
]


def everywhere(fields: Fields, warnings: list[FieldWarning] | None = None) -> str:
    """Return all that is kept of verified fields and sent on, as text a reader would see."""
    kept, kept_warnings = without_key(fields, warnings or [])
    webhook = msgspec.structs.replace(webhook_of(kept), warnings=tuple(kept_warnings))
    event = msgspec.structs.replace(event_of(kept), warnings=list(webhook.warnings))
    sent = message.of_event(event)
    return "\n".join(
        (
            encode_raw(kept),
            repr(event),
            sent.data.decode(),
            repr(sent),
            spool.encode(webhook).data.decode(),
            repr(kept_warnings),
        )
    )


def test_without_key_alone() -> None:
    """The field `key` goes; the others stay as they are, in order, repeats included."""
    fields = [*HELP_PAGE, ("utm_term", "x"), ("keyword", "key"), ("keys", "1")]
    assert (fields, []) == without_key([*fields[:3], ("key", KEY), *fields[3:]], [])


@pytest.mark.parametrize(
    "name", ["key[]", "key[0]", "key[a][b]", " key", "key ", "key [x", "\tkey"]
)
def test_without_key_elements(name: str) -> None:
    """What PHP would fold into `key` goes with it, whatever it holds."""
    assert ([("a", "b")], []) == without_key([("key", KEY), (name, "x"), ("a", "b")], [])


@pytest.mark.parametrize("written", [KEY, KEY.upper(), f"x{KEY}x", KEY * 2, *ESCAPED])
@pytest.mark.parametrize(
    "name", ["url", "KEY", "new_field", "custom_data", "custom_data[a]", "call_id", "site", "phone"]
)
def test_without_key_in_values(name: str, written: str) -> None:
    """The key is blacked out of every other value, however it is spelt there."""
    text = everywhere([("key", KEY), (name, written)])
    assert KEY not in html.unescape(text).lower()


@pytest.mark.parametrize("written", [KEY, KEY.upper(), *ESCAPED])
def test_without_key_in_names(written: str) -> None:
    """The key is blacked out of names, their brackets, and the warnings that name fields."""
    for name in (written, f"a[{written}]", f"{'a' * 90}{written}"):
        text = everywhere([("key", KEY), (name, "x")], [FieldWarning(name, "not UTF-8")])
        assert KEY not in html.unescape(text).lower()
        assert KEY[:10] not in html.unescape(text).lower()


@pytest.mark.parametrize(
    "field", ["chat_text", "message", "managers_phones", "custom_data", "name"]
)
def test_without_key_unescaped(field: str) -> None:
    """What normalization unescapes (HTML, JSON) does not bring the key to light."""
    for written in ESCAPED:
        escaped = f'[{{"manager_name":"{written}"}}]' if "\\u" in written else written
        assert KEY not in everywhere([("key", KEY), (field, escaped)]).lower()


@pytest.mark.parametrize("field", ["managers_phones", "custom_data"])
@pytest.mark.parametrize("backslash", ["&#92;", "&#x5C;", "&bsol;", "\\"])
def test_without_key_in_json_in_html(field: str, backslash: str) -> None:
    """Nor does the one within the other."""
    letters = "".join(f"{backslash}u{ord(character):04x}" for character in KEY)
    text = f"[{{&quot;manager_name&quot;:&quot;{letters}&quot;}}]"
    assert KEY not in everywhere([("key", KEY), (field, text)])


def test_without_key_many_levels() -> None:
    """What is escaped over and over is not taken apart for ever: all of it goes."""
    text = written = "".join(f"%{ord(character):02x}" for character in KEY)
    for _ in range(20):
        written = written.replace("%", "%25")
        text += written
    assert ([("url", "*" * 32), ("a", "b")], []) == without_key(
        [("key", KEY), ("url", text), ("a", "b")], []
    )


def test_without_key_length() -> None:
    """What is blacked out keeps its length, and all around it stays."""
    fields = [("key", KEY), ("url", f"https://example.com/?key={KEY}&a=%D0%B0")]
    assert ([("url", f"https://example.com/?key={'*' * 32}&a=%D0%B0")], []) == without_key(
        fields, []
    )


def test_without_key_leaves_escapes() -> None:
    """Escapes that spell no key are left as they were received."""
    fields = [("url", "https://example.com/?a=%D0%B0&amp;b"), ("custom_data", '["\\u0430"]')]
    assert (fields, []) == without_key([("key", KEY), *fields], [])


NAMES = st.sampled_from(["url", "KEY", "key", "key[0]", "extra", "custom_data", "chat_text"])
PIECES = st.sampled_from([KEY, KEY.upper(), *ESCAPED, "%", "&", "\\u", '"', "[", "x", " ", "%25"])


@given(st.lists(st.tuples(NAMES | st.lists(PIECES).map("".join), st.lists(PIECES).map("".join))))
@example([("chat_text", KEY[:16] + "".join(f"%{ord(c):02x}" for c in KEY[16:]))])
@example([("url", f"%{KEY}")])
def test_without_key_property(fields: Fields) -> None:
    """Whatever the fields are, nothing that is kept or sent shows the key."""
    text = everywhere([("key", KEY), *fields])
    assert KEY not in text.lower()


@given(st.lists(st.tuples(st.text(), st.text())))
def test_without_key_keeps_the_rest(fields: Fields) -> None:
    """Fields that have nothing to do with the key are kept, whatever they hold."""
    assume(not any(re.match(r"\s*key\s*(\[|$)", name) for name, _ in fields))
    assert (fields, []) == without_key([*fields, ("key", KEY)], [])
