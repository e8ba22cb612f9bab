"""What is tried beside the running engine: another runtime, then compiled code for what is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..config import StreamConfig
from ..models.loading import Components
from .background_compiling import BackgroundCompiling, begin_compiling, wants_compiling
from .background_converting import BackgroundConverting
from .compiling import PARTS, Examples


def wants_converting(config: StreamConfig, device: torch.device) -> str:
    """ "asked" (by name), "if faster" (a CPU and a place for the graphs), or "" for not at all."""
    if config.acceleration == "openvino":
        return "asked"
    if config.acceleration == "auto" and device.type == "cpu" and config.compile_cache is not None:
        return "if faster"
    return ""


def begin_tuning(
    config: StreamConfig,
    components: Components,
    warm_up: Callable[[], None],
    *,
    busy_s: Callable[[], float] | None = None,
) -> Beside | None:
    """Call `warm_up` and begin to try what may be faster, for the calls that were made; None where nothing is wanted.

    Args:
        busy_s: seconds that all cores together have worked since some moment, to know others' load by.
    """
    wanted = wants_converting(config, components.unet.device)
    if not wanted:
        return begin_compiling(config, components, warm_up)
    examples = Examples()
    with examples.watching(components):
        warm_up()
    # a graph of OpenVINO has a fixed list of arguments, and those of structure networks and references come and go
    steered = bool(config.structure or config.ip_adapter)
    parts = [part for part in PARTS if part != "unet" or not steered]
    converting = BackgroundConverting(config, components, asked=wanted == "asked", parts=parts, busy_s=busy_s)
    tuning = BackgroundTuning(config, components, examples, converting)
    converting.start()
    return tuning


class BackgroundTuning:
    """Both in turn, as one; whoever owns the engine calls `hand_over` between two frames.

    Args:
        examples: calls of the running networks, noted during warm-up.
        converting: the other runtime, which comes first, since it takes a fraction of the time.
    """

    def __init__(
        self, config: StreamConfig, components: Components, examples: Examples, converting: BackgroundConverting
    ) -> None:
        self.converting = converting
        self.compiling: BackgroundCompiling | None = None
        self._config, self._components, self._examples = config, components, examples
        self._begun = self._stopped = False

    @property
    def progress(self) -> str:
        """What is being done at present, in words; "" when nothing is."""
        return self.converting.progress or (self.compiling.progress if self.compiling else "")

    @property
    def outcome(self) -> str:
        """What came of it, one line; "" until there is something to say."""
        return "; ".join(filter(None, (self.converting.outcome, self.compiling.outcome if self.compiling else "")))

    @property
    def used(self) -> list[str]:
        """Parts that something else than the plain network answers."""
        return self.converting.facts()["openvino"] + (self.compiling.used if self.compiling else [])

    @property
    def trying(self) -> bool:
        """Whether a trial runs on the frames on air."""
        return self.converting.trying

    def again(self) -> None:
        """The load of the machine has changed: try anew what is at hand."""
        self.converting.again()

    def stop(self) -> None:
        """Begin nothing further and end what works in another process."""
        self._stopped = True
        self.converting.stop()
        if self.compiling is not None:
            self.compiling.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for what was begun; whether it is over."""
        return self.converting.wait(timeout_s) and (self.compiling is None or self.compiling.wait(timeout_s))

    def facts(self) -> dict[str, Any]:
        """What is in use and what came of it."""
        compiled = self.compiling.facts() if self.compiling else {"compiled": []}
        return self.converting.facts() | compiled

    def hand_over(self, use_networks: Callable[..., None]) -> None:
        """Put in what is finished. Between two frames, by the thread that owns the engine."""
        self.converting.hand_over(use_networks)
        if self.compiling is not None:
            self.compiling.hand_over(use_networks)
            for part in self.compiling.used:  # the trial it stood in is on air no more
                self.converting.trials.pop(part, None)
        elif not self._begun and not self._stopped and self.converting.left is not None:
            self._begun = True
            self._compile(self.converting.left)

    def _compile(self, parts: list[str]) -> None:
        wanted = wants_compiling(self._config, self._components.unet.device)
        if wanted and parts:
            chosen = {"wanted": wanted, "parts": parts}
            self.compiling = BackgroundCompiling(self._config, self._components, self._examples, **chosen)
            self.compiling.start()


Beside = BackgroundTuning | BackgroundCompiling
"""What may work beside an engine."""
