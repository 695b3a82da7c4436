from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envybox.operator.console.text import Link, kept, link, plain, seen, shown

ANYTHING = st.text(st.characters(codec=None))


@given(ANYTHING)
@example("</script><script>alert(1)</script>")
@example("\u202eevil\u2066\x1b[31m\x00\ud800")
def test_text_stays_text(text: str) -> None:
    """Whatever was written comes out as text alone, with nothing in it that is not seen."""
    markup = re.sub(r'<span class="unseen" title="[^"<>]*">[0-9A-F]{4,6}</span>', "", seen(text))
    assert not re.search(r"[<>\"']", markup)
    hidden = {c for c in html.unescape(markup) if unicodedata.category(c) in ("Cf", "Cs")}
    assert hidden <= {"\u200c", "\u200d"} | {c for c in hidden if ord(c) > 0x600}
    markup.encode()


@pytest.mark.parametrize(
    ("text", "code"),
    [("a\u202eb", "202E"), ("a\x1bb", "001B"), ("a\x00b", "0000"), ("a\ud800b", "D800"),
     ("a\u2066b", "2066"), ("a\ufeffb", "FEFF"), ("a\x9bb", "009B")],
)  # fmt: skip
def test_the_unseen_is_shown(text: str, code: str) -> None:
    """What turns the line round, or moves a terminal's cursor, stands there as its number."""
    assert re.fullmatch(
        rf'a<span class="unseen" title="U\+{code} [^"]+">{code}</span>b', seen(text)
    )
    assert f"a⟨{code}⟩b" == plain(text)


def test_a_value_is_isolated_and_cut() -> None:
    """A megabyte of text is shown in its beginning, with how much there is."""
    markup = shown("я" * 1_000_000, 10)
    assert markup.startswith('<bdi dir="auto">' + "я" * 10 + "</bdi>")
    assert "1,000,000" in markup
    assert len(markup) < 200
    assert "я" * 5 + "…" == plain("я" * 1_000_000, 5)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/a?b=c#d", ("example.com", "/a?b=c#d")),
        ("http://EXAMPLE.com:8080", ("example.com:8080", "")),
        ("https://пример.example/", ("xn--e1afmkfd.example", "/")),
        ("https://аpple.example/x", ("xn--pple-43d.example", "/x")),
    ],
)
def test_a_link_shows_its_true_host(url: str, expected: tuple[str, str]) -> None:
    """An address is a link with the host that a browser will ask, look-alike letters told apart."""
    assert Link(url, *expected) == link(url)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x",
     "https://bank.example@evil.example/", "https://u:p@evil.example/", "//evil.example/", "text",
     "https://a.example\\@evil.example/", "https://", "https://a b.example/", "https://[::1",
     "https://a.example:99999/", "https://\u202eevil.example/", "vbscript:x", "file:///etc/passwd",
     "https://" + "a" * 70 + ".example/", "javascript://example.com/%0aalert(1)"],
)  # fmt: skip
def test_other_text_is_no_link(url: str) -> None:
    """What a browser could read as another address, or run, is shown as text."""
    assert link(url) is None


@given(ANYTHING)
def test_a_link_is_http(text: str) -> None:
    """Nothing that is made a link has another scheme, or a name before the host."""
    found = link(text)
    assert found is None or re.match(r"https?://[^@/]+(/|\?|#|$)", found.href, re.IGNORECASE)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
@example('"><b>\u202e&amp;')
def test_a_form_sends_it_back(text: str) -> None:
    """In an attribute text stays what it was, and nothing in it turns the line round."""
    assert text == html.unescape(kept(text))
    assert not re.search(r"[<>\"'\u202e]", kept(text))
