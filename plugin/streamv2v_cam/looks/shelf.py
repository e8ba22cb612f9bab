"""Shelf: the looks of a program while it runs, and every change a person makes to their own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from streamv2v.controls import Controls
from streamv2v.errors import ControlError

from ..errors import LookClash, LookError
from ..system.textfile import write_text
from .file import FileOfLooks, joined, parse_file, read_text, written
from .look import RESERVED_NAMES, Look, look_of
from .numbers import NUMBER_LIMIT, LookSet
from .taking import Imported, SameTitle, planned
from .titles import another_title, clean_title, name_for, title_key

log = logging.getLogger(__name__)


class Shelf:
    """Shipped looks and the person's own; each change is in the file before it counts.

    A file that is edited by hand, or by the command line while the program runs, counts from its next reading on; one
    that cannot be read is told once in the log, and the looks stay as they were.

    Looks of one's own that are made for another family of models lie out of sight: they keep their names and numbers.

    Args:
        shipped: the looks that ship, in order.
        path: the person's file; None keeps no looks of one's own.
        family: of the model on air, which new looks are made for; "" shows all.

    Raises:
        LookError: the file that is there cannot be used.
    """

    def __init__(self, shipped: Iterable[Look], path: Path | None = None, family: str = "") -> None:
        self._shipped, self._path, self._family = list(shipped), path, family
        self._lock = threading.RLock()
        self._stamp = _stamp_of(path)
        self._own = self._read() if self._stamp else FileOfLooks()
        self._looks = joined(self._shipped, self._own, family)
        self.version = 0

    @property
    def looks(self) -> LookSet:
        """All looks for the model on air, as they are now."""
        if _stamp_of(self._path) != self._stamp:
            self._reread()
        return self._looks

    @property
    def every(self) -> list[Look]:
        """These, and those of one's own that are made for other models."""
        return [*self.looks, *self._hidden()]

    def turn_to(self, shipped: Iterable[Look], family: str) -> None:
        """Another model is on air: show the looks for that one."""
        with self._lock:
            self._shipped, self._family = list(shipped), family
            self._take(self._own)

    def keep(self, controls: Controls, title: str, *, name: str | None = None, replace: bool = False) -> Look:
        """The live values as a look of the person's own; a new one takes the next free number.

        Args:
            controls: what is kept.
            title: in any script.
            name: for other programs; made up where it is left out.
            replace: write over the look of that name (or, without a name, of that title); one that ships comes
                back when its replacement is deleted.

        Raises:
            LookClash: name or title are another look's, or the file cannot be written.
            ControlError: a title or name that cannot be one.
        """
        with self._lock:
            looks, title = self.looks, clean_title(title)
            same = looks.titled(title)
            if name is None:
                name = same.name if same and replace else name_for(title, self._free_number(), self._names())
            elif name in RESERVED_NAMES or name.isdecimal():
                raise ControlError("name", name, "any other word; this one has a meaning of its own")
            if name in looks and not replace:
                raise LookClash(f"There is a look {name!r} already.", field="name", look=name)
            if any(look.name == name for look in self._hidden()):
                raise LookClash(f"There is a look {name!r} for another model already.", field="name", look=name)
            if same and same.name != name:
                raise _taken(same)
            look = look_of(controls, name, title, self._family)
            self._write({name: look}, {} if name in looks else {name: self._free_number()})
            return self._looks.get(name)

    def rename(self, name: str, title: str) -> Look:
        """Another title; the name stays, so that scenes and buttons that use it go on.

        Raises:
            LookClash: it ships with the program, or another look has that title.
            LookError: there is no such look.
            ControlError: a title that cannot be one.
        """
        with self._lock:
            look, title = self._own_look(name, "renamed"), clean_title(title)
            same = self._looks.titled(title)
            if same and same.name != name:
                raise _taken(same)
            self._write({name: Look(name, title, look.values, look.origin, look.made_for)}, {})
            return self._looks.get(name)

    def renumber(self, name: str, number: int) -> Look:
        """Give a look a number, and with 1 to 9 that key; a look that has it gets the other's. No third one moves.

        Raises:
            LookError: there is no such look.
            ControlError: a number out of range.
        """
        with self._lock:
            look = self.looks.get(name)
            if not 1 <= number <= NUMBER_LIMIT:
                raise ControlError("number", number, f"1 to {NUMBER_LIMIT}")
            other = self._looks.at(number)
            swapped = {other.name: self._looks.numbers[look.name]} if other else {}
            self._write({}, {**swapped, look.name: number})
            return self._looks.get(look.name)

    def delete(self, name: str) -> Look:
        """Take a look of one's own away; its number is free. One that stood for a shipped look brings that back.

        Raises:
            LookClash: it ships with the program.
            LookError: there is no such look.
        """
        with self._lock:
            look = self._own_look(name, "deleted")
            comes_back = any(shipped.name == name for shipped in self._shipped)
            self._write({name: None}, {} if comes_back else {name: None})
            return look

    def duplicate(self, name: str, title: str | None = None) -> Look:
        """The same values once more, as a look of one's own, under the next free number.

        Raises:
            LookClash: another look has that title.
            LookError: there is no such look.
            ControlError: a title that cannot be one.
        """
        with self._lock:
            look = self.looks.get(name)
            keys = {title_key(other.title) for other in self._looks}
            title = another_title(look.title, keys) if title is None else clean_title(title)
            if same := self._looks.titled(title):
                raise _taken(same)
            number = self._free_number()
            copy = Look(name_for(title, number, self._names()), title, look.values, made_for=look.made_for)
            self._write({copy.name: copy}, {copy.name: number})
            return self._looks.get(copy.name)

    def exported(self, names: Iterable[str] | None = None) -> str:
        """Looks as the text of a file: those named, or all of the person's own with their numbers.

        Raises:
            LookError: there is no such look, or none of one's own.
        """
        looks = self.looks
        if names is None:
            chosen = self._own.looks
            if not chosen:
                raise LookError("You have no looks of your own yet: save one first.")
            known = self._all_numbers()
            numbers: dict[str, int | None] = {look.name: known[look.name] for look in chosen if look.name in known}
        else:
            chosen, numbers = [looks.get(name) for name in names], {}
        return written("", Path("looks.toml"), {look.name: look for look in chosen}, numbers)

    def import_text(self, text: str, *, same_title: SameTitle = "ask") -> Imported:
        """Take in the looks of a file: all of them, or, when something is refused, none.

        A look that is here already, title and values, is passed over. Numbers of the file count where they are free.
        What would put the camera's own picture on air is left out: that is the person's to choose.

        Args:
            text: of a file of looks.
            same_title: what becomes of a look whose title another look has here: "ask" refuses the import, "replace"
                writes over the one here, "skip" leaves it as it is.

        Raises:
            LookClash: "ask", and titles are taken; names them.
            LookError: the text is no file of looks (with the line).
        """
        with self._lock:
            found = parse_file(text.removeprefix("\ufeff"), "the imported file")
            if not found.looks:
                raise LookError("There is no look in this file.")
            plan = planned(found, LookSet(self.every, self._all_numbers()), same_title)
            if plan.looks:
                self._write(plan.looks, plan.numbers)
            return plan.imported

    def _own_look(self, name: str, done: str) -> Look:
        look = self.looks.get(name)
        if look.is_shipped:
            raise LookClash(
                f"{look.title!r} ships with the program and cannot be {done}; make a copy, which is yours.",
                look=look.name,
            )
        return look

    def _hidden(self) -> list[Look]:
        """Those of the person's own that are made for other models."""
        return [look for look in self._own.looks if not look.fits(self._family)]

    def _names(self) -> set[str]:
        return {look.name for look in (*self._looks, *self._own.looks)}

    def _all_numbers(self) -> dict[str, int]:
        return {**self._own.numbers, **self._looks.numbers}

    def _free_number(self) -> int:
        """The lowest that no look has, in sight or not."""
        return LookSet(self.every, self._all_numbers()).free_number()

    def _write(self, looks: Mapping[str, Look | None], numbers: Mapping[str, int | None]) -> None:
        if self._path is None:
            raise LookClash("This program keeps no looks of its own.")
        try:
            before = read_text(self._path) if self._path.exists() else ""
            text = written(before, self._path, looks, {**self._numbers_to_keep(), **numbers})
            own = parse_file(text, str(self._path))
            write_text(self._path, text)
        except LookError as error:
            raise LookClash(str(error)) from error
        except OSError as error:
            raise LookClash(f"The looks could not be saved to {self._path} ({error}); nothing was changed.") from error
        self._take(own)

    def _numbers_to_keep(self) -> dict[str, int]:
        """The numbers that would otherwise follow from places, and move when a look comes or goes before them."""
        places = {look.name: place for place, look in enumerate(self._shipped, 1)}
        return {name: number for name, number in self._looks.numbers.items() if places.get(name) != number}

    def _read(self) -> FileOfLooks:
        assert self._path is not None
        return parse_file(read_text(self._path), str(self._path))

    def _reread(self) -> None:
        with self._lock:
            stamp = _stamp_of(self._path)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            try:
                self._take(self._read() if stamp else FileOfLooks())
            except LookError as error:
                log.warning("%s The looks stay as they were.", error)

    def _take(self, own: FileOfLooks) -> None:
        self._stamp = _stamp_of(self._path)
        self._own, self._looks = own, joined(self._shipped, own, self._family)
        self.version += 1


def _taken(look: Look) -> LookClash:
    return LookClash(f"There is a look called {look.title!r} already.", field="title", look=look.name)


def _stamp_of(path: Path | None) -> tuple[int, int, int] | None:
    """Changes when the file does; None while there is none."""
    if path is None:
        return None
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
