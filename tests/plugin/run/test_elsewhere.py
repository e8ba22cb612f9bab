"""Which function runs in the engine process: the engine, one elsewhere, or a test's stand-in by the variable for it."""

from __future__ import annotations

import logging

import pytest
from plugin.run.test_app import ENTRY, settings
from streamv2v_cam.engine.link import DEFAULT_ENTRY
from streamv2v_cam.run.app import run_app
from streamv2v_cam.run.elsewhere import STAND_IN, engine_entry


def test_without_the_variable_the_engine_is_the_real_one() -> None:
    assert engine_entry(settings()) == DEFAULT_ENTRY


def test_a_run_takes_the_stand_in_that_the_variable_names_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(STAND_IN, ENTRY)
    with caplog.at_level(logging.WARNING, logger="streamv2v_cam"):
        summary = run_app(settings(engine_model="stand-in"), for_s=6, json_summary=True)
    assert summary["engine"]["model"] == "stand-in" and "live" in summary["states"]
    assert any("stand-in for tests" in record.message for record in caplog.records)
