"""A person with README and the dock alone: change the look, keep it, give it key 3, record, find the file.

The real program runs as README starts it, with a tiny model; `SHOTS=FOLDER` keeps a picture of every step.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from patience import until
from playwright.sync_api import expect
from plugin.control.dock.conftest import opened


@pytest.fixture
def address(tmp_path: Path, tiny_model: Path) -> Iterator[str]:
    """The address that the program prints when it starts."""
    model = os.environ.get("SHOTS_MODEL") or str(tiny_model)
    settings = {
        "STREAMV2V_CONFIG": str(tmp_path / "settings.toml"),
        "STREAMV2V_ENGINE__MODEL": model,
        "STREAMV2V_ENGINE__COMPILE_CACHE": str(tmp_path / "engine"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "STREAMV2V_PUBLISH__RECORD_FOLDER": str(tmp_path / "videos"),
        "STREAMV2V_PUBLISH__WIDTH": "320",
        "STREAMV2V_PUBLISH__HEIGHT": "180",
    }
    if model != "embedded":
        settings |= {"STREAMV2V_ENGINE__WIDTH": "64", "STREAMV2V_ENGINE__HEIGHT": "64", "STREAMV2V_ENGINE__LCM": "off"}
        # ten frames a second, or the tiny engine works all the while, and the machine with it
        settings |= {"STREAMV2V_CAPTURE__FPS": "10", "STREAMV2V_ENGINE__ACCELERATION": "none"}
        settings |= {"STREAMV2V_ENGINE__THREADS": "1", "STREAMV2V_ENGINE__SPARE": "off"}
    command = [sys.executable, "-m", "streamv2v_cam", "run", "--source", "presenter", "--no-open", "--port", "0"]
    environment = {**os.environ, **settings, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as program:
        assert program.stderr is not None
        try:
            said = ""
            while not (found := re.search(r"page: (http\S+#token=\S+)", said)):
                line = program.stderr.readline()
                assert line, said
                said += line
            yield found[1]
        finally:
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=60)


def shot(page, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.wait_for_timeout(1200)
        page.screenshot(path=f"{folder}/{name}.png")


@pytest.mark.slow
def test_a_person_changes_the_look_keeps_it_under_key_3_records_and_finds_the_file(browser, address):
    page = opened(browser, address, viewport={"width": 360, "height": 700})
    expect(page.locator("#state")).to_have_text("live", timeout=120_000)
    shot(page, "show-1-live")

    page.click(".look:has-text('Comic book')")
    expect(page.locator(".look:has-text('Comic book')")).to_have_attribute("aria-pressed", "true")
    page.fill("#prompt", "a watercolour painting of a person in blue")
    shot(page, "show-2-unsent")
    page.press("#prompt", "Enter")
    expect(page.locator("#prompt-form")).not_to_have_class("unsent")

    page.click("text=Save as look")
    page.get_by_label("Name of the new look").fill("Blue me")
    page.select_option("#save-key", "3")
    shot(page, "show-3-saving")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".look").nth(2)).to_contain_text("Blue me")
    page.click(".look:has-text('Pencil sketch')")
    expect(page.locator(".look:has-text('Blue me')")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("3")
    expect(page.locator(".look:has-text('Blue me')")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#prompt")).to_have_value("a watercolour painting of a person in blue")
    shot(page, "show-4-key-3")

    page.get_by_role("button", name="Record").click()
    expect(page.locator("#recording")).to_contain_text(re.compile(r"Recording 0:0[1-9]"), timeout=30_000)
    shot(page, "show-5-recording")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#recording")).to_contain_text("Recorded", timeout=30_000)
    shot(page, "show-6-recorded")
    told = re.search(r"kB: (.+\.mp4) in (.+)$", page.locator("#recording").inner_text())
    assert told, page.locator("#recording").inner_text()
    file = Path(told[2]) / told[1]
    assert until(file.exists)
    with av.open(str(file)) as video:
        assert len(list(video.decode(video=0))) >= 25, "more than a second of it"
    assert page.faults == []
    page.close()
