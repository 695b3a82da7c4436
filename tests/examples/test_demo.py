from __future__ import annotations

import re
import subprocess
import sys

from tests.examples.world import EXAMPLES


def test_demo() -> None:
    """`make demo` ends by itself, with each thing once where it belongs, whatever went wrong."""
    command = [sys.executable, "-m", "examples.demo"]
    result = subprocess.run(
        command, cwd=EXAMPLES.parent, capture_output=True, text=True, timeout=180, check=False
    )
    assert ("", 0) == (result.stderr, result.returncode)
    counts = re.findall(r"^(\S.*): (\d+) \w+", result.stdout, re.MULTILINE)
    expected = [
        ("Telegram", "3"),
        ("Bitrix24", "3"),
        ("amoCRM", "3"),
        ("Cloud Storage", "1"),
        ("Google Analytics 4", "2"),
        ("Yandex.Metrica", "2"),
    ]
    assert expected == counts
    assert "✅ Состоялся разговор" in result.stdout
    assert "Какая площадь?" in result.stdout


def test_the_template_has_tests_of_its_own() -> None:
    """The template's own tests, which are copied with it, pass where they lie."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "examples/template"]
    result = subprocess.run(
        command, cwd=EXAMPLES.parent, capture_output=True, text=True, timeout=180, check=False
    )
    assert 0 == result.returncode, result.stdout
