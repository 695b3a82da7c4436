from __future__ import annotations

import time

import pytest

from tests.receiver.normalize.support import event_of

_SIZE = 250_000  # a body's limit is 256 KiB
_ADVERSARIES = {
    "brackets": [("a" + "[b]" * (n % 20), str(n)) for n in range(1000)],
    "appended": [("a" + "[]" * 20, "x")] * 1000,
    "open brackets": [("[" * 250, "x")] * 1000,
    "transcript of brackets": [("chat_text", "[" * _SIZE)],
    "transcript of headers": [("chat_text", "[, 1.1.2024 в 1:11]\n" * (_SIZE // 20))],
    "transcript of impossible headers": [("chat_text", "[, 40.1.2024 в 1:11]\n" * (_SIZE // 20))],
    "transcript of dates": [("chat_text", "[" + ", 1.1.2024 в 1:11" * (_SIZE // 17))],
    "transcript of space": [("chat_text", "[, 1.1.2024 в 1:11]" + " " * _SIZE + "x")],
    "transcript of lines": [("chat_text", "[, 1.1.2024 в 1:11]" + "\n" * _SIZE + "x")],
    "references": [("message", "&abcdefghijklmnopqrstuvwxyzabcdef" * (_SIZE // 33))],
    "an endless reference": [("message", "&#" + "1" * _SIZE)],
    "open JSON": [("custom_data", "[" * _SIZE)],
    "wide JSON": [("custom_data", "[" + "[]," * (_SIZE // 3) + "[]]")],
    "quotes": [("custom_data", "«" * _SIZE)],
    "surrogates": [("custom_data", '"' + "\\ud800" * (_SIZE // 6) + '"')],
    "managers": [("managers_phones", str([79000000000 + n for n in range(_SIZE // 13)]))],
    "a long phone": [("phone", "7" * _SIZE)],
    "spaces": [("call_state", "Заказ звонка на " + " " * _SIZE + "x")],
    "a long time": [("called_at", " " * _SIZE + "1" * _SIZE)],
}


@pytest.mark.parametrize("fields", _ADVERSARIES.values(), ids=_ADVERSARIES.keys())
def test_linear(fields: list[tuple[str, str]]) -> None:
    """The worst text of the largest body takes a moment: the cost is linear in its size."""
    start = time.process_time()
    event_of(fields)

    # A hundred times the usual; a quadratic cost would take minutes.
    assert time.process_time() - start < 5
