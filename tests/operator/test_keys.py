from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tests.operator.support import run, serving
from tests.samples import KEY, OTHER_KEY


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One key is accepted."""
    monkeypatch.setenv("ENVYBOX_KEYS", f"shop={KEY}")
    monkeypatch.delenv("ENVYBOX_KEYS_FILE", raising=False)


def test_new() -> None:
    """A new key has Envybox's shape and is another each time."""
    made = {run("keys", "new").stdout.strip() for _ in range(3)}
    assert 3 == len(made)
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in made)


def test_check() -> None:
    """The labels are told, and how many keys each has; no key is."""
    result = run(
        "keys", "check", "--file", "-", text=f"shop={KEY},shop={OTHER_KEY}\nb2b={'a' * 32}"
    )
    assert "shop: 2 keys (a rotation" in result.stdout
    assert "b2b: 1 key\n" in result.stdout
    assert KEY not in result.output
    assert "shop: 1 key\n" in run("keys", "check").stdout


def test_fingerprint() -> None:
    """A fingerprint tells keys apart without showing one."""
    expected = f"{hashlib.sha256(KEY.encode()).hexdigest()[:16]}  shop\n"
    assert expected == run("keys", "fingerprint").stdout


def test_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file of the receiver's settings is read; one that cannot be is told."""
    monkeypatch.delenv("ENVYBOX_KEYS")
    file = tmp_path / "keys"
    monkeypatch.setenv("ENVYBOX_KEYS_FILE", str(file))
    assert "ENVYBOX_KEYS_FILE: it cannot be read" in run("keys", "check", status=1).stderr
    file.write_text(f"b2b={KEY}")
    assert "b2b: 1 key\n" in run("keys", "check").stdout
    file.write_text(f"b2b={KEY} nonsense")
    told = run("keys", "check", status=1).stderr
    assert "entry 2" in told
    assert KEY not in told


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no key is accepted, that is status 1."""
    monkeypatch.delenv("ENVYBOX_KEYS")
    assert "No key is accepted" in run("keys", "check", status=1).stderr


def test_site() -> None:
    """The widget's public code is compared with the keys, which leave the machine nowhere."""
    with serving() as server:
        server.answer = f'<script src="//cdn.example/cbk.js?wcb_code={OTHER_KEY}">'.encode()
        result = run("keys", "check", "--site", server.url)
        assert "none of the accepted keys" in result.stderr
        server.answer = f'<script src="//cdn.example/cbk.js?wcb_code={KEY}">'.encode()
        result = run("keys", "check", "--site", server.url, status=1)
        assert "The page shows everybody a key that is accepted" in result.stderr
        assert KEY not in result.output
        server.answer = b"<html>"
        assert (
            "There is no `wcb_code=`" in run("keys", "check", "--site", server.url, status=1).stderr
        )
    gone = run("keys", "check", "--site", "http://127.0.0.1:9/", status=1)
    assert "cannot be read" in gone.stderr
    assert KEY not in " ".join(str(headers) for headers in server.headers)
