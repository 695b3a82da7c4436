"""The operator's commands, `envybox`: what came in, what is stuck, sending it on again.

Installed with the package's extra `tools`. It runs on the operator's machine, with the
operator's own rights; the deployed function has no part of it.
"""

import sys


def program() -> None:
    """Run `envybox`; where its libraries were not installed, say how they are."""
    try:
        from envybox.operator.__main__ import main
    except ModuleNotFoundError as error:
        sys.exit(
            f"envybox: {error.name} is not installed: the extra `tools` has it, see docs/cli.md"
        )
    main()
