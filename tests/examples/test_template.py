"""The template's own tests, which are copied with it, pass where they lie."""

from __future__ import annotations

from examples.template.test_main import main, test_once, test_what_is_answered

__all__ = ["main", "test_once", "test_what_is_answered"]
