"""What a page's form sends. Starlette's own reader wants a package more, for files."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_FIELDS = 4000


async def read(request: Request) -> dict[str, list[str]]:
    """Return the values of each of the form's fields. Raises `HTTPException` for none."""
    try:
        return parse_qs(
            (await request.body()).decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise HTTPException(400) from error


def first(form: dict[str, list[str]], name: str) -> str:
    """Return a field's first value, '' where there is none."""
    return form.get(name, [""])[0]
