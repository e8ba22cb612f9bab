"""The API: state, controls, commands, looks, sources and what OBS says, each with its revision."""

from __future__ import annotations

import pytest
from streamv2v_cam.control import ObsNews, Report
from streamv2v_cam.errors import SinkError

from streamv2v.controls import CONTROL_NAMES

JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _same_beginning(stage):
    stage.store.apply({"prompt": "oil", "strength": 0.5, "mode": "effect"}, look="oil")


def test_the_state_says_what_is_on_air_and_why(stage):
    stage.report.append(Report("engine restarting", "engine was killed (signal 9)", sinks=("null",)))
    with stage.client() as client:
        state = client.get("/api/state").json()
    stage.report.pop()
    assert state["air"]["state"] == "engine restarting"
    assert state["air"]["reason"] == "engine was killed (signal 9)"
    assert state["telemetry"]["publish_fps"] == 30.0
    assert (state["look"], state["mode"], state["revision"]) == ("oil", "effect", stage.store.current.revision)
    assert set(state["controls"]) == set(CONTROL_NAMES)


def test_the_controls_are_described_so_that_a_page_can_draw_them(stage):
    with stage.client() as client:
        told = client.get("/api/controls").json()
    assert told["described"]["strength"]["high"] == 1.0
    assert set(told["values"]) == set(told["described"]) == set(CONTROL_NAMES)


def test_a_change_goes_through_the_one_door_and_its_answer_carries_the_revision(stage):
    before = stage.store.current.revision
    with stage.client() as client:
        answer = client.patch("/api/controls", json={"strength": 0.25, "prompt": "a snow globe"})
    assert answer.status_code == 200
    assert answer.json()["controls"]["strength"] == 0.25
    assert stage.store.current.controls.prompt == "a snow globe"
    assert answer.json()["revision"] == stage.store.current.revision == before + 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"strength": 7}', 422),
        ('{"prompt": ""}', 422),
        ('{"prompt": "\\ud800"}', 400),
        ('{"model": "someone/other"}', 422),
        ('{"strength": 0.1, "mode": "sleep"}', 422),
        ('{"strength": 1' + "0" * 400 + "}", 422),
        ('{"seed": 1' + "0" * 6000 + "}", 400),
        ('["strength"]', 422),
        ('{"strength": NaN}', 400),
        ('{"strength": 1e999}', 422),
        ("strength", 400),
        ("[" * 10000, 400),
    ],
)
def test_a_refused_change_says_why_and_changes_nothing(stage, body, status):
    before = stage.store.current
    with stage.client() as client:
        answer = client.patch("/api/controls", content=body, headers=JSON)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert stage.store.current is before


def test_a_refusal_carries_field_given_and_allowed(stage):
    with stage.client() as client:
        told = client.patch("/api/controls", json={"strength": 7}).json()
    assert (told["field"], told["given"], told["allowed"]) == ("strength", 7, "0 to 1")
    told = stage.command(command="dance").json()
    assert (told["field"], told["given"]) == ("command", "dance")
    assert "next_look" in told["allowed"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/state", None),
        ("GET", "/api/looks", None),
        ("GET", "/api/none", None),
        ("PATCH", "/api/controls", {"strength": 7}),
        ("PATCH", "/api/controls", {"strength": 0.7}),
        ("POST", "/api/commands", {}),
        ("POST", "/api/obs/state", {"connected": True}),
    ],
)
def test_every_answer_carries_the_revision(stage, method, path, body):
    with stage.client() as client:
        answer = client.request(method, path, json=body)
    assert answer.headers["x-revision"] == str(stage.store.current.revision)


def test_looks_are_chosen_by_name_and_number_and_one_after_the_other(stage):
    assert stage.command(command="look", name="neon").json()["look"] == "neon"
    assert stage.store.current.controls.strength == 0.7
    assert stage.command(command="look", number=1).json()["look"] == "oil"
    assert stage.command(command="next_look").json()["look"] == "neon"
    assert stage.command(command="next_look").json()["look"] == "oil"
    assert stage.command(command="previous_look").json()["look"] == "neon"
    with stage.client() as client:
        assert [(look["number"], look["name"]) for look in client.get("/api/looks").json()][:2] == [
            (1, "oil"),
            (2, "neon"),
        ]


@pytest.mark.parametrize("wanted", [{"name": "neo"}, {"number": 9}])
def test_a_look_that_does_not_exist_changes_nothing(stage, wanted):
    before = stage.store.current
    answer = stage.command(command="look", **wanted)
    assert answer.status_code == 404
    assert answer.json()["error"]
    assert stage.store.current is before


def test_strength_goes_up_and_down_in_steps_and_stops_at_its_ends(stage):
    assert stage.command(command="strength_up").json()["controls"]["strength"] == 0.55
    assert stage.command(command="strength_down", step=0.5).json()["controls"]["strength"] == 0.05
    assert stage.command(command="strength_down").json()["controls"]["strength"] == 0.0
    assert stage.command(command="strength_down").json()["controls"]["strength"] == 0.0


def test_another_variation_is_a_drawn_seed_and_leaves_the_rest(stage):
    before = stage.store.current
    seeds = {stage.command(command="new_seed").json()["controls"]["seed"] for _ in range(4)}
    now = stage.store.current
    assert len(seeds) == 4 and now.controls.seed in seeds
    assert now.controls.patched({"seed": before.controls.seed}) == before.controls and now.look == before.look


def test_what_is_on_air_is_chosen_and_toggled(stage):
    for mode in ("freeze", "bypass", "privacy", "effect"):
        assert stage.command(command=mode).json()["mode"] == mode
    for mode in ("freeze", "bypass"):
        assert stage.command(command=f"toggle_{mode}").json()["mode"] == mode
        assert stage.command(command=f"toggle_{mode}").json()["mode"] == "effect"


