"""The command line of the program; its first seconds are imports, and whoever stops it then sees no traceback."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .descriptors import keep_standard_numbers
from .ownpath import keep_to_own_packages

EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code, as `commands.main` says."""
    keep_standard_numbers()
    keep_to_own_packages()
    try:
        from .commands import main as run_command
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    run_command(arguments)
