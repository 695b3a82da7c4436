"""Makes the generated parts of the documents: `python -m docs.generate`, or `make docs`.

`pages.PAGES` lists them; tests/docs holds each to what the code says. The figures that take
a run to make have commands of their own: `reliability` here, and `bench`.
"""

import re


def put(text: str, start: str, content: str, end: str) -> str:
    """Return the text with other content between two markers.

    Raises `ValueError` where they are not there.
    """
    pattern = re.escape(start) + r".*?" + re.escape(end.lstrip("\n"))
    filled, count = re.subn(
        pattern, lambda _: start + content + end, text, count=1, flags=re.DOTALL
    )
    if not count:
        raise ValueError(f"there is no {start!r} … {end!r}")
    return filled
