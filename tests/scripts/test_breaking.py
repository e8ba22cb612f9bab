"""How faults are watched and told: a show that is made up, rooms whose faults fail, tables on a page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from breaking import watching
from breaking.rooms import Room, play
from breaking.tables import as_markdown, cells, put_into
from breaking.watching import Look, NotSo, Row, watch


class MadeUp:
    """A show that goes through given looks, and stays at the last."""

    def __init__(self, *looks: Look) -> None:
        self._looks = list(looks)

    def look(self) -> Look:
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_S", 0.0)
    monkeypatch.setattr(watching, "AFTER_S", 0.0)


def live(styled: int, late: int = 0) -> Look:
    return Look("live", "", styled, late)


def test_a_fault_is_followed_through_its_states_until_a_new_drawing_is_on_air():
    lost = Look("engine restarting", "the engine was killed; restarting", 7, 2)
    # the old engine's last drawing comes after the fault, and is no sign of recovery
    show = MadeUp(live(5), live(6), lost, lost, live(7, 2), live(7, 3), live(8, 3))
    done: list[str] = []
    row = watch(show, "killed", lambda: done.append("broken"), mend=lambda: done.append("mended"))
    assert done == ["broken", "mended"]
    assert row.on_air == "live > engine restarting > live"
    assert row.said == "the engine was killed; restarting"
    assert row.noticed_s is not None and row.again_s is not None and row.late == 3


def test_what_nobody_is_to_notice_is_watched_for_its_time_and_has_no_recovery():
    row = watch(MadeUp(live(1), live(2, 4)), "flood", lambda: None, for_s=0.0)
    assert (row.on_air, row.noticed_s, row.again_s, row.late) == ("live", None, None, 4)


def test_a_program_that_does_not_answer_is_no_state():
    silent = Look("", "", 0, 0)
    row = watch(MadeUp(live(1), silent, Look("camera lost", "gone", 1, 0), silent, live(2)), "x", lambda: None)
    assert row.on_air == "live > camera lost > live"


def test_what_does_not_end_is_not_so():
    with pytest.raises(NotSo, match="is not over \\(camera lost: gone\\)"):
        watch(MadeUp(live(1), Look("camera lost", "gone", 1, 0)), "x", lambda: None, limit_s=0.01)
    with pytest.raises(NotSo, match="was not noticed"):
        watch(MadeUp(live(1)), "x", lambda: None, limit_s=0.01)


def test_a_fault_that_fails_is_a_row_that_says_so_and_the_next_has_a_new_stage(tmp_path: Path):
    stages: list[Path] = []

    @contextlib.contextmanager
    def stage(folder: Path) -> Iterator[Path]:
        stages.append(folder)
        yield folder

    def fails(place: Path) -> Row:
        raise NotSo("the engine stayed\naway")

    room = Room("room", stage, {"good": lambda place: Row("good"), "bad": fails, "after": lambda place: Row("after")})
    rows = {name: row for name, row, _ in play(room, {"good", "bad", "after"}, tmp_path)}
    assert list(rows) == ["good", "bad", "after"]
    assert rows["bad"].wrong == "the engine stayed away" and not rows["after"].wrong
    assert len(stages) == 2 and cells(rows["bad"])[-1].startswith("NOT SO")
    assert [name for name, *_ in play(room, {"after"}, tmp_path / "room-0")] == ["after"]


def test_a_stage_that_does_not_open_is_told_by_each_of_its_faults(tmp_path: Path):
    @contextlib.contextmanager
    def stage(folder: Path) -> Iterator[None]:
        raise NotSo("no OBS here")
        yield

    room = Room("room", stage, {"one": lambda stage: Row("one"), "two": lambda stage: Row("two")})
    assert [row.wrong for _, row, _ in play(room, {"one", "two"}, tmp_path)] == ["its stage: no OBS here"] * 2


def test_a_table_takes_the_place_between_its_marks_and_nothing_else(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- faults -->\nold\n<!-- end of faults -->\nafter\n")
    put_into(page, "faults", as_markdown([["a", "b"], ["1 | 2", "x"]]))
    put_into(page, "faults", as_markdown([["a", "b"], ["1 | 2", "y"]]))
    text = page.read_text()
    assert text.startswith("before\n<!-- faults -->\n") and text.endswith("<!-- end of faults -->\nafter\n")
    assert text.count("|---|---|") == 1 and "| 1 \\| 2 | y |" in text and "old" not in text
    with pytest.raises(SystemExit, match="no marks"):
        put_into(page, "others", "x")
