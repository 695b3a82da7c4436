from __future__ import annotations

import asyncio
import gc
import html
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from envybox.errors import InvalidKey, NotConfigured, SettingsError
from envybox.event import FieldWarning
from envybox.receiver import keys, message, spool
from envybox.receiver.keys import KeyRing, pairing_key, parse, without_key
from envybox.settings import Settings, load
from envybox.webhook import Fields, encode_raw
from tests.samples import HELP_PAGE, KEY, OTHER_KEY, event_of, webhook_of

MakeSettings = Callable[..., Settings]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# parse


@pytest.mark.parametrize(
    "text",
    [
        f"shop={KEY},{OTHER_KEY}",
        f"shop={KEY} {OTHER_KEY}",
        f"  shop={KEY}\r\n\r\n{OTHER_KEY}\n",
        f"\ufeffshop={KEY}\n,,{OTHER_KEY},\n",
        f"shop={KEY}\tdefault={OTHER_KEY}",
        f"shop={KEY},{OTHER_KEY},shop={KEY}",
    ],
)
def test_parse(text: str) -> None:
    """Keys are separated by commas or white space; one without a label is `default`'s."""
    assert parse(text, "ENVYBOX_KEYS") == {KEY: "shop", OTHER_KEY: "default"}


@pytest.mark.parametrize("text", ["", " ", ",\n,"])
def test_parse_nothing(text: str) -> None:
    """A text without a key gives none."""
    assert parse(text, "ENVYBOX_KEYS") == {}


def test_parse_shared_label() -> None:
    """Several keys may share a label, as while one replaces the other."""
    assert parse(f"a={KEY},a={OTHER_KEY}", "ENVYBOX_KEYS") == {KEY: "a", OTHER_KEY: "a"}


@pytest.mark.parametrize(
    "entry",
    [
        "changeme",
        f"={KEY}",
        f"a=b={KEY}",
        f"a/b={KEY}",
        f"{'a' * 65}={KEY}",
        f"a\udcff={KEY}",
        f"{KEY}=",
        f"«{KEY}»",
        f"{KEY}{'0' * 97}",
        f"a:{KEY}",
        KEY.upper(),
        f"shop={KEY.capitalize()}",
        f"{KEY}={'0' * 32}",
        f"{KEY.upper()}={'0' * 32}",
    ],
)
def test_parse_refuses(entry: str) -> None:
    """What is no key stops the start; the error tells where it stands, never what it is."""
    with pytest.raises(SettingsError) as caught:
        parse(f"good={OTHER_KEY},\n{entry}", "ENVYBOX_KEYS_FILE")
    text = str(caught.value)
    assert text.startswith("ENVYBOX_KEYS_FILE: ")
    assert "entry 2" in text
    assert entry.rpartition("=")[2].lower() not in text.lower() or not entry.rpartition("=")[2]
    assert KEY not in text.lower()
    assert OTHER_KEY not in text


def test_parse_two_labels() -> None:
    """A key can have one label only, or nobody knew whose webhook it is."""
    with pytest.raises(SettingsError, match="ENVYBOX_KEYS: the key of entry 2 has two labels"):
        parse(f"a={KEY},b={KEY}", "ENVYBOX_KEYS")


@given(
    st.dictionaries(
        st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
        st.from_regex(r"[a-zа-я0-9._-]{1,64}", fullmatch=True),
    ),
    st.sampled_from([",", " ", "\n", ", ", "\r\n"]),
)
def test_parse_round_trip(ring: dict[str, str], separator: str) -> None:
    """Any ring that is written out is read back as it was."""
    text = separator.join(f"{label}={key}" for key, label in ring.items())
    assume(not any(re.fullmatch("[0-9a-f]{32}", label) for label in ring.values()))
    assert ring == parse(text, "ENVYBOX_KEYS")


@given(st.text(st.characters()) | st.text("0aF=, \n/", max_size=200))
def test_parse_any_text(text: str) -> None:
    """Any text gives keys that UTF-8 can hold, or the settings' error."""
    try:
        ring = parse(text, "ENVYBOX_KEYS")
    except SettingsError:
        return
    assert [] == [key for key, label in ring.items() if len(key) < 16 or not label.encode()]


# KeyRing


