"""What a caption says: what is on air, without punctuation where that is empty, and for a while what was not known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamv2v_cam.obs.captions import caption_text
from streamv2v_cam.obs.feedback import NOTICE_S, Caption
from streamv2v_cam.obs.host import HostState


@pytest.mark.parametrize(
    ("template", "look", "prompt", "mode", "said"),
    [
        ("{look}: {prompt}", "ink", "a fox", "", "ink: a fox"),
        ("{look}: {prompt}", "", "a fox", "", "a fox"),
        ("{look}: {prompt}", "ink", "", "", "ink"),
        ("{look}: {prompt} - {mode}!", "", "", "", ""),
        ("{look}, {prompt}, {mode}", "ink", "", "effect", "ink, effect"),
        ("{look}, {prompt}, {mode}", "", "", "effect", "effect"),
        ("{prompt} ({look})", "", "a fox", "", "a fox"),
        ("{prompt} ({look}) {mode}", "", "a fox", "effect", "a fox effect"),
        ("{prompt} [{look}]", "ink", "a fox", "", "a fox [ink]"),
        ("Now: {look}", "", "", "", "Now"),
        ("{nothing} {prompt}", "", "{look}", "", "{nothing} {look}"),
    ],
)
def test_what_is_empty_goes_with_its_punctuation(template: str, look: str, prompt: str, mode: str, said: str):
    state = HostState(look=look, controls={"prompt": prompt, "mode": mode})
    assert caption_text(template, state) == said


@pytest.mark.parametrize("kind", ["refused", "answered"])
def test_a_prompt_that_names_no_look_is_told_for_a_few_seconds_and_once(kind: str):
    texts: list[str] = []
    session: Any = SimpleNamespace(request=lambda name, **told: texts.append(told["inputSettings"]["text"]))
    state = HostState(online=True, controls={"prompt": "a zombie"}, notice={"number": 1})
    caption = Caption("Caption", "{prompt}", lambda: state)
    caption.tick(session, 0.0)
    state = HostState(
        online=True, controls=state.controls, notice={"number": 2, "text": "not known: zombie", kind: True}
    )
    for now_s in (1.0, NOTICE_S, 1.0 + NOTICE_S):
        caption.tick(session, now_s)
    assert texts == ["a zombie", "not known: zombie", "a zombie"]
