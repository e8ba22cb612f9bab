"""The bench's settings: what a name stands for, groups, and free ones from the command line."""

from __future__ import annotations

import pytest
from evaluation.settings import BEYOND, GROUPS, PAPER, SETTINGS, choose, read_setting
from evaluation.table import notes, relative_rows, report, value_at

from streamv2v import BankConfig, Controls, StreamV2VError
from streamv2v.config import BEST_CONTROLS


def test_the_paper_is_the_default_bank_and_off_is_none() -> None:
    assert PAPER.bank_config() == BankConfig() and SETTINGS["off"].bank_config().kind == "off"
    assert PAPER.look("neon", 0.4) == Controls(prompt="neon", strength=0.4, transition_s=0.0)


def test_equal_settings_of_two_names_are_one_content_and_all_others_differ() -> None:
    contents = {name: repr(setting.content()) for name, setting in SETTINGS.items()}
    same = {name for name, content in contents.items() if content == contents["paper"]}
    assert same == {"paper", "EA+FF", "interval-4", "gate-0.98", "weight-1"}
    others = [content for name, content in contents.items() if name not in same]
    assert len(others) == len(set(others))


def test_best_is_the_one_of_the_library_and_changes_go_over_it() -> None:
    best = SETTINGS["best"]
    assert best.bank_config() == BankConfig.best()
    assert best.look("neon", 0.4) == Controls(prompt="neon", strength=0.4, transition_s=0.0, **BEST_CONTROLS)
    changed = read_setting("less: bank.kind=best, bank.spread=false, feedback=0.1")
    assert changed.bank_config() == BankConfig.best(spread=False)
    assert changed.look("neon", 0.4).feedback == 0.1


@pytest.mark.parametrize("setting", BEYOND, ids=lambda setting: setting.name)
def test_a_choice_beyond_the_paper_changes_its_own_value_alone(setting) -> None:
    plain, own = PAPER.content(), setting.content()
    changed = [name for part in ("bank", "controls") for name in plain[part] if plain[part][name] != own[part][name]]
    assert changed and set(changed) <= {*setting.bank, *setting.controls}
    together = ({"merge_rule", "token_age_limit"}, {"matching", "window"})
    assert len(changed) == 1 or set(changed) in together


def test_the_ablation_has_what_the_paper_compared() -> None:
    names = {setting.name for setting in GROUPS["paper-ablation"]}
    assert {"off", "EA", "FF", "EA+FF", "queue-1", "queue-2", "queue-4"} <= names
    assert {f"interval-{n}" for n in (1, 2, 4, 8, 16)} | {"gate-0", "gate-0.8", "gate-0.9", "gate-1"} <= names


def test_groups_and_names_mix_and_each_setting_comes_once() -> None:
    chosen = [setting.name for setting in choose(["off", "main", "best"], ["mine: feedback=0.2"])]
    assert chosen == ["off", "EA", "FF", "paper", "queue-4", "best", "mine"]


def test_a_free_setting_is_read() -> None:
    setting = read_setting("all of it: bank.kind=queue, bank.fused_layers=mid_block+last_up, slots=4, bank_weight=2")
    assert setting.name == "all of it"
    assert setting.bank_config() == BankConfig(kind="queue", fused_layers=("mid_block", "last_up"))
    assert setting.stream == {"slots": 4} and setting.look("neon", 0.5).bank_weight == 2.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("feedback=0.5", "is the form that is wanted"),
        ("a: feedback", "has no '='"),
        ("a: feedbak=0.5", "'feedbak' is not known"),
        ("a: bank.size=3", "'bank.size' is not known"),
        ("a: prompt=neon", "'prompt' is not known"),
        ("a: model=other", "'model' is not known"),
        ("a: feedback=2", "0 to 0.95"),
        ("a: bank.kind=big", "'big' was refused"),
    ],
)
def test_a_free_setting_that_cannot_be_says_why(text: str, words: str) -> None:
    with pytest.raises((ValueError, StreamV2VError), match=words):
        read_setting(text)


def test_an_unknown_setting_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no setting 'papers'.*main.*queue-4"):
        choose(["papers"])


CELLS = [
    {"setting": name, "clip": clip, "prompt": "p", "warp": {"l1": value}, "ghost": {"frames": 3.0, "gone": gone}}
    for name, clip, value, gone in (
        ("off", "a", 2.0, True),
        ("off", "b", 8.0, True),
        ("paper", "a", 1.0, True),
        ("paper", "b", 2.0, False),
    )
]


def test_relations_are_taken_cell_by_cell_and_averaged_as_ratios() -> None:
    rows = relative_rows(CELLS, "off")
    assert rows["off"][0] == pytest.approx(1.0)
    assert rows["paper"][0] == pytest.approx((0.5 * 0.25) ** 0.5)
    assert relative_rows(CELLS, "best") == {}


def test_tables_have_a_row_for_each_setting_no_empty_column_and_say_what_did_not_end() -> None:
    text, markdown = report(CELLS, markdown=False), report(CELLS, markdown=True)
    assert ["paper", "1.500", "3.0"] in [line.split() for line in text.splitlines()] and "CLIP" not in text
    assert "| paper | 1.500 | 3.0 |" in markdown and "| paper | 0.354 |" in markdown and "## b, p" in markdown
    assert "ghost of paper (1)" in notes(CELLS) and notes(CELLS) in text and notes(CELLS[:3]) == ""


def test_a_figure_that_is_not_there_is_none() -> None:
    assert value_at({"a": {"b": 2}}, "a.b") == 2.0
    assert value_at({"a": None}, "a.b") is None and value_at({}, "a") is None
