"""An engine on another machine: which process stands in for it here, and what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.link import DEFAULT_ENTRY
from ..engine.remote.address import Dial, server_address
from ..engine.remote.known import known_servers

if TYPE_CHECKING:
    from ..settings import LoadedSettings

REMOTE_ENTRY = "streamv2v_cam.engine.remote.client:main"


def engine_entry(settings: LoadedSettings) -> str:
    """The function that runs in the engine process: the engine itself, or what stands in for one elsewhere.

    Raises:
        SettingsError: the address of a server is none, or this machine is not paired with it.
    """
    if not settings.engine.remote:
        return DEFAULT_ENTRY
    known_servers().of(server_address(settings.engine.remote))
    return REMOTE_ENTRY


def engine_dial(settings: LoadedSettings) -> str:
    """What stands where the model's name does, for the process that stands in."""
    assert settings.engine.remote is not None
    return str(Dial(server_address(settings.engine.remote), settings.engine.remote_pictures))


def works_here(facts: dict[str, object]) -> bool:
    """Whether the engine takes this machine's processor, by what it says of itself."""
    return facts.get("device", "cpu") == "cpu" and "server" not in facts
