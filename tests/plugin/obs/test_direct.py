"""The way to OBS goes through no proxy, and IPv6 is a way as well."""

from __future__ import annotations

import pytest
from plugin.obs.peer import Peer, Slow
from streamv2v_cam.obs.session import ObsAddress, ObsSession


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_of_the_machine_is_never_asked_for_obs(variable: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    monkeypatch.delenv("no_proxy", raising=False)
    with Peer(Slow(0)) as peer:
        session = ObsSession(ObsAddress("localhost", peer.port, "right"), lambda name, data: None)
        assert session.alive
        session.close()
