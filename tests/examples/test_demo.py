from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

from tests.examples.world import EXAMPLES

ROOT = EXAMPLES.parent
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def at_a_terminal(folder: Path) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Run the demo where somebody watches; give the process and what the terminal shows."""
    terminal, inner = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "examples.demo"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=inner,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(inner)
    with closing(os.fdopen(terminal, encoding="utf-8", newline="")) as screen, process:
        try:
            yield process, screen
        finally:
            process.send_signal(signal.SIGINT)


def shown(screen: IO[str], until: str) -> str:
    """Return what is shown until a line that has this, or to the end."""
    lines = []
    with suppress(OSError):  # a terminal's end is an error of reading
        for line in screen:
            lines.append(line.replace("\r\n", "\n"))
            if until in line:
                break
    return "".join(lines)


def got(url: str, body: bytes | None = None) -> str:
    """Return the page at a URL."""
    with _http.open(url, body, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def found(text: str, pattern: str) -> str:
    """Return what a pattern's group has."""
    (one,) = re.findall(pattern, text)
    return str(one)


def test_demo() -> None:
    """Each thing arrives once where it belongs, in the terminal and on pages, until Ctrl-C."""
    with tempfile.TemporaryDirectory() as folder, at_a_terminal(Path(folder)) as (process, screen):
        text = shown(screen, "Ctrl-C ends it")
        counts = re.findall(r"^(\S.*): (\d+) \w+", text, re.MULTILINE)
        expected = [
            ("Telegram", "3"),
            ("Bitrix24", "3"),
            ("amoCRM", "3"),
            ("Cloud Storage", "1"),
            ("Google Analytics 4", "2"),
            ("Yandex.Metrica", "2"),
        ]
        assert expected == counts, text
        assert "✅ Состоялся разговор" in text
        assert "Какая площадь?" in text
        assert "Telegram answered 502; it comes again" in text

        receiver = found(text, r"the receiver +(\S+)")
        console = found(text, r"what it received +(\S+)")
        page = found(text, r"what arrived where +(\S+)")
        key = found(text, r"key (\w+)")
        assert all(f"{name}: {number} " in got(page) for name, number in expected)
        details = re.findall(rf"{console}events/\w+", text)
        assert 3 == len([url for url in details if "<html" in got(url)])
        lead = f"webhooktype=19&phone=79000000009&site=example.com&key={key}"
        assert '"published"' in got(receiver, lead.encode())
        assert "told in 1 chats" in shown(screen, "telegram     lead.quiz")

        process.send_signal(signal.SIGINT)
        assert "Ended; nothing of it is left." in shown(screen, "Ended")
        assert ("", 0) == (process.communicate(timeout=60)[1], process.returncode)
        assert [] == list(Path(folder).iterdir())


def test_the_template_has_tests_of_its_own() -> None:
    """The template's own tests, which are copied with it, pass where they lie."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/template"]
    result = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert 0 == result.returncode, result.stdout
