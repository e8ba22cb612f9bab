"""Keeps the OBS password out of every log: obsws-python prints it, and a traceback might."""

from __future__ import annotations

import logging

OBSWS_LOGGER = "obsws_python"
HIDDEN = "********"


class Redaction(logging.Filter):
    """Replaces secrets in whatever a handler is about to write, tracebacks included."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if secret]

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        said = record.getMessage()
        record.msg, record.args = self._without(said), None
        if record.exc_text:
            record.exc_text = self._without(record.exc_text)
        return True

    def _without(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text


def silence_obsws() -> None:
    """Let obsws-python say nothing: at INFO it prints the password, and a refused request as a traceback."""
    logger = logging.getLogger(OBSWS_LOGGER)
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False


def redact(*secrets: str, loggers: tuple[str, ...] = ("", "streamv2v_cam", "streamv2v")) -> None:
    """Put a `Redaction` on every handler of `loggers`; "" is the root."""
    redaction = Redaction(*secrets)
    for name in loggers:
        for sink in logging.getLogger(name).handlers:
            sink.addFilter(redaction)
