"""Which words a model knows, where its folder says so: a small model passes over all others.

In `streamv2v.json` beside model_index.json: {"words": {"looks": [...], "shades": [...], "passed_over": [...], "photo":
[...], "otherwise": "...", "otherwise_words": "..."}}. A prompt with none of the looks is drawn as what `otherwise`
says, for people to read, by the words of `otherwise_words` in its place; without them it gives nearly the untouched
picture, which nobody asked for. The words of `photo` ask for just that. A model without such lists is taken at its
word. Standard library only: the host judges a prompt before it goes on air.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..config import EMBEDDED_FOLDER, EMBEDDED_MODEL
from ..errors import ModelError
from ..prompts.syntax import parse
from .hub import LAYERS_FILE, home_path

WORDS_KEY = "words"
_LISTS = ("looks", "shades", "passed_over", "photo")
_OTHERWISE, _OTHERWISE_WORDS = "otherwise", "otherwise_words"
_SMALL_WORDS = frozenset(
    ("a", "an", "the", "of", "in", "on", "at", "as", "by", "to", "into", "with", "without", "and", "or", "from", "for")
)
_NEAR = 0.75


@dataclass(frozen=True)
class Verdict:
    """What a model makes of a prompt.

    Attributes:
        names_a_look: it holds at least one look that the model knows.
        unknown: words of it that the model passes over, in their order.
        nearest: known looks that are spelled like one of them.
        drawn_as: what it is drawn as though it holds none; "" where it holds one, or gives nearly the photo.
        asks_for_photo: it holds no look, and words for the untouched picture.
    """

    names_a_look: bool
    unknown: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    drawn_as: str = ""
    asks_for_photo: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """The words that a model knows.

    Attributes:
        looks: phrases that change a picture beyond recognition as a photo: styles and inks.
        shades: phrases that only tint or light one.
        passed_over: words that may stand in a prompt and change nothing.
        photo: phrases that ask for the untouched picture.
        otherwise: what a prompt without a look is drawn as, in words; "" where it gives nearly the untouched picture.
        otherwise_words: what such a prompt is given as for that, with its shades; of the rest the model knows nothing.
    """

    looks: tuple[str, ...]
    shades: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    photo: tuple[str, ...] = ()
    otherwise: str = ""
    otherwise_words: str = ""

    def completed(self, prompt: str) -> str:
        """The prompt as the model is given it: where it names no look, one with what it says of colours and light."""
        text = parse(prompt).text
        if not self.otherwise_words or not self.judge(text).drawn_as:
            return prompt
        words = words_of(text)
        shades = [phrase for phrase in self.shades if self._found(words, [tuple(words_of(phrase))])]
        return ", ".join([self.otherwise_words, *shades])

    def judge(self, prompt: str) -> Verdict:
        """Whether `prompt` names a look, and which of its words do not count."""
        words = words_of(prompt)
        counted = self._found(words, self._look_phrases)
        shaded = self._found(words, self._shade_phrases)
        passed = _SMALL_WORDS | self._passed
        alone = [number for number, word in enumerate(words) if word in self._telling]
        known = counted | shaded | set(alone)
        unknown = [word for number, word in enumerate(words) if number not in known and word not in passed]
        if not words and prompt.strip():
            unknown = [prompt.strip()[:40]]
        names_a_look = bool(counted or alone)
        photo = not names_a_look and bool(self._found(words, (tuple(words_of(phrase)) for phrase in self.photo)))
        drawn_as = "" if names_a_look or photo else self.otherwise
        return Verdict(names_a_look, tuple(dict.fromkeys(unknown)), self._nearest(unknown), drawn_as, photo)

    @cached_property
    def _look_phrases(self) -> frozenset[tuple[str, ...]]:
        return frozenset(tuple(words_of(phrase)) for phrase in self.looks)

    @cached_property
    def _shade_phrases(self) -> frozenset[tuple[str, ...]]:
        return frozenset(tuple(words_of(phrase)) for phrase in self.shades)

    @cached_property
    def _passed(self) -> frozenset[str]:
        return frozenset(word for phrase in (*self.passed_over, *self.photo) for word in words_of(phrase))

    @cached_property
    def _telling(self) -> frozenset[str]:
        """Words that stand in looks alone: "impressionist" tells its look without "painting"."""
        shades = {word for phrase in self._shade_phrases for word in phrase}
        return frozenset(w for phrase in self._look_phrases for w in phrase) - shades - self._passed - _SMALL_WORDS

    def _found(self, words: list[str], phrases: Iterable[tuple[str, ...]]) -> set[int]:
        """Places of the words that belong to one of the phrases."""
        found: set[int] = set()
        for phrase in phrases:
            for start in range(len(words) - len(phrase) + 1):
                if tuple(words[start : start + len(phrase)]) == phrase:
                    found |= set(range(start, start + len(phrase)))
        return found

    def _nearest(self, unknown: Iterable[str]) -> tuple[str, ...]:
        near = (difflib.get_close_matches(word, sorted(self._telling), n=1, cutoff=_NEAR) for word in unknown)
        return tuple(dict.fromkeys(word for found in near for word in found))


def words_of(text: str) -> list[str]:
    """The words of a text, folded: no capitals, no accents, hyphens and punctuation between words."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain)


def vocabulary_of(model: str, *, loras: Sequence[object] = ()) -> Vocabulary | None:
    """The words that the folder of `model` lists; None where it lists none, or is no folder here.

    A LoRA brings words of its own, which no list holds, so that with one nothing is judged.

    Raises:
        ModelError: the list is there and cannot be read.
    """
    if loras:
        return None
    path = (EMBEDDED_FOLDER if model == EMBEDDED_MODEL else home_path(model)) / LAYERS_FILE
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if WORDS_KEY not in told:
            return None
        lists = {name: tuple(told[WORDS_KEY].get(name, ())) for name in _LISTS}
        otherwise, before = (told[WORDS_KEY].get(key, "") for key in (_OTHERWISE, _OTHERWISE_WORDS))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f'{path}: "{WORDS_KEY}" cannot be read ({error}). Mend or remove it.') from error
    words = [word for found in lists.values() for word in found]
    if not lists["looks"] or not all(isinstance(word, str) and words_of(word) for word in words):
        raise ModelError(
            f'{path}: "{WORDS_KEY}" has to hold lists of words, and "looks" at least one. Mend or remove it.'
        )
    if not isinstance(otherwise, str) or not isinstance(before, str):
        raise ModelError(
            f'{path}: "{_OTHERWISE}" and "{_OTHERWISE_WORDS}" in "{WORDS_KEY}" have to be texts. Mend or remove them.'
        )
    return Vocabulary(**lists, otherwise=otherwise, otherwise_words=before)
