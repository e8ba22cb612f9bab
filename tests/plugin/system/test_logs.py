"""Logging: short lines for the person, everything in a file."""

from __future__ import annotations

import logging

import pytest
from streamv2v_cam.system.logs import OWN_LOGGERS, set_up_logging


@pytest.fixture(autouse=True)
def _quiet_afterwards():
    before = [(logging.getLogger(name), logging.getLogger(name).propagate) for name in OWN_LOGGERS]
    yield
    for logger, propagate in before:
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()
        logger.propagate = propagate


def test_a_warning_is_shown_and_kept_and_the_rest_only_kept(tmp_path, capsys):
    path = set_up_logging(folder=tmp_path)
    log = logging.getLogger("streamv2v_cam.test")
    log.info("a small thing")
    log.warning("a port is taken")
    shown = capsys.readouterr().err
    assert "a port is taken" in shown
    assert "a small thing" not in shown
    assert path is not None
    kept = path.read_text()
    assert "a small thing" in kept
    assert "a port is taken" in kept


def test_verbose_shows_what_is_done(tmp_path, capsys):
    set_up_logging(verbose=True, folder=tmp_path)
    logging.getLogger("streamv2v_cam.test").info("a small thing")
    assert "a small thing" in capsys.readouterr().err


def test_a_traceback_is_kept_for_later_and_shown_only_with_debug(tmp_path, capsys):
    log = logging.getLogger("streamv2v_cam.test")
    for debug in (False, True):
        path = set_up_logging(verbose=True, debug=debug, folder=tmp_path)
        try:
            raise ValueError("deep inside")
        except ValueError as error:
            log.debug("stopped", exc_info=error)
        assert ("Traceback" in capsys.readouterr().err) is debug
    assert path is not None
    assert path.read_text().count("ValueError: deep inside") == 2


def test_setting_up_twice_says_everything_once(tmp_path, capsys):
    set_up_logging(folder=tmp_path)
    set_up_logging(folder=tmp_path)
    logging.getLogger("streamv2v_cam.test").warning("once")
    assert capsys.readouterr().err.count("once") == 1


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert set_up_logging(folder=blocked / "log") is None
    logging.getLogger("streamv2v_cam.test").warning("still shown")
    assert "still shown" in capsys.readouterr().err
