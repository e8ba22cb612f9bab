"""A text source of OBS as the prompt box: what is typed there becomes the prompt."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .parts import Send
from .session import ObsSession
from .watching import InputWatch

log = logging.getLogger(__name__)

POLL_S = 0.25
SETTLED_S = 0.6
"""OBS tells of every letter; a prompt is sent once typing has paused that long."""
LONGEST_FILE = 4096


class PromptBox:
    """Part: an edited text source becomes the prompt.

    The text that stands there when OBS is found is left alone: a look may have been chosen since.

    Args:
        source: name of the text source.
        send: to the program.
        same_machine: OBS runs here, so that a file which its source reads is one of ours.
    """

    def __init__(self, source: str, send: Send, *, same_machine: bool = True) -> None:
        self._send, self._same_machine = send, same_machine
        self._file: str | None = None
        """The file that the source reads, as it was found."""
        self._next_s = 0.0
        self._input = InputWatch(source, poll_s=POLL_S)
        self._text: str | None = None
        self._sent: str | None = None
        self._changed_s: float | None = None

    def connected(self, session: ObsSession) -> None:
        self._text = self._sent = None
        self._look_at(self._input.read(session))
        self._sent, self._changed_s = self._text, None
        if not self._input.present:
            log.warning("OBS has no text source %r (obs.prompt_source); run: streamv2v-cam obs setup", self._input.name)

    def event(self, session: ObsSession, name: str, data: Mapping[str, Any]) -> None:
        if name == "CurrentSceneCollectionChanged":
            self.connected(session)
        else:
            known = self._input.told(name, data)
            if name == "CurrentSceneCollectionChanging":
                self._file = None
            self._look_at(known)

    def tick(self, session: ObsSession, now_s: float) -> None:
        self._look_at(self._input.due(session, now_s))
        if self._file and now_s >= self._next_s:
            self._next_s = now_s + POLL_S
            self._take(text_of_file(self._file))
        if self._text == self._sent:
            self._changed_s = None
        elif self._changed_s is None:
            self._changed_s = now_s
        elif now_s - self._changed_s >= SETTLED_S:
            self._sent = self._text
            if self._text:
                self._send({"controls": {"prompt": self._text}})

    def _look_at(self, settings: Mapping[str, Any] | None) -> None:
        if settings is None:
            return
        before, self._file = self._file, file_of(settings)
        if self._file is None:
            self._take(str(settings.get("text", "")))
            return
        if self._file != before:
            self._say_that_it_reads_a_file()
        self._take(text_of_file(self._file) if self._same_machine else None)

    def _take(self, text: str | None) -> None:
        if text is not None and (line := " ".join(text.split())) != self._text:
            self._text, self._changed_s = line, None

    def _say_that_it_reads_a_file(self) -> None:
        name = self._input.name
        if not self._same_machine:
            log.warning("%r of OBS reads a file of another machine, which is not seen here; type into it.", name)
        elif text_of_file(self._file or "") is None:
            log.warning("%r of OBS reads a file, %r, that cannot be read here as text.", name, self._file)
        else:
            log.info("%r of OBS reads the file %r; what stands there is the prompt.", name, self._file)


def file_of(settings: Mapping[str, Any]) -> str | None:
    """The file that a text source reads, by the settings of FreeType or of GDI+; None for one that is typed into."""
    for switch, path in (("from_file", "text_file"), ("read_from_file", "file")):
        if settings.get(switch):
            return str(settings.get(path) or "")
    return None


def text_of_file(path: str) -> str | None:
    """The text of a file up to `LONGEST_FILE` bytes; None where there is no such text file."""
    try:
        if not Path(path).is_file() or Path(path).stat().st_size > LONGEST_FILE:
            return None
        return Path(path).read_text("utf-8-sig")
    except (OSError, ValueError):
        return None
