"""ControlStore: the one door through which every live value changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from streamv2v.controls import Controls

from .knownwords import WordJudge, WordNotice
from .promptnotes import PromptNotes


@dataclass(frozen=True)
class Snapshot:
    """All live values at one moment.

    Attributes:
        controls: the values.
        revision: goes up by one with every applied patch.
        bank_resets: goes up by one with every request to empty the bank.
        look: name of the look that was chosen last; None when none was, or its prompt was changed since.
        before_privacy: where leaving privacy leads: "bypass" where that was on air before, else "effect".
    """

    controls: Controls
    revision: int
    bank_resets: int = 0
    look: str | None = None
    before_privacy: str = "effect"


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
    """

    def __init__(
        self, controls: Controls | None = None, *, look: str | None = None, judge: WordJudge | None = None
    ) -> None:
        self._judge = judge or WordJudge(None)
        self._lock = threading.Lock()
        self._subscribers: list[Subscriber] = []
        self.current = Snapshot(controls or Controls(), revision=0, look=look)

    def apply(self, patch: Mapping[str, Any], *, look: str | None = None) -> Snapshot:
        """Validate `patch`, swap the snapshot, raise the revision, tell subscribers.

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
            decide: snapshot -> patch and name of a look (or None); quick, and does not call the store.

        Raises:
            ControlError: an unknown field or refused value; nothing was changed.
        """
        with self._lock:
            old = self.current
            patch, look = decide(old)
            controls = old.controls.patched(patch)
            same_words = (controls.prompt, controls.blend) == (old.controls.prompt, old.controls.blend)
            if not same_words or controls.negative_prompt != old.controls.negative_prompt:
                self._judge.check(controls)
            elif "prompt" in patch:
                self._judge.forget()
            kept = look or (old.look if same_words else None)
            back = old.before_privacy
            if old.controls.mode != "privacy":
                back = "bypass" if old.controls.mode == "bypass" else "effect"
            return self._swap(Snapshot(controls, old.revision + 1, old.bank_resets, kept, back))

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

    def _swap(self, snapshot: Snapshot) -> Snapshot:
        self.current = snapshot
        for subscriber in list(self._subscribers):
            subscriber(snapshot)
        return snapshot