def test_verify(settings: MakeSettings) -> None:
    """The label of the one field `key` is returned."""
    ring = KeyRing(settings(ENVYBOX_KEYS=f"a={KEY},b={OTHER_KEY}"))
    assert ("a", "b") == (ring.verify([("key", KEY)]), ring.verify([("x", ""), ("key", OTHER_KEY)]))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("webhooktype", "1")],
        [("key", "")],
        [("key", OTHER_KEY)],
        [("key", KEY.upper())],
        [("key", KEY + " ")],
        [("key", KEY[:-1])],
        [("key", KEY + "0")],
        [("key", "*")],
        [("key", "\ud800")],
        [("key", KEY), ("key", KEY)],
        [("key", KEY), ("key", OTHER_KEY)],
        [("key[]", KEY)],
        [("key[0]", KEY)],
        [(" key", KEY)],
        [("Key", KEY)],
        [("", KEY)],
        [("key", f'["{KEY}"]')],
    ],
)
def test_verify_refuses(settings: MakeSettings, fields: Fields) -> None:
    """No key, two of them and a wrong one are refused alike, with no word of which it was."""
    with pytest.raises(InvalidKey) as caught:
        KeyRing(settings()).verify(fields)
    assert (None, "invalid_key") == (caught.value.detail, str(caught.value))


def test_unconfigured(settings: MakeSettings) -> None:
    """Without any key nothing is accepted, not even no key."""
    ring = KeyRing(settings(ENVYBOX_KEYS=""))
    assert not ring.configured
    for fields in ([], [("key", "")], [("key", KEY)]):
        with pytest.raises(NotConfigured):
            ring.verify(fields)


def test_compares_in_constant_time(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right key and a wrong one are both compared by `compare_digest`, never as plain text."""
    compared = []

    def compare_digest(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(keys.hmac, "compare_digest", compare_digest)
    ring = KeyRing(settings())
    ring.verify([("key", KEY)])
    with pytest.raises(InvalidKey):
        ring.verify([("key", OTHER_KEY)])
    assert 2 == len(compared)
    assert [] == [pair for pair in compared if KEY.encode() in pair]


def test_holds_no_key(settings: MakeSettings) -> None:
    """A ring keeps digests alone: what prints it prints no key."""
    assert KEY not in repr(vars(KeyRing(settings())))


@given(st.text(st.characters()))
def test_verify_any_text(presented: str) -> None:
    """Whatever is presented as a key is refused, unless it is one."""
    assume(presented != KEY)
    with pytest.raises(InvalidKey):
        KeyRing(load({"ENVYBOX_KEYS": KEY})).verify([("key", presented)])


# ENVYBOX_KEYS_FILE


def test_file(settings: MakeSettings, tmp_path: Path) -> None:
    """Keys are read from a file, a byte order mark and all."""
    path = tmp_path / "keys"
    path.write_text(f"магазин={KEY}\r\n", "utf-8-sig")
    ring = KeyRing(settings(ENVYBOX_KEYS=" ", ENVYBOX_KEYS_FILE=str(path)))
    assert ring.configured
    assert ring.verify([("key", KEY)]) == "магазин"


def test_variable_wins(settings: MakeSettings, tmp_path: Path) -> None:
    """Where both are set the variable counts, and the file is not even opened."""
    clock = Clock()
    ring = KeyRing(settings(ENVYBOX_KEYS_FILE=str(tmp_path / "none")), clock)
    clock.now += 3600
    asyncio.run(ring.refresh())
    assert ring.verify([("key", KEY)]) == "default"


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"changeme"])
def test_unusable_file(settings: MakeSettings, tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, not text, or holds no key stops the start and is named."""
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^ENVYBOX_KEYS_FILE: ") as caught:
        KeyRing(settings(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path)))
    assert 1 == len(str(caught.value).splitlines())


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, a file that can be read is waited for."""
    monkeypatch.setattr(keys, "WAIT_SECONDS", 60.0)


def _file_ring(settings: MakeSettings, path: Path, clock: Clock) -> KeyRing:
    """Return a ring of a file's keys, with the file due to be read again."""
    path.write_text(KEY)
    ring = KeyRing(settings(ENVYBOX_KEYS="", ENVYBOX_KEYS_FILE=str(path)), clock)
    clock.now += keys.REREAD_SECONDS
    return ring


def test_rotation(settings: MakeSettings, tmp_path: Path) -> None:
    """A changed file counts after a minute, without a restart, and is not asked for before."""
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)

    async def scenario() -> None:
        path.write_text(f"{KEY} {OTHER_KEY}")
        await ring.refresh()
        assert ring.verify([("key", OTHER_KEY)]) == "default"
        path.write_text(OTHER_KEY)
        clock.now += keys.REREAD_SECONDS - 0.001
        await ring.refresh()
        assert ring.verify([("key", KEY)]) == "default"
        clock.now += 0.001
        await ring.refresh()
        with pytest.raises(InvalidKey):
            ring.verify([("key", KEY)])

    asyncio.run(scenario())


def test_failed_reread(settings: MakeSettings, tmp_path: Path) -> None:
    """While the file cannot be read the known keys count, and it is told once a minute."""
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)

    async def scenario() -> None:
        path.unlink()
        told = await asyncio.gather(ring.refresh(), ring.refresh(), return_exceptions=True)
        assert ["FileNotFoundError" in str(one) for one in told] == [True, False]
        await ring.refresh()
        assert ring.verify([("key", KEY)]) == "default"

    asyncio.run(scenario())


