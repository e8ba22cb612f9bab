"""The dock shows what the doctor finds, once it is asked."""

from __future__ import annotations

import zipfile

from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=alert(1)>"


class OneTrouble:
    """An error, a note, and something in order."""

    def __init__(self) -> None:
        self.asked = 0

    def findings(self):
        self.asked += 1
        plain = {"meaning": "", "remedy": "", "command": ""}
        return {
            "worst": "error",
            "counts": {"ok": 1, "note": 1, "warning": 0, "error": 1},
            "findings": [
                {"key": "a", "severity": "ok", "part": "Machine", "finding": "12 GB are free.", **plain},
                {"key": "b", "severity": "note", "part": "OBS", "finding": HOSTILE, **plain},
                {
                    "key": "c",
                    "severity": "error",
                    "part": "Camera",
                    "finding": "HD Webcam may not be opened by you.",
                    "meaning": "The program gets no picture of it.",
                    "remedy": "Join the group that may.",
                    "command": "sudo usermod -aG video mia",
                },
            ],
        }

    def bundle(self) -> bytes:
        return b"PK\x05\x06" + bytes(18)


def test_nothing_is_looked_at_before_somebody_asks_the_worst_comes_first_and_its_command_is_copied(page, stage):
    stage.desk.doctor = OneTrouble()
    expect(page.locator("#health-short")).to_have_text("press to look")
    assert stage.desk.doctor.asked == 0
    page.locator("#checkup > summary").click()
    expect(page.locator("#health-short")).to_have_text("1 thing in the way")
    items = page.locator("#health > li")
    expect(items).to_have_count(2)
    expect(items.first).to_contain_text("In the way · Camera")
    expect(items.first).to_contain_text("Join the group that may.")
    expect(items.first.locator("code")).to_have_text("sudo usermod -aG video mia")
    expect(items.nth(1)).to_contain_text(HOSTILE)
    assert page.locator("#health img").count() == 0
    page.locator("#health-fine > summary").click()
    expect(page.locator("#health-good")).to_have_text("Machine: 12 GB are free.")

    page.locator(".command button").click()
    expect(page.locator(".command button")).to_have_text("Copied")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    page.locator(".command button").click()
    expect(page.locator(".command button")).to_have_text("Marked")
    assert page.evaluate("getSelection().toString()") == "sudo usermod -aG video mia"


def test_the_file_for_a_bug_report_is_saved_and_a_doctor_that_is_not_there_is_said(page, stage, tmp_path):
    page.locator("#checkup > summary").click()
    expect(page.locator("#health-refusal")).to_contain_text("from a terminal")
    stage.desk.doctor = OneTrouble()
    page.locator("#health-again").click()
    expect(page.locator("#health-refusal")).to_be_hidden()
    with page.expect_download() as download:
        page.locator("#health-file").click()
    download.value.save_as(tmp_path / "d.zip")
    assert zipfile.is_zipfile(tmp_path / "d.zip")
    expect(page.locator("#health-words")).to_contain_text("look into it before you send it")
