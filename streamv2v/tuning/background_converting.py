"""OpenVINO while the plain engine is on air: convert, load, put in, and keep each part that proves faster there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import torch

from ..config import StreamConfig
from ..models.loading import Components
from .autotune import Trials, stream_key
from .compiling import PARTS
from .compiling_child import CompilingChild, compiling_child, one_line
from .load import Others
from .openvino_runtime import GraphFolder, openvino_missing
from .static_networks import StaticCall
from .trial_on_air import TrialOnAir

QUESTION = "openvino"
NICENESS = 5
"""Less than a compiler's: it is over in a minute of work, and on a machine that the engine fills that is the wait."""
LOOK_S = 1.0
"""How long others' load is looked at before an answer is recalled."""
PASSING_TRIES = 3
"""A full disk, or a child that was killed, may be over at the next start: final only after so many starts in a row."""
WORDS = {"decoder": "decoder", "encoder": "encoder", "unet": "U-Net"}


class BackgroundConverting:
    """A thread that brings OpenVINO's form of each network; whoever owns the engine calls `hand_over` between frames.

    Args:
        asked: taken by name, whatever a trial says.
        parts: what to convert, in this order.
        busy_s: seconds that all cores together have worked; an answer holds for others' load at its trial.

    Attributes:
        progress: what is being done at present, in words; "" when nothing is.
        outcome: what came of it, one line; "" until it is over.
        left: the parts that stay plain; None until that is known.
    """

    def __init__(
        self,
        config: StreamConfig,
        components: Components,
        *,
        asked: bool,
        parts: Sequence[str] = PARTS,
        busy_s: Callable[[], float] | None = None,
    ) -> None:
        self.progress = "getting OpenVINO ready"
        self.outcome = ""
        self.left: list[str] | None = None
        self.trials: dict[str, TrialOnAir] = {}
        self._config, self._components, self._parts, self._asked = config, components, list(parts), asked
        self._threads = torch.get_num_threads()
        self._record = Trials(config.compile_cache)
        self._failed: dict[str, str] = {}
        self._slower: dict[str, dict[str, float]] = {}
        self._busy_s = busy_s
        self._others, self._beside = Others(busy_s), 0
        self._finished: SimpleQueue[tuple[str, StaticCall, str]] = SimpleQueue()
        self._loaded = threading.Event()
        self._child: CompilingChild | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="converting", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begin no further part and end the child."""
        self._stopping.set()
        if (child := self._child) is not None:
            child.kill()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the thread; whether it is over. Finished parts still have to be handed over."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def again(self) -> None:
        """The load of the machine has changed: try what is loaded anew."""
        if not self._asked and self.left is not None:
            for trial in self.trials.values():
                trial.again()
            self.left = None
            self._others = Others(self._busy_s)

    @property
    def trying(self) -> bool:
        """Whether a trial runs on the frames on air."""
        return any(trial.trying for trial in self.trials.values())

    def facts(self) -> dict[str, Any]:
        """Which networks OpenVINO runs and, once it is known, what came of it."""
        used = [part for part, trial in self.trials.items() if trial.used == "other"]
        return {"openvino": used} | ({"runtime": self.outcome} if self.outcome else {})

    def hand_over(self, use_networks: Callable[..., None]) -> None:
        """Put in what is finished, and conclude when all trials are over; between two frames, by the engine's owner."""
        while not self._finished.empty():
            part, call, use = self._finished.get()
            trial = TrialOnAir(call.plain, call, use=use, takes=call.takes)
            self._others = Others(self._busy_s)
            use_networks(**{part: trial})
            self.trials[part] = trial
        if self.left is None and self._loaded.is_set() and self._finished.empty() and not self.trying:
            self._conclude()

    def _run(self) -> None:
        try:
            missing = openvino_missing()
            if missing:
                self._failed = dict.fromkeys(self._parts, missing)
            else:
                self._bring(Path(self._config.compile_cache or ""))
        except Exception as error:  # the thread of an optional thing; the engine goes on without it
            self._failed = {part: one_line(error) for part in self._parts if part not in self.trials}
        finally:
            self.progress = ""
            self._loaded.set()

    def _bring(self, cache: Path) -> None:
        from .converting import folder_for

        folders = {part: folder_for(self._config, self._components, part, cache) for part in self._parts}
        for part, folder in folders.items():
            failed, starts = self._failures(folder)
            if starts >= PASSING_TRIES:
                self._failed[part] = failed
        unknown = {
            part: folder
            for part, folder in folders.items()
            if part not in self._failed and not GraphFolder(folder).complete
        }
        self._look_at_load()
        for part, folder in folders.items():
            if part not in self._failed and part not in unknown:
                self._load(part, folder)
        for part, failed, passing in self._by_child(unknown) if unknown else ():
            if failed:
                self._failed[part] = failed
                starts = self._failures(folders[part])[1] + 1 if passing else PASSING_TRIES
                self._record.remember(QUESTION, f"failed {folders[part].name}", {"failed": failed, "starts": starts})
            elif not self._stopping.is_set():
                self._load(part, folders[part])

    def _failures(self, folder: Path) -> tuple[str, int]:
        """Why a part could not be converted, and at how many starts in a row; what never can counts as all."""
        match self._record.recall(QUESTION, f"failed {folder.name}"):
            case {"failed": str(failed), "starts": int(starts)}:
                return failed, starts
        return "", 0

    def _load(self, part: str, folder: Path) -> None:
        self.progress = f"loading the {WORDS[part]} for OpenVINO"
        known = self._record.recall(QUESTION, self._key(part))
        if isinstance(known, dict) and known.get("used") == "plain" and not self._asked:
            self._slower[part] = known["times_ms"]
            return
        use = "other" if self._asked or known else ""
        try:
            call = StaticCall(self._components, part, GraphFolder(folder).read())
        except Exception as error:  # a file that was cut off, say: it is made anew at the next start
            GraphFolder(folder).discard()
            self._failed[part] = one_line(error)
        else:
            self._finished.put((part, call, use))

    def _by_child(self, unknown: dict[str, Path]) -> Iterator[tuple[str, str, bool]]:
        """Each part, why it failed ("" where it did not), and whether that may pass.

        A child that dies is the failure of the part it was at.
        """
        config = replace(self._config, acceleration="none", offline=True)
        left = dict(unknown)
        while left and not self._stopping.is_set():
            at = next(iter(left))
            with compiling_child(config, left, threads=self._threads, niceness=NICENESS, entry="preconvert") as child:
                self._child = child
                for answer in () if self._stopping.is_set() else child:
                    if "begun" in answer:
                        at = answer["begun"]
                        self.progress = f"converting the {WORDS[at]} for OpenVINO"
                        continue
                    del left[answer["part"]]
                    yield answer["part"], answer.get("failed", ""), answer.get("passing", False)
            if left and not self._stopping.is_set():
                del left[at]
                yield at, "the converting process ended early", True

    def _conclude(self) -> None:
        used, told = [], []
        if self.trials and self._busy_s is not None:
            self._beside = int(self._others.cores() + 0.25)
        for part in self._parts:
            trial = self.trials.get(part)
            if trial is not None and trial.failed:
                self._failed[part] = trial.failed
            if part in self._failed:
                told.append(f"{WORDS[part]} stays as it is ({self._failed[part]})")
                continue
            times_ms = self._slower.get(part, trial.times_ms if trial else {})
            if trial is not None and trial.times_ms and not self._asked:
                answer = {"used": trial.used, "times_ms": {name: round(ms, 2) for name, ms in trial.times_ms.items()}}
                self._record.remember(QUESTION, self._key(part), answer)
            took = f"{times_ms['other']:.0f} ms, plain {times_ms['plain']:.0f}" if times_ms else "as known or asked"
            if trial is not None and trial.used == "other":
                used.append(part)
            told.append(f"{WORDS[part]} {'in use' if part in used else 'stays as it is'} ({took})")
        self.left = [part for part in self._parts if part not in used]
        if not self._stopping.is_set():
            self.outcome = f"OpenVINO: {', '.join(told)}"

    def _key(self, part: str) -> str:
        """What an answer depends on: the stream, the threads of the plain form, and others' load in whole cores."""
        dtype = self._components.facts.get("dtype")
        return f"{part} {stream_key(self._config, torch.__version__, dtype, self._threads)} beside {self._beside}"

    def _look_at_load(self) -> None:
        """Others' load at present, in whole cores; a publisher's part of a core is none."""
        if self._busy_s is not None:
            self._others = Others(self._busy_s)
            self._stopping.wait(LOOK_S)
            self._beside = int(self._others.cores() + 0.25)
