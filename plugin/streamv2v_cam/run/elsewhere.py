"""An engine on another machine: which process stands in for it here, and what it is told."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from ..engine.link import DEFAULT_ENTRY
from ..engine.remote.address import Dial, wanted_address
from ..engine.remote.known import known_servers
from ..errors import SettingsError

if TYPE_CHECKING:
    from ..settings import LoadedSettings

log = logging.getLogger(__name__)

REMOTE_ENTRY = "streamv2v_cam.engine.remote.client:main"
STAND_IN = "STREAMV2V_STAND_IN"
"""Names a function, "file.py:function", that runs in the engine process in the engine's place: for tests of everything
around it, where its arithmetic would be too slow."""


def engine_entry(settings: LoadedSettings) -> str:
    """The function that runs in the engine process: the engine itself, what stands in for one elsewhere, or a test's.

    Raises:
        SettingsError: the address of a server is none, or this machine is not paired with it, or with none at all.
    """
    if stand_in := os.environ.get(STAND_IN):
        log.warning("The engine is a stand-in for tests: %s (%s).", stand_in, STAND_IN)
        return stand_in
    if not settings.engine.remote:
        return DEFAULT_ENTRY
    address = wanted_address(settings.engine.remote)
    if address is not None:
        known_servers().of(address)
    elif not known_servers().all():
        raise SettingsError(
            "This machine is paired with no engine server yet. `streamv2v-cam pair` shows those in this network; "
            "there, `streamv2v-cam serve --pair` shows a code."
        )
    return REMOTE_ENTRY


def engine_dial(settings: LoadedSettings) -> str:
    """What stands where the model's name does, for the process that stands in."""
    assert settings.engine.remote is not None
    return str(Dial(wanted_address(settings.engine.remote), settings.engine.remote_pictures))


def works_here(facts: dict[str, object]) -> bool:
    """Whether the engine takes this machine's processor, by what it says of itself."""
    return facts.get("device", "cpu") == "cpu" and "server" not in facts
