"""`python -m docs.generate`. Where a page cannot be made, a line says why."""

import sys

from docs.generate.pages import write

try:
    write()
except ValueError as error:
    sys.exit(f"make docs: {error}")
