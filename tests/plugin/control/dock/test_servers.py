"""The dock lists engines on other machines, once it is asked; what strangers call themselves is words."""

from __future__ import annotations

from playwright.sync_api import expect
from streamv2v_cam.control import ServerSeen

HOSTILE = "<img src=x onerror=alert(1)>"


class ThreeServers:
    """One in use, one to start with, one to pair with."""

    def __init__(self) -> None:
        self.asked = 0

    def around(self) -> list[ServerSeen]:
        self.asked += 1
        return [
            ServerSeen("attic-pc", "in use", "It draws for this program now."),
            ServerSeen("laptop", "paired", "Paired, and there.", "streamv2v-cam run --engine laptop:8770"),
            ServerSeen(HOSTILE, "new", "Not paired yet.", "streamv2v-cam pair"),
        ]


def test_nobody_is_looked_for_before_the_list_is_opened_and_each_has_its_line_for_a_terminal(page, stage):
    stage.desk.servers = ThreeServers()
    assert stage.desk.servers.asked == 0
    page.locator("#servers > summary").click()
    expect(page.locator("#servers-short")).to_have_text("attic-pc draws")
    items = page.locator("#servers-list > li")
    expect(items).to_have_count(3)
    expect(items.first.locator("code")).to_have_count(0)
    expect(items.nth(1).locator("code")).to_have_text("streamv2v-cam run --engine laptop:8770")
    expect(items.nth(2)).to_contain_text(HOSTILE)
    assert page.locator("#servers-list img").count() == 0
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing stands out of a narrow dock"


def test_where_there_is_none_it_is_said_what_to_do(page, stage):
    stage.desk.servers = None
    page.locator("#servers > summary").click()
    expect(page.locator("#servers-told")).to_contain_text("streamv2v-cam serve")
    expect(page.locator("#servers-short")).to_have_text("none seen")
