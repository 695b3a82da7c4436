from __future__ import annotations

import pytest

from envybox import errors


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.TooLarge, 413, "too_large"),
        (errors.Malformed, 400, "malformed"),
        (errors.TooSlow, 408, "too_slow"),
        (errors.UnsupportedMediaType, 415, "unsupported_media_type"),
        (errors.InvalidKey, 403, "invalid_key"),
        (errors.NotConfigured, 503, "not_configured"),
        (errors.MethodNotAllowed, 405, "method_not_allowed"),
    ],
)
def test_answers(error: type[errors.RequestError], status: int, code: str) -> None:
    """Each refusal carries its HTTP status and its code, which is its text too."""
    assert (status, code, code) == (error.status, error.code, str(error()))


def test_one_root() -> None:
    """All errors made here have one root, so that a caller can tell them from defects."""
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    assert [] == [item for item in classes if not issubclass(item, errors.EnvyboxError)]


def test_drawn_tree() -> None:
    """The tree at the head of the module names every error there is."""
    classes = {name for name, item in vars(errors).items() if isinstance(item, type)}
    assert set() == {name for name in classes if f" {name} " not in f" {errors.__doc__} "} - {
        "EnvyboxError"
    }
