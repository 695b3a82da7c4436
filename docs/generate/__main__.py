"""`python -m docs.generate`."""

from docs.generate.pages import write

write()
