"""The dock in a real browser, before a server that shows pictures of one colour."""

from __future__ import annotations

import shutil
import time

import numpy as np
import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright
from plugin.control.conftest import make_stage
from streamv2v_cam.system.opencv import cv2

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    # a page of Chromium's own below the address line, loaded with each window: twice the work of ours
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
]


def jpeg(colour: tuple[int, int, int]) -> bytes:
    return cv2.imencode(".jpg", np.full((90, 160, 3), colour[::-1], np.uint8))[1].tobytes()


class OneColour:
    """A live picture of one colour."""

    def __init__(self, colour: tuple[int, int, int]) -> None:
        self._jpeg, self._sequence = jpeg(colour), 0

    def wait_newer(self, last_sequence: int, timeout_s: float) -> tuple[int, bytes] | None:
        time.sleep(0.1)
        self._sequence += 1
        return self._sequence, self._jpeg


class Still:
    """A picture that changes only when it is told to."""

    def __init__(self, colour: tuple[int, int, int]) -> None:
        self._newest = (1, jpeg(colour))

    def show(self, colour: tuple[int, int, int]) -> None:
        self._newest = (self._newest[0] + 1, jpeg(colour))

    def wait_newer(self, last_sequence: int, timeout_s: float) -> tuple[int, bytes] | None:
        time.sleep(0.1)
        return self._newest if self._newest[0] > last_sequence else None


class OneBrowser:
    """A Chromium that is started once for all files of this folder, and ended before a test of another one begins."""

    def __init__(self) -> None:
        self._play: Playwright | None = None
        self._chromium: Browser | None = None

    def chromium(self) -> Browser:
        if self._chromium is None:
            self._play = sync_playwright().start()
            self._chromium = self._play.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        return self._chromium

    def close(self) -> None:
        if self._chromium is not None and self._play is not None:
            self._chromium.close()
            # Playwright keeps an event loop in this thread while it runs, beside which asyncio.run() is refused
            self._play.stop()
        self._play = self._chromium = None


ONE_BROWSER = OneBrowser()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None or nextitem.path.parent != item.path.parent:
        ONE_BROWSER.close()


@pytest.fixture(scope="module")
def browser():
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome is installed here")
    chromium = ONE_BROWSER.chromium()
    yield chromium
    for context in chromium.contexts:
        context.close()


def show_on(stage):
    stage.desk.preview, stage.desk.source_preview = OneColour((200, 30, 30)), OneColour((30, 30, 200))
    stage.desk.telemetry = lambda: {
        "capture_fps": 29.8,
        "engine_fps": 11.04,
        "publish_fps": 29.97,
        "latency_p50_ms": 81.2,
        "latency_p95_ms": 120.4,
        "look_p50_ms": 280.2,
        "look_p95_ms": 341.7,
    }
    return stage


@pytest.fixture
def stage(tmp_path):
    stage = show_on(make_stage(tmp_path))
    stage.server.start()
    yield stage
    stage.server.stop()


def opened(browser, address, **more):
    page = browser.new_page(**{"viewport": {"width": 320, "height": 1000}, **more})
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("dialog", lambda dialog: page.faults.append(dialog.message))
    page.on("console", lambda line: page.faults.append(line.text) if "Content Security" in line.text else None)
    page.goto(address, wait_until="domcontentloaded")
    return page


@pytest.fixture
def page(browser, stage):
    page = opened(browser, stage.server.dock_address)
    expect(page.locator("#publish-fps")).to_have_text("30.0", timeout=20_000)
    # What arrives later pushes down what stands below it, and a press would land beside.
    expect(page.locator("#looks [data-look]").first).to_be_visible(timeout=20_000)
    expect(page.locator("#control-strength")).to_be_visible(timeout=20_000)
    yield page
    assert page.faults == []
    page.close()


def colour_of(page, selector: str) -> list[int]:
    """The middle of an image as it is drawn."""
    return page.evaluate(
        """(selector) => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 3;
            const pen = canvas.getContext("2d");
            pen.drawImage(document.querySelector(selector), 0, 0, 3, 3);
            return [...pen.getImageData(1, 1, 1, 1).data.slice(0, 3)];
        }""",
        selector,
    )
