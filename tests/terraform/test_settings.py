"""The settings: what Terraform takes, the code takes; else the functions would not start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from envybox import settings
from envybox.errors import SettingsError
from tests.terraform import workspace

VALUES: dict[str, list[Any]] = {
    "ENVYBOX_COLLECTION": [
        *("events", "заявки", "_events_", "a" * 375, "\N{OPEN BOOK}" * 375),
        *("a" * 376, "a/b", "..", "__a__", "a b", "a\u00a0b", "a\x0bb", "a\x85b"),
    ],
    "ENVYBOX_DATABASE": ["(default)", "abcd", "a" * 63, "a" * 64, "abc", "abc-", "1abc", "Abcd"],
    "ENVYBOX_TOPIC_PREFIX": ["a", "A.b_~-", "a" * 100, "goog-", "1-", "a/", "a b", "ы-"],
    "ENVYBOX_RETENTION_DAYS": [0, 1, 36500, 36501, 0.5, -1],
    "ENVYBOX_DEDUP_HOURS": [0, 0.5, 8760, 8760.5, -0.5],
    "ENVYBOX_RECOVER_AFTER_SECONDS": [0, 0.5, 86400, 86401, -1],
    "ENVYBOX_PHONE_REGION": ["RU", "GB", "UK", "RUS", "R"],
    "ENVYBOX_TIMEZONE": ["Europe/Moscow", "UTC", "Etc/GMT-3", "MSK", "Europe", "+03:00"],
}


def variables(name: str, value: Any) -> dict[str, Any]:
    """Return Terraform's variables that give a setting its value."""
    plain = name.removeprefix("ENVYBOX_").lower()
    if plain in ("collection", "database"):
        # The database (default) wants a collection of its own.
        return {"database": {"collection": "c", "name" if plain == "database" else plain: value}}
    return {plain: value}


def taken_by_the_code(name: str, value: Any) -> bool:
    """Whether the functions would start with a value."""
    try:
        settings.load({name: str(value)})
    except SettingsError:
        return False
    return True


@pytest.mark.parametrize("name", VALUES)
def test_terraform_and_the_code_take_the_same_values(variables_alone: Path, name: str) -> None:
    """Values that the code would refuse never get so far, and those that it takes do."""
    values = VALUES[name]
    with ThreadPoolExecutor(4) as pool:
        plans = pool.map(lambda v: workspace.plan(variables_alone, variables(name, v)), values)
        taken = {value: code == 0 for value, (code, _) in zip(values, plans, strict=True)}
    assert {value: taken_by_the_code(name, value) for value in values} == taken
