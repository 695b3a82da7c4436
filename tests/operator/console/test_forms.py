from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from envybox.operator.console import forms


def _request(body: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def test_fields() -> None:
    """A form's fields are read in order, repeats and blanks included."""
    form = asyncio.run(forms.read(_request(b"name=a&value=&name=b&value=%D0%AF+1")))
    assert {"name": ["a", "b"], "value": ["", "Я 1"]} == form
    assert ("a", "") == (forms.first(form, "name"), forms.first(form, "other"))


@pytest.mark.parametrize("body", [b"\xff", b"a=1&" * (forms.MAX_FIELDS + 1)])
def test_what_is_no_form(body: bytes) -> None:
    """A body that is no form of ours, or a huge one, is refused."""
    with pytest.raises(HTTPException, match="400"):
        asyncio.run(forms.read(_request(body)))
