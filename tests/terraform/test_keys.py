"""The keys: Terraform's rules are the code's, and no message tells one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from envybox.errors import SettingsError
from envybox.receiver import keys
from tests.terraform import workspace

KEY = "0" * 32
KEYS = [
    KEY,
    f"{KEY},\n{KEY}",
    f"default={KEY} {KEY}",
    f"shop={KEY} shop={KEY}",
    f"shop={KEY},{KEY}",
    f"shop={KEY},store={KEY}",
    f"shop={'a' * 32};store={'b' * 32}",
    f"{'AB' * 16}=bad",
    f"{'AB' * 16}={KEY}",
    f"{'1' * 32}={KEY}",
    f"{'1' * 31}={KEY}",
    f"shop={'aB' * 16}",
    "A" * 33,
    "-_aZ09" * 3,
    "short",
    f"a=b={KEY}",
    f"a/b={KEY}",
    f"={KEY}",
    f"{'l' * 64}={KEY}",
    f"{'l' * 65}={KEY}",
    f"\u043c\u0430\u0433\u0430\u0437\u0438\u043d={KEY}",
    f"shop={KEY}\u00a0store={'1' * 32}",
    f"my\u2003shop={KEY}",
    f"my\x0bshop={KEY}",
    f"shop\x85{KEY}",
    " ",
]


def test_terraform_and_the_code_take_the_same_keys(variables_alone: Path) -> None:
    """Keys that the code would refuse never get so far, and none that it takes is refused."""
    with ThreadPoolExecutor(4) as pool:
        codes = list(
            pool.map(lambda text: workspace.plan(variables_alone, {"keys": text})[0], KEYS)
        )
    taken = {text: code == 0 for text, code in zip(KEYS, codes, strict=True)}
    assert {text: parses(text) for text in KEYS} == taken


def parses(text: str) -> bool:
    """Whether the code finds keys in the text, and nothing that it cannot use."""
    try:
        return bool(keys.parse(text, "ENVYBOX_KEYS"))
    except SettingsError:
        return False


def test_a_refused_key_is_not_repeated(
    variables_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message on a key of a wrong form does not hold it (terraform quotes files alone)."""
    monkeypatch.setenv("TF_VAR_keys", "shop:secret-of-the-shop")
    code, text = workspace.plan(variables_alone, {})
    assert code == 1
    assert "keys must be label=key or key" in text
    assert "secret-of-the-shop" not in text
