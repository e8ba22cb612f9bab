"""The first run in the page: three questions, the picture on air meanwhile, and never again."""

from __future__ import annotations

from playwright.sync_api import expect
from plugin.control.dock.conftest import jpeg, opened
from streamv2v_cam.errors import SettingsError

HOSTILE = "<img src=x onerror=alert(1)>"


class Asking:
    """Asks until it is answered."""

    def __init__(self) -> None:
        self.wanted, self.answers, self.refuses = True, [], False

    def questions(self):
        return {
            "wanted": self.wanted,
            "cameras": [
                {"id": "c0ffee", "title": "HD Webcam", "picture": True},
                {"id": "dead", "title": HOSTILE, "picture": True},
                {"id": "presenter", "title": "Drawn presenter", "picture": False},
            ],
            "models": [
                {"id": "embedded", "title": "The one that is included", "words": "Small and quick."},
                {"id": "big/one", "title": "A larger one", "words": "Any look."},
            ],
            "obs": True,
        }

    def thumbnail(self, id):
        return jpeg((10, 200, 10)) if id == "c0ffee" else None

    def answer(self, **given):
        if self.refuses:
            raise SettingsError("The settings file cannot be written.")
        self.wanted = False
        self.answers.append(given)
        return ["The model is taken at the next start."] if given["model"] else []


def asked(browser, stage, **more):
    stage.desk.welcome = Asking()
    return opened(browser, stage.server.dock_address, **more), stage.desk.welcome


def test_the_answers_are_sent_and_what_comes_of_them_is_said(browser, stage):
    page, welcome = asked(browser, stage)
    expect(page.locator("#welcome")).to_be_visible()
    expect(page.locator("#desk")).to_be_visible()
    expect(page.locator("#welcome-cameras canvas")).to_have_count(1)
    middle = "(seen) => [...seen.getContext('2d').getImageData(80, 45, 1, 1).data.slice(0, 3)]"
    red, green, blue = page.locator("#welcome-cameras canvas").evaluate(middle)
    assert green > 150 and max(red, blue) < 60
    expect(page.locator("#welcome-cameras label").nth(1)).to_contain_text("gives no picture now")
    expect(page.locator("#welcome-cameras label").nth(1)).to_contain_text(HOSTILE)
    page.get_by_label("Drawn presenter").check()
    page.get_by_label("A larger one").check()
    page.locator("#welcome button[type=submit]").click()
    expect(page.locator("#welcome")).to_be_hidden()
    expect(page.locator("#welcomed")).to_have_text("The model is taken at the next start.")
    assert welcome.answers == [{"camera": "presenter", "model": "big/one", "obs": True}]
    page.reload()
    expect(page.locator("#desk")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()
    page.close()


def test_answers_that_cannot_be_kept_are_said_and_stay_and_may_be_passed_over(browser, stage):
    page, welcome = asked(browser, stage)
    welcome.refuses = True
    page.get_by_label("A larger one").check()
    page.locator("#welcome button[type=submit]").click()
    expect(page.locator("#welcome-refusal")).to_contain_text("cannot be written")
    expect(page.get_by_label("A larger one")).to_be_checked()
    welcome.refuses = False
    page.locator("#welcome-skip").click()
    expect(page.locator("#welcome")).to_be_hidden()
    assert welcome.answers == [{"camera": None, "model": None, "obs": None}]
    page.close()


def test_nothing_is_asked_or_shown_of_cameras_once_there_are_settings(stage):
    with stage.client() as client:
        assert client.get("/api/welcome").json()["wanted"] is False
        assert client.get("/api/welcome/cameras/c0ffee").status_code == 404
        assert client.post("/api/welcome", json={}).status_code == 404
    stage.desk.welcome = Asking()
    with stage.client() as client:
        assert client.post("/api/welcome", json={"obs": "yes"}).status_code == 422
        assert client.get("/api/welcome/cameras/dead").status_code == 404
    assert stage.stranger().get("/api/welcome/cameras/c0ffee").status_code == 401
    stage.desk.source_preview = None
    with stage.client() as client:
        assert "left out" in client.get("/api/welcome/cameras/c0ffee").json()["error"]