def test_emptied_file(settings: MakeSettings, tmp_path: Path) -> None:
    """An emptied file takes all keys back: nothing is accepted then."""
    path = tmp_path / "keys"
    ring = _file_ring(settings, path, Clock())
    os.truncate(path, 0)
    asyncio.run(ring.refresh())
    with pytest.raises(NotConfigured):
        ring.verify([("key", KEY)])


def test_read_once_for_all(settings: MakeSettings, tmp_path: Path) -> None:
    """Requests that come while the file is read wait for it: none misses a new key."""
    path = tmp_path / "keys"
    ring = _file_ring(settings, path, Clock())
    path.unlink()

    async def request() -> str:
        await ring.refresh()
        return ring.verify([("key", OTHER_KEY)])

    async def scenario() -> None:
        os.mkfifo(path)
        requests = [asyncio.create_task(request()) for _ in range(5)]
        await asyncio.to_thread(path.write_text, OTHER_KEY)  # until somebody reads
        path.unlink()  # a second read would fail
        assert ["default"] * 5 == await asyncio.gather(*requests)

    asyncio.run(scenario())


def test_slow_file(settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that takes its time counts when it is there; beside one that hangs is no other."""
    monkeypatch.setattr(keys, "WAIT_SECONDS", 0.01)
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)
    threads = set(threading.enumerate())
    path.unlink()
    os.mkfifo(path)

    async def scenario() -> None:
        await ring.refresh()
        await ring.refresh()  # beside it
        clock.now += 1
        await ring.refresh()  # too late to wait for it
        for _ in range(2):
            clock.now += keys.REREAD_SECONDS
            with pytest.raises(SettingsError, match="not read within 60 s"):
                await ring.refresh()
            await ring.refresh()  # it is told once
        assert ring.verify([("key", KEY)]) == "default"
        assert 1 == len(set(threading.enumerate()) - threads)
        reading = ring._reading
        assert reading is not None
        path.write_text(OTHER_KEY)
        await reading

    asyncio.run(scenario())
    assert ring.verify([("key", OTHER_KEY)]) == "default"


@pytest.mark.parametrize(
    ("error", "told"),
    [(None, "entry 1"), (RuntimeError("no thread"), "ENVYBOX_KEYS_FILE: RuntimeError")],
)
def test_late_failure(
    settings: MakeSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    told: str,
) -> None:
    """A read that fails when nobody waits any more is told at the next request, with its reason."""
    monkeypatch.setattr(keys, "WAIT_SECONDS", 0.01)
    path, clock = tmp_path / "keys", Clock()
    ring = _file_ring(settings, path, clock)
    path.unlink()
    os.mkfifo(path)
    if error is not None:
        monkeypatch.setattr(keys, "parse", Mock(side_effect=error))

    async def scenario() -> None:
        await ring.refresh()
        reading = ring._reading
        assert reading is not None
        path.write_text("broken")
        await asyncio.wait([reading])
        with pytest.raises(SettingsError, match=told):
            await ring.refresh()
        await ring.refresh()

    asyncio.run(scenario())
    assert ring.verify([("key", KEY)]) == "default"


def test_cancelled_read(
    settings: MakeSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A loop that ends while the file is read ends without a complaint."""
    path = tmp_path / "keys"
    ring = _file_ring(settings, path, Clock())

    async def scenario() -> None:
        request = asyncio.create_task(ring.refresh())
        await asyncio.sleep(0)
        assert ring._reading is not None
        ring._reading.cancel()
        await request

    asyncio.run(scenario())
    gc.collect()
    assert "" == caplog.text
    assert ring.verify([("key", KEY)]) == "default"


# without_key

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


# pairing_key


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        (KEY, [("webhooktype", "1"), ("key", KEY)]),
        (KEY, [("key", KEY), ("webhooktype", " 31 ")]),
        (None, [("key", KEY)]),
        (None, [("webhooktype", "x"), ("key", KEY)]),
        (None, [("webhooktype", ""), ("key", KEY)]),
        (None, [("webhooktype", "1")]),
        (None, [("webhooktype", "1"), ("key", "secret")]),
        (None, [("webhooktype", "1"), ("key", KEY.upper())]),
        (None, [("webhooktype", "1"), ("key", KEY + "\n")]),
        (None, [("webhooktype", "1"), ("key", KEY), ("key", OTHER_KEY)]),
    ],
)
def test_pairing_key(expected: str | None, fields: Fields) -> None:
    """Only a webhook that looks like Envybox's own gives its key away for pairing."""
    assert expected == pairing_key(fields)
