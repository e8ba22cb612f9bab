"""What the signs in a prompt mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamv2v.prompts.syntax import WEIGHT_LIMIT, Tag, parse


def pieces(text: str) -> list[tuple[str, float]]:
    return [(p.text.strip(), round(p.weight, 4)) for section in parse(text).sections for p in section if p.text.strip()]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a cat", [("a cat", 1.0)]),
        ("(cat)", [("cat", 1.1)]),
        ("((cat))", [("cat", 1.21)]),
        ("[cat]", [("cat", 0.9091)]),
        ("a (red:1.3) cat", [("a", 1.0), ("red", 1.3), ("cat", 1.0)]),
        ("(red : .5)", [("red", 0.5)]),
        ("((red:1.2) cat)", [("red", 1.32), ("cat", 1.1)]),
        ("(red [cat])", [("red", 1.1), ("cat", 1.0)]),
        (r"\(cat\) \[dog\] \\", [(r"(cat) [dog] " + "\\", 1.0)]),
        (r"(cat\):1.5)", [("cat)", 1.5)]),
        ("(a BREAK b:1.5)", [("a", 1.5), ("b", 1.5)]),
    ],
)
def test_brackets_weigh_as_users_of_such_tools_know_it(text: str, wanted: list[tuple[str, float]]) -> None:
    assert pieces(text) == wanted
    assert not parse(text).remarks


@pytest.mark.parametrize("text", [":)", "a cat)", "cat:1.3)", "]", "x\\y", "BREAKFAST", "breaks BREAKER"])
def test_signs_without_their_other_half_are_letters(text: str) -> None:
    assert pieces(text) == [(text, 1.0)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("(open cat", "not closed"),
        ("(cat:1,3)", "a point"),
        ("[cat:dog:0.5]", "between steps"),
        ("[cat|dog]", "between steps"),
        ("(cat:99)", "10 times"),
        ("<lora:>", "<lora:name:0.8>"),
        ("cat AND dog", "blend"),
    ],
)
def test_what_is_taken_otherwise_is_said_in_one_line(text: str, word: str) -> None:
    (remark,) = parse(text).remarks
    assert word in remark and "\n" not in remark


def test_a_bracket_that_stays_open_loses_no_word() -> None:
    assert parse("(a [b) c]").text == "a [b c]"
    assert parse("oil (painting").text == "oil (painting"


def test_breaks_part_sections_and_none_is_empty() -> None:
    assert [section[0].text for section in parse("BREAK a BREAK  BREAK b BREAK").sections] == ["a", "b"]
    assert parse("").sections[0][0].text == parse("BREAK").sections[0][0].text == ""


def test_networks_are_named_and_are_no_words() -> None:
    prompt = parse("a cat <lora:film grain:0.8>, <LyCO:x>, <lora:y:0.5:1> <lora:z:oops>")
    assert prompt.tags == (Tag("lora", "film grain", 0.8), Tag("lyco", "x"), Tag("lora", "y", 0.5), Tag("lora", "z"))
    assert "lora" not in prompt.text.lower() and prompt.text.startswith("a cat")


@given(st.text(alphabet="ab ,.:()[]<>\\|123BREAKlora\"'é日", max_size=60) | st.text(max_size=60))
def test_no_text_at_all_is_a_fault(text: str) -> None:
    prompt = parse(text)
    assert prompt.sections and all(abs(p.weight) <= WEIGHT_LIMIT for section in prompt.sections for p in section)
    assert all("\n" not in remark for remark in prompt.remarks)
