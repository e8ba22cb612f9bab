"""ControlStore: the one door through which every live value changes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from streamv2v.controls import Controls
from streamv2v.errors import ControlError
from streamv2v.models.vocabulary import Vocabulary

from .knownwords import WordJudge, WordNotice
from .lorafolder import LoraFolder
from .promptnotes import PromptNotes
from .references import ReferenceShelf
from .references.shelf import Given, uses_frame

OF_THE_LOOK = ("region", "region_feather", "outside", "outside_colour", "outside_look", "loras")
"""The streamer's own, which a look may set for as long as it is on: afterwards they are what they were before."""
NAME_FILES = ("reference", "reference_blend", "loras")
"""Values that stand for files, which take as long to read as a disk likes."""
WORDS = ("prompt", "blend", "negative_prompt")
COVERED = "privacy"


@dataclass(frozen=True)
class Snapshot:
    """All live values at one moment.

    Attributes:
        controls: the values.
        revision: goes up by one with every applied patch.
        bank_resets: goes up by one with every request to empty the bank.
        look: name of the look that was chosen last; None when none was, or its words or pictures were changed since.
        before_privacy: where leaving privacy leads: "bypass" where that was on air before, else "effect".
        references: the pictures that the controls name, with their names; they never leave this machine.
        beneath: what the streamer has of `OF_THE_LOOK` beneath the values of the look that is on.
    """

    controls: Controls
    revision: int
    bank_resets: int = 0
    look: str | None = None
    before_privacy: str = "effect"
    references: tuple[Given, ...] = field(default=(), repr=False)
    beneath: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WordsAndLoras:
    """What a model reads.

    Attributes:
        vocabulary: the words that it knows; None judges nothing.
        notes: reads prompts for it.
        loras: those that may be put on it.
        looks: names of the looks that are for it.
    """

    vocabulary: Vocabulary | None
    notes: PromptNotes
    loras: LoraFolder
    looks: Container[str]


class LiveValues(Protocol):
    """What is read of a store by who never changes it."""

    @property
    def current(self) -> Snapshot: ...


Subscriber = Callable[[Snapshot], None]


