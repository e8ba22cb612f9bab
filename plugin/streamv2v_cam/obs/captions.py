"""What a caption says: a template with what is on air, without the punctuation around what is empty."""

from __future__ import annotations

import re

from .host import HostState

_PLACEHOLDER = re.compile(r"\{(look|prompt|mode|strength|fps|latency_ms|state)\}")
_LEADING, _TRAILING = re.compile(r"^[^\w{}]*"), re.compile(r"[^\w{}]*$")
_PAIRS = ("()", "[]", "<>", "«»", "“”", '""', "''")


def caption_text(template: str, state: HostState) -> str:
    """`template` with {look}, {prompt}, {mode}, {strength}, {fps}, {latency_ms} and {state} filled in.

    An empty part goes with the punctuation beside it: "{look}: {prompt}" without a look is the prompt alone.
    """
    controls, telemetry = state.controls, state.telemetry
    values = {
        "look": state.look or "",
        "prompt": controls.get("prompt", ""),
        "mode": controls.get("mode", ""),
        "strength": f"{controls.get('strength', 0):.2f}",
        "fps": f"{telemetry.get('engine_fps') or 0:.0f}",
        "latency_ms": f"{telemetry.get('latency_p50_ms') or 0:.0f}",
        "state": state.air.get("state", ""),
    }
    pieces = _PLACEHOLDER.split(template)
    said, gap, dropped = "", [pieces[0]], False
    for name, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        value = str(values[name]).strip()
        if value:
            said += (_between(gap, after=bool(said)) if dropped else gap[0]) + value
            gap, dropped = [literal], False
        else:
            gap, dropped = [*gap, literal], True
    return said + (_between(gap, after=bool(said), before=False) if dropped else gap[0])


def _between(literals: list[str], *, after: bool, before: bool = True) -> str:
    """What stands where values between `literals` were empty.

    Args:
        literals: the texts around each of them, at least two.
        after, before: whether a value is said before it, and follows it.
    """
    joined = literals[0]
    for position, literal in enumerate(literals[1:], 2):
        left, right = _part(_TRAILING, joined), _part(_LEADING, literal)
        head, tail = joined[: len(joined) - len(left)], literal[len(right) :]
        for opening, closing in _PAIRS:
            if left.rstrip().endswith(opening) and right.lstrip().startswith(closing):
                left, right = left.rstrip()[:-1], right.lstrip()[1:]
        more = bool(tail) or before or position <= len(literals) - 1
        separator = (right or left) if (head or after) and more else ""
        joined = head + separator + tail
    return joined if before else joined.rstrip(" ,;:-–·|/")


def _part(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""
