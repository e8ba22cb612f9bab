"""Succession: the next engine is built while the present one stays on air, and takes over with its first frame."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from streamv2v.config import StreamConfig

from ..errors import EngineError
from .link import EngineLink
from .protocol import Failure, FrameDone, Notice, Progress, Ready, Refit

log = logging.getLogger(__name__)

Say = Callable[..., None]
"""`say(progress, reason)`: what to show beside the running engine."""


@dataclass(frozen=True)
class Wish:
    """An engine that is asked for.

    Attributes:
        config: what it is built from.
        title: what people call it; "" says that it is the present one, built anew.
        only_beside: where there is no room for both, the present one stays; else it ends first.
    """

    config: StreamConfig
    title: str = ""
    only_beside: bool = False

    @property
    def preparing(self) -> str:
        """What is said while it loads."""
        return f"{self.title} is loading beside; the picture stays" if self.title else f"preparing {self.config.model}"


class Succession:
    """At most one engine in preparation; a newer wish replaces an older one.

    Attributes:
        link: the engine in preparation.
        note: what stays to be said of it when it runs; "" for nothing.
        progress: what is said of it while it loads.
        kept: why the last one that was asked for did not come; "" where it did, or is on its way.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wish: Wish | None = None
        self._begun: Wish | None = None
        self._unwanted = False
        self.link: EngineLink | None = None
        self.note = self.kept = self.progress = ""

    @property
    def preparing(self) -> Wish | None:
        """What was asked for and has not come yet."""
        return None if self._unwanted else self._wish or self._begun

    def want(self, wish: Wish) -> None:
        """Ask for an engine; from any thread."""
        with self._lock:
            self._wish, self.kept, self.progress, self._unwanted = wish, "", "", False

    def forget(self) -> None:
        """The present engine is to stay: give up what was asked for; from any thread."""
        with self._lock:
            self._wish, self._unwanted = None, True

    def take_wish(self) -> Wish | None:
        """What was asked for and is not begun yet; it counts as begun from now on."""
        with self._lock:
            wish, self._wish = self._wish, None
            return wish

    def came(self) -> None:
        """What was in preparation is on air."""
        self._begun = None

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
        self._give_up_unwanted(say)
        self._begin_wish(start, say)
        link, wish = self.link, self._begun
        if link is None or wish is None:
            return None
        for message in link.hear(0.0):
            if isinstance(message, Progress):
                share = "" if message.share is None else f", {message.share:.0%}"
                self._say(f"{wish.preparing}: {message.text}{share}", say)
            elif isinstance(message, Ready):
                begin(link)
            elif isinstance(message, Notice):
                log.log(logging.WARNING if message.lasting else logging.INFO, "%s", message.text)
                self.note = message.text if message.lasting else self.note
            elif isinstance(message, Refit):
                return self._without_room(message, wish, say)
            elif isinstance(message, Failure):
                log.debug("%s", message.detail)
                new = wish.title or "the new one"
                self._keep(f"kept the present engine, {new} did not start: {message.reason}", say)
                return None
            elif isinstance(message, FrameDone):
                self.link = None
                return link
        return None

    def _give_up_unwanted(self, say: Say) -> None:
        if self._unwanted:
            if self.link is not None:
                self.end()
                say("")
            self._unwanted = False

    def _begin_wish(self, start: Callable[[StreamConfig], EngineLink], say: Say) -> None:
        wish = self._wish
        if wish is None:
            return
        self.end()
        # it is in preparation before it is no wish any more, so that whoever looks sees one of the two
        self._begun = wish
        with self._lock:
            if self._wish is wish:
                self._wish = None
        self.note = ""
        self._say(wish.preparing, say)
        try:
            self.link = start(wish.config)
        except (EngineError, OSError) as error:
            self._keep(f"kept the present engine: {error}", say)

    def _without_room(self, message: Refit, wish: Wish, say: Say) -> Refit | None:
        """It does not fit beside the present one: it is left, or what is to be started once that one has ended."""
        if wish.only_beside:
            told = message.short or message.reason
            self._keep(f"kept the present engine, beside which there is no room: {told}", say)
            return None
        self.end()
        # asked while two engines share the memory: alone it may fit as it was wished, and says so if not
        reason = f"{wish.config.model} does not fit beside the present engine, which ends first"
        return Refit(wish.config, reason, lasting=False)

    def _say(self, progress: str, say: Say) -> None:
        self.progress = progress
        say(progress)

    def _keep(self, why: str, say: Say) -> None:
        log.warning("%s", why)
        self.kept = why
        say("", why)
        self.end()

    def end(self) -> None:
        """Give up what is in preparation."""
        self._begun = None
        link, self.link = self.link, None
        if link is not None:
            link.close(at_once=True)
