"""An input that OBS has no more: renamed or removed, said once and rightly, however the events come."""

from __future__ import annotations

from typing import Any

import pytest
from streamv2v_cam.obs.errors import RequestRefused
from streamv2v_cam.obs.watching import NO_SUCH_THING, InputWatch


class Inputs:
    """A session of an OBS with these inputs."""

    has_settings_events = True

    def __init__(self, *names: str) -> None:
        self.names = set(names)

    def request(self, request: str, *, inputName: str) -> dict[str, Any]:
        if inputName not in self.names:
            raise RequestRefused(request, NO_SUCH_THING, "no such input")
        return {"inputSettings": {"text": "a"}}


def test_a_renamed_input_that_is_missed_before_its_event_comes_is_called_renamed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch, obs = InputWatch("Old", poll_s=0.1), Inputs("Old")
    assert watch.due(obs, 0.0)
    obs.names = {"New"}
    assert watch.due(obs, 10.0) is None and not caplog.text
    watch.told("InputNameChanged", {"oldInputName": "Old", "inputName": "New"})
    assert watch.due(obs, 20.0) is None
    assert caplog.text.count("'Old'") == 1 and "is called 'New' now" in caplog.text


def test_a_removed_input_is_missed_twice_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    watch, obs = InputWatch("Old", poll_s=0.1), Inputs("Old")
    watch.due(obs, 0.0)
    obs.names = set()
    for now_s in (10.0, 10.1, 10.4, 20.0):
        watch.due(obs, now_s)
    assert caplog.text.count("'Old' of OBS was removed") == 1
    obs.names = {"Old"}
    assert watch.due(obs, 30.0) == {"text": "a"} and watch.present