@pytest.mark.parametrize("before, after", [("effect", "effect"), ("freeze", "effect"), ("bypass", "bypass")])
def test_nothing_leads_out_of_privacy_but_its_own_command_and_the_look(stage, before, after):
    stage.command(command=before)
    for name in ("privacy", "privacy", "toggle_privacy", "toggle_privacy"):
        assert stage.command(command=name).json()["mode"] == "privacy"
    for name in ("bypass", "freeze", "toggle_bypass", "toggle_freeze"):
        answer = stage.command(command=name)
        assert (answer.status_code, answer.json()["field"]) == (422, "command")
        assert stage.store.current.controls.mode == "privacy"
    assert stage.command(command="leave_privacy").json()["mode"] == after
    assert stage.command(command="leave_privacy").json()["mode"] == after


def test_emptying_the_bank_can_be_asked_for(stage):
    before = stage.store.current.bank_resets
    assert stage.command(command="reset_bank").json()["bank_resets"] == before + 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"command": "look"},
        {"command": "look", "number": 1, "name": "oil"},
        {"command": "look", "number": 0},
        {"command": "look", "number": True},
        {"command": "strength_up", "step": 4},
        {"command": "effect", "path": "/etc/passwd"},
    ],
)
def test_a_command_that_makes_no_sense_is_refused(stage, body):
    before = stage.store.current
    answer = stage.command(**body)
    assert answer.status_code == 422
    assert {"error", "field", "given", "allowed"} <= set(answer.json())
    assert stage.store.current is before


def test_a_source_is_chosen_from_the_list_alone(stage):
    with stage.client() as client:
        assert [choice["id"] for choice in client.get("/api/cameras").json()] == ["presenter", "c0ffee"]
        assert client.post("/api/source", json={"id": "c0ffee"}).json()["title"] == "HD Webcam"
        assert stage.desk.sources.current == "c0ffee"
        for wanted in ("/etc/passwd", "http://127.0.0.1/", "/dev/video0", "camera:0"):
            assert client.post("/api/source", json={"id": wanted}).status_code == 404
    assert stage.desk.sources.current == "c0ffee"


def test_what_obs_says_of_itself_stands_in_the_state(stage):
    with stage.client() as client:
        assert client.post("/api/obs/state", json={"connected": True, "version": "29.0.2"}).json()["revision"] >= 0
        told = client.get("/api/state").json()["obs"]
        assert (told["state"], told["version"]) == ("connected", "29.0.2")
        client.post("/api/obs/state", json={"connected": False, "reason": "The password is wrong."})
        told = client.get("/api/state").json()["obs"]
        assert (told["state"], told["reason"]) == ("disconnected", "The password is wrong.")


def test_an_obs_process_that_falls_silent_is_called_silent():
    now_s = [0.0]
    news = ObsNews(clock=lambda: now_s[0])
    assert news.as_dict() == {"state": "absent"}
    news.tell({"connected": True})
    assert news.as_dict()["state"] == "connected"
    now_s[0] = 16.0
    assert news.as_dict()["state"] == "silent"


def test_a_process_without_an_obs_does_not_hide_the_one_that_has_it():
    now_s = [0.0]
    news = ObsNews(clock=lambda: now_s[0])
    looking = {"connected": False, "reason": "looking for OBS"}
    assert news.tell({"connected": True}, hand="first", obs="one")
    assert news.tell(looking, hand="second")
    assert news.as_dict()["state"] == "connected"
    assert not news.tell({"connected": True}, hand="second", obs="one")
    assert news.tell({"connected": False, "reason": "the OBS process was ended"}, hand="second")
    assert news.as_dict()["state"] == "connected"
    # what the first says of itself counts, and once it is silent the second is heard
    assert news.tell({"connected": False, "reason": "OBS has gone."}, hand="first")
    assert news.as_dict()["reason"] == "OBS has gone."
    news.tell({"connected": True}, hand="first", obs="one")
    now_s[0] = 16.0
    assert news.tell(looking, hand="second")
    assert news.as_dict()["reason"] == "looking for OBS"


def test_reading_changes_nothing(stage):
    before = stage.store.current
    with stage.client() as client:
        described = client.get("/api/openapi.json").json()["paths"]
        for path, methods in described.items():
            answer = client.get(path.replace("{name}", "neon"))
            assert answer.status_code in (200, 404) if "get" in methods else answer.status_code == 405, path
    assert stage.store.current is before


class Tape:
    """A recording that is only counted."""

    def __init__(self) -> None:
        self.state, self.full = "off", False

    def start(self) -> None:
        if self.full:
            raise SinkError("The disk is full.")
        self.state = "recording"

    def stop(self) -> None:
        self.state = "off"

    def toggle(self) -> None:
        self.stop() if self.state == "recording" else self.start()

    def status(self) -> dict[str, object]:
        return {"state": self.state, "file": "a.mp4", "bytes": 7}


def test_a_recording_is_started_and_stopped_and_says_its_file(stage):
    assert stage.command(command="start_recording").status_code == 422
    stage.desk.recorder = tape = Tape()
    for name, state in (("start", "recording"), ("start", "recording"), ("toggle", "off"), ("stop", "off")):
        answer = stage.command(command=f"{name}_recording").json()
        assert answer["recording"] == {"state": state, "file": "a.mp4", "bytes": 7}
        with stage.client() as client:
            assert client.get("/api/state").json()["recording"]["state"] == state
    tape.full = True
    refused = stage.command(command="start_recording")
    assert (refused.status_code, refused.json()["error"]) == (507, "The disk is full.")
