"""The line that tells how a run is doing is worked out only where somebody can see it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from streamv2v_cam.run import statusline


def test_without_a_terminal_nobody_asks_for_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statusline, "console", Console(file=io.StringIO()))
    asked: list[str] = []
    with statusline.status_line() as show:
        show(lambda: asked.append("asked") or "live")
    assert asked == []


def test_in_a_terminal_the_line_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(statusline, "console", Console(file=screen, force_terminal=True))
    with statusline.status_line() as show:
        show(lambda: "live · 30 fps on air")
    assert "live · 30 fps on air" in screen.getvalue()
