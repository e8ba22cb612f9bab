"""A caption has no punctuation where what it would say is empty."""

from __future__ import annotations

import pytest
from streamv2v_cam.obs.captions import caption_text
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
