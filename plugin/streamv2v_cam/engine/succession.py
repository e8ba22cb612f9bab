"""Succession: the next engine is built while the present one stays on air, and takes over with its first frame."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from streamv2v.config import StreamConfig

from ..errors import EngineError
from .link import EngineLink
from .protocol import Failure, FrameDone, Notice, Progress, Ready, Refit

log = logging.getLogger(__name__)

Say = Callable[..., None]
"""`say(progress, reason)`: what to show beside the running engine."""


class Succession:
    """At most one engine in preparation; a newer wish replaces an older one.

    Attributes:
        link: the engine in preparation.
        note: what stays to be said of it when it runs; "" for nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wish: StreamConfig | None = None
        self.link: EngineLink | None = None
        self.note = ""

    def want(self, config: StreamConfig) -> None:
        """Ask for an engine of that configuration; from any thread."""
        with self._lock:
            self._wish = config

    def take_wish(self) -> StreamConfig | None:
        """The configuration asked for and not begun yet; it counts as begun from now on."""
        with self._lock:
            wish, self._wish = self._wish, None
            return wish

    def advance(
        self, start: Callable[[StreamConfig], EngineLink], begin: Callable[[EngineLink], None], say: Say
    ) -> EngineLink | Refit | None:
        """Do the next bit of work.

        Args:
            start: starts an engine process.
            begin: gives a ready engine its first frame.
            say: see `Say`.

        Returns:
            The new engine once it has styled a frame, None before that; where it does not fit beside the present
            one, what is to be started once that one has ended.
        """
        wish = self.take_wish()
        if wish is not None:
            self.end()
            self.note = ""
            try:
                self.link = start(wish)
            except (EngineError, OSError) as error:
                say("", f"kept the present engine: {error}")
                return None
            say(f"preparing {wish.model}")
        link = self.link
        if link is None:
            return None
        for message in link.hear(0.0):
            if isinstance(message, Progress):
                say(f"preparing {link.config.model}: {message.text}")
            elif isinstance(message, Ready):
                begin(link)
            elif isinstance(message, Notice):
                log.log(logging.WARNING if message.lasting else logging.INFO, "%s", message.text)
                self.note = message.text if message.lasting else self.note
            elif isinstance(message, Refit):
                # asked while two engines share the memory: alone it may fit as it was wished, and says so if not
                self.end()
                reason = f"{link.config.model} does not fit beside the present engine, which ends first"
                return Refit(link.config, reason, lasting=False)
            elif isinstance(message, Failure):
                log.warning("%s", message.reason)
                log.debug("%s", message.detail)
                say("", f"kept the present engine, the new one did not start: {message.reason}")
                self.link = None
                link.close(at_once=True)
                return None
            elif isinstance(message, FrameDone):
                self.link = None
                return link
        return None

    def end(self) -> None:
        """Give up what is in preparation."""
        link, self.link = self.link, None
        if link is not None:
            link.close(at_once=True)
