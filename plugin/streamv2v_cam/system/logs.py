"""Logging: short lines on stderr for the person, a rotating file with everything for later."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, cast

from platformdirs import user_log_dir
from rich.console import Console
from rich.logging import RichHandler

from .terminal import Stderr

FILE_LIMIT_BYTES = 1_000_000
FILES_KEPT = 3
OWN_LOGGERS = ("streamv2v_cam", "streamv2v")

console = Console(file=cast(IO[str], Stderr()), highlight=False)
"""For people, on stderr; status lines and log lines share it, so that they do not cut into each other."""


def log_path() -> Path:
    """The newest log file."""
    return Path(user_log_dir("streamv2v-cam", appauthor=False)) / "streamv2v-cam.log"


def set_up_logging(*, verbose: bool = False, debug: bool = False, folder: Path | None = None) -> Path | None:
    """Send the program's own log to stderr and to a file; a second call replaces the first.

    Args:
        verbose: show what the program does, not only warnings.
        debug: show everything, with tracebacks.
        folder: where the file goes; None is the user's log folder.

    Returns:
        The log file, None where none can be written.
    """
    shown = _shown(debug=debug)
    shown.setLevel(logging.DEBUG if debug else logging.INFO if verbose else logging.WARNING)
    path = (folder or log_path().parent) / log_path().name
    sinks: list[logging.Handler] = [shown]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = RotatingFileHandler(path, maxBytes=FILE_LIMIT_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        kept.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        sinks.append(kept)
    except OSError:
        path = None
    for name in OWN_LOGGERS:
        logger = logging.getLogger(name)
        for old in list(logger.handlers):
            logger.removeHandler(old)
            old.close()
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        for sink in sinks:
            logger.addHandler(sink)
    return path


def _shown(*, debug: bool) -> logging.Handler:
    """The handler for the person: coloured on a terminal, one plain line each where stderr goes elsewhere."""
    if not console.is_terminal:
        plain = logging.StreamHandler()
        plain.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
        return plain
    coloured = RichHandler(console=console, show_path=debug, show_time=debug, rich_tracebacks=debug)
    coloured.setFormatter(logging.Formatter("%(message)s"))
    return coloured