class ControlStore:
    """Holds the current snapshot; dock, API, command line and OBS are hands on `apply`.

    Readers take no lock: `current` is one reference, swapped whole. Subscribers are called in the
    applying thread, once per change and in order; they must only pass the snapshot on.

    Args:
        controls: values to begin with.
        look: name of the look they come from.
        judge: asked about new words before they are taken.
        pictures: has the reference pictures that the controls name.
        borrow: whether any look may follow a frame of the camera.
        beneath: as of a `Snapshot`, of the look they come from.
        loras: asked about LoRAs before they are taken.

    Attributes:
        loras: it.

    Raises:
        ControlError: `controls` name a picture that is not there.
    """

    def __init__(
        self,
        controls: Controls | None = None,
        *,
        look: str | None = None,
        judge: WordJudge | None = None,
        pictures: ReferenceShelf | None = None,
        borrow: bool = True,
        beneath: Mapping[str, Any] | None = None,
        loras: LoraFolder | None = None,
    ) -> None:
        self.loras = loras or LoraFolder(None)
        self._judge = judge or WordJudge(None)
        self.pictures, self._borrow = pictures or ReferenceShelf(), borrow
        self._lock = threading.Lock()
        self._covers = 0
        """How often a cover was asked for."""
        self._subscribers: list[Subscriber] = []
        begun = self._without_frames(controls or Controls(), {})
        references = self.pictures.given(begun)
        self.pictures.hold(begun)
        self.current = Snapshot(begun, revision=0, look=look, references=references, beneath=beneath or {})

    def apply(self, patch: Mapping[str, Any], *, look: str | None = None) -> Snapshot:
        """Validate `patch`, swap the snapshot, raise the revision, tell subscribers.

        Files that it names are read first, while other changes go on.

        Args:
            patch: control name -> new value; all or nothing.
            look: name of the look the patch comes from; None keeps the present one, unless the words change.

        Raises:
            ControlError: an unknown field or refused value; nothing was changed.
        """
        return self.change(lambda _: (patch, look))

    def change(self, decide: Callable[[Snapshot], tuple[Mapping[str, Any], str | None]]) -> Snapshot:
        """As `apply`, with patch and look decided from the very snapshot they change: nothing comes between.

        Args:
            decide: snapshot -> patch and name of a look (or None); quick, does not call the store, and may be asked
                twice.

        Raises:
            ControlError: an unknown field or refused value; nothing was changed.
        """
        covers = self._covers
        self._read_ahead(*decide(self.current))
        with self._lock:
            patch, look = decide(self.current)
            if covers != self._covers and patch.get("mode", COVERED) != COVERED:
                raise ControlError("mode", patch["mode"], "the cover, which was asked for while this was read")
            return self._changed(patch, look)

    def turn_to(
        self, model: WordsAndLoras, decide: Callable[[Snapshot], Iterable[tuple[Mapping[str, Any], str | None]]]
    ) -> Snapshot:
        """Another model is on air: judge words and LoRAs for that one, and change the values to such as it takes.

        Args:
            model: what it reads.
            decide: as of `change`; one patch after the other.

        Raises:
            ControlError: what was decided is refused; patches before that one hold.
        """
        with self._lock:
            self._judge.turn_to(model.vocabulary, model.notes)
            self.loras = model.loras
            for patch, look in decide(self.current):
                self._changed(patch, look)
            if self.current.look is not None and self.current.look not in model.looks:
                self._swap(replace(self.current, revision=self.current.revision + 1, look=None))
            return self.current

    def tell(self, text: str) -> None:
        """Say something of the words and pictures on air, once, where their notices are said."""
        self._judge.tell(text)

    def preview(self, patch: Mapping[str, Any], look: str | None) -> Snapshot:
        """What the values would be with that patch; judged and applied by nobody."""
        old = self.current
        controls = self._without_frames(old.controls.patched(patch), patch)
        return replace(old, controls=controls, look=look, references=self._given(controls, old))

    def _read_ahead(self, patch: Mapping[str, Any], look: str | None) -> None:
        """Have the files that a change names read while nobody is kept from another one: a cover waits for no disk."""
        old = self.current
        patch, _ = _over(old, patch, look)
        if not names_files(patch):
            return
        if _may_name_loras(patch):
            self.loras.files()
        with contextlib.suppress(ControlError):  # said when it is changed, which finds what was read
            controls = old.controls.patched(patch)
            if controls.loras != old.controls.loras:
                self.loras.check(controls)
            self._given(controls, old)

    def _changed(self, patch: Mapping[str, Any], look: str | None) -> Snapshot:
        old = self.current
        self._covers += patch.get("mode") == COVERED
        patch, beneath = _over(old, patch, look)
        controls = self._without_frames(old.controls.patched(patch), patch)
        references = self._given(controls, old)
        same_words = (controls.prompt, controls.blend) == (old.controls.prompt, old.controls.blend)
        if not same_words or controls.negative_prompt != old.controls.negative_prompt:
            self._judge.check(controls)
        elif "prompt" in patch:
            self._judge.forget()
        if controls.loras != old.controls.loras:
            self.loras.check(controls)
        kept = look or (old.look if same_words and references is old.references else None)
        back = old.before_privacy
        if old.controls.mode != COVERED:
            back = "bypass" if old.controls.mode == "bypass" else "effect"
        return self._swap(Snapshot(controls, old.revision + 1, old.bank_resets, kept, back, references, beneath))

    @property
    def notes(self) -> PromptNotes:
        """What reads prompts for a person."""
        return self._judge.notes

    @property
    def notice(self) -> WordNotice:
        """What there is to say of the words that came last."""
        return self._judge.notice

    def reset_bank(self) -> Snapshot:
        """Ask the engine to empty its feature bank before the next frame."""
        with self._lock:
            old = self.current
            return self._swap(replace(old, revision=old.revision + 1, bank_resets=old.bank_resets + 1))

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with every later snapshot; returns the call that ends it."""
        with self._lock:
            self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            with self._lock:
                if subscriber in self._subscribers:
                    self._subscribers.remove(subscriber)

        return unsubscribe

    def _given(self, controls: Controls, old: Snapshot) -> tuple[Given, ...]:
        """The pictures that `controls` name; those of the old snapshot where they are the same."""
        if (controls.reference, controls.reference_blend) == (old.controls.reference, old.controls.reference_blend):
            return old.references
        return self.pictures.given(controls, old.references)

    def _without_frames(self, controls: Controls, patch: Mapping[str, Any]) -> Controls:
        """What draws from the camera's own picture ends with the permission, and is refused without it.

        Raises:
            ControlError: the patch itself asks for it.
        """
        if not uses_frame(controls) or (controls.borrow and self._borrow):
            return controls
        if "reference" in patch or "reference_blend" in patch:
            allowed = "no frame of yours while a look may not use your camera"
            raise ControlError("reference", controls.reference, allowed)
        return controls.patched({"reference": "", "reference_blend": ()})

    def _swap(self, snapshot: Snapshot) -> Snapshot:
        self.current = snapshot
        self.pictures.hold(snapshot.controls)
        for subscriber in list(self._subscribers):
            subscriber(snapshot)
        return snapshot


def names_files(patch: Mapping[str, Any]) -> bool:
    """Whether files are read for a change: pictures and LoRAs, also where only words name one."""
    return not patch.keys().isdisjoint(NAME_FILES) or _may_name_loras(patch)


def _may_name_loras(patch: Mapping[str, Any]) -> bool:
    return any("<" in str(patch.get(name, "")) for name in WORDS)


def _over(old: Snapshot, patch: Mapping[str, Any], look: str | None) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The patch with what the look before had covered, and what lies beneath afterwards."""
    left = {name: value for name, value in old.beneath.items() if name not in patch}
    if look is None or not patch:  # a hand on the controls, which means them; or the present values got a name
        return patch, left
    covered = {name: getattr(old.controls, name) for name in OF_THE_LOOK if name in patch}
    return {**left, **patch}, {**covered, **{name: old.beneath[name] for name in covered if name in old.beneath}}
