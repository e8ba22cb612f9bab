"""The OBS process, composed: the parts that the settings ask for, between OBS and the program."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence

from ..settings import LoadedSettings
from ..system.accesstoken import AccessToken
from ..system.paths import home_path
from .direct import authority, is_this_machine
from .feedback import Caption, CustomEvents
from .host import HostLink
from .hotkeys import Hotkeys
from .lipsync import KeepInSync
from .onlyhand import OnlyHand
from .owner import ObsThread
from .parts import Part
from .password import stored_password
from .picture import PictureKeeper
from .promptbox import PromptBox
from .reporting import Reporting
from .scenes import SceneLooks
from .secrecy import redact, silence_obsws
from .session import ObsAddress

CHILD_OF_RUN = "child of the run"


class ObsProcess:
    """Everything of one `streamv2v-cam obs`.

    Args:
        settings: all of them; [obs] says what there is to do.
        password: gives the OBS password, asked before every try.
        hand: see `HostLink`; the child of a run has always the same, so that one that is started again goes on at once.
    """

    def __init__(self, settings: LoadedSettings, *, password: Callable[[], str], hand: str = "") -> None:
        silence_obsws()
        self.host = HostLink(server_address(settings), token_of(settings), hand=hand)
        reporting = Reporting(self.host.obs_status)
        parts = self._asked_for(settings)
        self.obs = ObsThread(
            ObsAddress(settings.obs.host, settings.obs.port),
            [reporting, OnlyHand(parts, lambda: self.host.refused)],
            on_status=reporting.status,
            password=redacting(password),
        )

    def start(self) -> None:
        self.host.start()
        self.obs.start()

    def stop(self) -> None:
        """End both connections; safe to call twice."""
        self.obs.stop()
        self.host.stop()

    def _asked_for(self, settings: LoadedSettings) -> Sequence[Part]:
        obs, send = settings.obs, self.host.send
        parts: list[Part] = [Hotkeys(send), SceneLooks(obs.scenes, obs.sources, send)]
        if obs.prompt_source:
            parts.append(PromptBox(obs.prompt_source, send, same_machine=is_this_machine(obs.host)))
        if obs.caption_source:
            parts.append(Caption(obs.caption_source, obs.caption, lambda: self.host.state))
        parts.append(PictureKeeper(lambda: self.host.state, lambda: self.host.get("/api/stream")["air"]))
        if obs.events:
            parts.append(CustomEvents(lambda: self.host.state, send))
        if obs.audio_sync:
            parts.append(KeepInSync(obs.microphone, lambda: self.host.state))
        return parts


def server_address(settings: LoadedSettings) -> str:
    """Where the program is: `obs.server`, else where [control] of these settings puts it."""
    control = settings.control
    return settings.obs.server or f"http://{authority(control.host, control.port)}"


def token_of(settings: LoadedSettings) -> Callable[[], str]:
    """Gives the token of the program's API; the file is read again when it changes."""
    named = settings.obs.token_file
    path = home_path(named) if named else settings.token_path
    return AccessToken(path).current


def redacting(password: Callable[[], str]) -> Callable[[], str]:
    """The same password, which no log line shows once it has been given out."""
    hidden: set[str] = set()

    def give() -> str:
        secret = password()
        if secret and secret not in hidden:
            hidden.add(secret)
            redact(secret)
        return secret

    return give


def stored_or_asked(settings: LoadedSettings, asked: str | None) -> Callable[[], str]:
    """The password that was typed, else the stored one, looked up anew each time so that a new one is taken up."""
    return (lambda: asked) if asked is not None else (lambda: stored_password(settings))


def wait_for_end(*, with_parent: bool) -> None:
    """Stay until interrupted; `with_parent` also until stdin ends, which it does when the parent process does."""
    ended = threading.Event()
    if with_parent:

        def watch() -> None:
            # not through Python's buffer, which would be locked when the process ends
            while os.read(sys.stdin.fileno(), 1):
                pass
            ended.set()

        threading.Thread(target=watch, name="parent", daemon=True).start()
    while not ended.wait(0.5):
        pass
