"""What the signs in a prompt mean, as users of Stable Diffusion tools write them: weights, breaks, names of LoRAs.

(word) counts 1.1 times, [word] 1/1.1 times, (word:1.3) 1.3 times, nested ones multiply; a backslash before a bracket
or another backslash makes it a letter; BREAK begins a new chunk; <lora:name:0.8> names a LoRA. What does not fit is
taken as it stands. Standard library only.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

STEP = 1.1
"""What one pair of brackets without a number multiplies by; square ones divide."""
WEIGHT_LIMIT = 10.0
"""Largest weight of a word, and the negative of the smallest."""
_SHOWN = 40

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_TAG = re.compile(rf"\s*(?P<kind>lora|lyco|hypernet)\s*:\s*(?P<name>[^:<>]+)(?::\s*(?P<scale>{_NUMBER})?[^<>]*)?", re.I)
_SIGNS = re.compile(
    r"\\(?P<escaped>[\\()\[\]])"
    r"|<(?P<tag>(?i:lora|lyco|hypernet)\s*:[^<>]*)>"
    rf"|:\s*(?P<weight>{_NUMBER})\s*\)"
    r"|(?P<bracket>[()\[\]])"
    r"|\s*\b(?P<break>BREAK)\b\s*",
)
_COMMA_NUMBER = re.compile(r"\([^()]*:\s*\d+,\d+\s*\)")
_EDITING = re.compile(rf":[^\[\]:]*:\s*{_NUMBER}\s*$|:\s*{_NUMBER}\s*$|\|")


@dataclass(frozen=True)
class Piece:
    """Text without signs, and how much it counts; 1 is as written."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class Tag:
    """A network that a prompt names: <lora:name:0.8>.

    Attributes:
        kind: "lora", "lyco" or "hypernet".
        name: without folder and ending, as written.
        scale: 1 where none was written.
    """

    kind: str
    name: str
    scale: float = 1.0


@dataclass(frozen=True)
class Prompt:
    """A prompt with its signs understood.

    Attributes:
        sections: what stands between the breaks, each at least one piece; one empty piece where there is no text.
        tags: networks that it names; they are no part of the text.
        remarks: what was taken otherwise than it may have been meant, one line each.
    """

    sections: tuple[tuple[Piece, ...], ...]
    tags: tuple[Tag, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words alone."""
        words = ("".join(piece.text for piece in section if piece.weight != 0) for section in self.sections)
        return " ".join(" ".join(words).split())


@dataclass
class _Part:
    """A stretch of text, an opening bracket that waits for its other half, or (None) a break."""

    text: str | None
    weight: float = 1.0
    opens: bool = False


@lru_cache(maxsize=256)
def parse(text: str) -> Prompt:
    """Understand `text`; raises nothing, whatever it is."""
    parts: list[_Part] = []
    tags: list[Tag] = []
    remarks: list[str] = []
    open_at: list[int] = []
    end = 0
    for sign in _SIGNS.finditer(text):
        parts.append(_Part(text[end : sign.start()]))
        end = sign.end()
        if sign["escaped"]:
            parts.append(_Part(sign["escaped"]))
        elif sign["break"]:
            parts.append(_Part(None))
        elif sign["tag"]:
            tags += _tag(sign["tag"], sign[0], remarks)
            parts.append(_Part(" "))
        elif sign["bracket"] in ("(", "["):
            open_at.append(len(parts))
            parts.append(_Part(sign["bracket"], opens=True))
        else:
            _close(sign, parts, open_at, remarks)
    parts.append(_Part(text[end:]))
    if any(part.opens for part in parts):
        remarks.append("A bracket that is opened and not closed is taken as a letter.")
    remarks += [f"“{_short(m[0])}”: a weight is written with a point, as 1.3." for m in _COMMA_NUMBER.finditer(text)]
    if re.search(r"\bAND\b", text):
        remarks.append("AND is an ordinary word here; to mix prompts, add them to the blend.")
    return Prompt(_sections(parts, remarks), tuple(tags), tuple(dict.fromkeys(remarks)))


def _close(sign: re.Match[str], parts: list[_Part], open_at: list[int], remarks: list[str]) -> None:
    """A bracket closes: what stands since its other half gets the weight. Without one it is taken as it stands."""
    square = sign["bracket"] == "]"
    opening = "[" if square else "("
    found = next((at for at in reversed(open_at) if parts[at].text == opening), None)
    if found is None:
        parts.append(_Part(sign[0]))
        return
    while open_at.pop() != found:
        pass  # brackets that were opened inside and not closed stay letters
    weight = 1 / STEP if square else STEP if sign["weight"] is None else float(sign["weight"])
    inside = "".join(part.text or "" for part in parts[found + 1 :])
    if square and _EDITING.search(inside):
        remarks.append(
            f"“[{_short(inside)}]” changes words between steps in other programs; here all of it counts a little less."
        )
    parts[found] = _Part("")
    for part in parts[found + 1 :]:
        part.weight *= weight


def _tag(inside: str, whole: str, remarks: list[str]) -> list[Tag]:
    found = _TAG.fullmatch(inside)
    if found is None:
        remarks.append(f"“{_short(whole)}” is passed over: a LoRA is named as <lora:name:0.8>.")
        return []
    scale = float(found["scale"]) if found["scale"] else 1.0
    return [Tag(found["kind"].lower(), found["name"].strip(), scale if math.isfinite(scale) else 1.0)]


def _sections(parts: list[_Part], remarks: list[str]) -> tuple[tuple[Piece, ...], ...]:
    """The pieces between the breaks, neighbours of one weight joined; sections without text left out."""
    sections: list[list[Piece]] = [[]]
    for part in parts:
        if part.text is None:
            sections.append([])
            continue
        weight = min(max(part.weight, -WEIGHT_LIMIT), WEIGHT_LIMIT)
        if weight != part.weight and part.text.strip():
            remarks.append(f"“{_short(part.text)}” counts {weight:g} times, the most that is allowed.")
        here = sections[-1]
        if here and (here[-1].weight == weight or not part.text.strip()):
            here[-1] = Piece(here[-1].text + part.text, here[-1].weight)
        elif part.text:
            here.append(Piece(part.text, weight))
    kept = [tuple(section) for section in sections if any(piece.text.strip() for piece in section)]
    return tuple(kept) or ((Piece(""),),)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…"
