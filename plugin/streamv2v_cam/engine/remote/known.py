"""Where a host keeps what it knows of servers."""

from __future__ import annotations

from ...settings.loading import default_config_path
from .pairing import KnownServers


def known_servers() -> KnownServers:
    """The servers that this user's programs are paired with."""
    return KnownServers(default_config_path().parent / "servers.json")
