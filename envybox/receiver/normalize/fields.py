"""Fields: the pairs as received become one text for each name."""

from __future__ import annotations

from envybox.receiver.normalize import brackets
from envybox.receiver.normalize.text import replace_surrogates
from envybox.receiver.normalize.warn import Warnings
from envybox.webhook import Fields


def gather(fields: Fields, warnings: Warnings) -> dict[str, str]:
    """Return the fields by name. Any text goes; the time taken is linear.

    Of a repeated name the last value that is not blank counts, with a warning. Names in
    PHP's bracket notation become one field, whose value is JSON text. Blanks around a name
    are dropped. A lone surrogate becomes U+FFFD, with a warning.
    """
    values = dict(fields)
    if len(values) == len(fields):
        names = "".join(values)
        # Surrogates are not printable, nor are blanks other than the space.
        plain = "[" not in names and " " not in names and names.isprintable()
        if plain and _is_unicode("".join(values.values())):
            return values
    clean = [_clean(name, value, warnings) for name, value in fields]
    return brackets.fold(clean, warnings)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clean(name: str, value: str, warnings: Warnings) -> tuple[str, str]:
    clean = replace_surrogates(name.strip()), replace_surrogates(value)
    if clean != (name.strip(), value):
        warnings.add(name, "a lone surrogate was replaced")
    return clean
