"""The settings under comparison: each a name, and what it changes of bank, live values and stream."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from streamv2v.config import BEST_CONTROLS, BankConfig
from streamv2v.controls import CONTROL_NAMES, Controls

BANK_NAMES = tuple(item.name for item in fields(BankConfig))
STREAM_NAMES = ("slots", "sequential", "renoise", "guidance", "scene_cut_threshold")
"""Fields of `StreamConfig` that a setting may change: those that need no other weights."""
MEASURED_NAMES = ("prompt", "transition_s")
"""Controls that the bench itself sets."""


@dataclass(frozen=True)
class Setting:
    """One row of the tables.

    Attributes:
        name: for people.
        bank: changes of `BankConfig()`; kind "best" stands for `BankConfig.best()` and `BEST_CONTROLS`.
        controls: changes of `Controls()`.
        stream: changes of the stream's other options (`STREAM_NAMES`).
    """

    name: str
    bank: dict[str, Any] = field(default_factory=dict)
    controls: dict[str, Any] = field(default_factory=dict)
    stream: dict[str, Any] = field(default_factory=dict)

    def bank_config(self) -> BankConfig:
        """The bank it asks for; raises ConfigError for a value that cannot be."""
        if self.bank.get("kind") == "best":
            return BankConfig.best(**{name: value for name, value in self.bank.items() if name != "kind"})
        return BankConfig(**self.bank)

    def look(self, prompt: str, strength: float, *, transition_s: float = 0.0) -> Controls:
        """Its live values with this prompt; raises ControlError for a value that cannot be."""
        best = BEST_CONTROLS if self.bank.get("kind") == "best" else {}
        values = {"strength": strength, **best, **self.controls}
        return Controls(prompt=prompt, transition_s=transition_s, **values)

    def content(self) -> dict[str, Any]:
        """All it stands for, without its name: two settings with the same content give the same pictures."""
        look = self.look("-", 0.5).as_dict()
        own = {name: look[name] for name in CONTROL_NAMES if name not in (*MEASURED_NAMES, "strength")}
        if "strength" in self.controls:
            own["strength"] = look["strength"]
        bank = self.bank_config()
        return {"bank": {name: getattr(bank, name) for name in BANK_NAMES}, "controls": own, "stream": self.stream}


OFF, PAPER, BEST = Setting("off", {"kind": "off"}), Setting("paper"), Setting("best", {"kind": "best"})
PARTS = (Setting("EA", {"fusion": False}), Setting("FF", {"attention": False}), Setting("EA+FF"))
QUEUES = tuple(Setting(f"queue-{n}", {"kind": "queue", "queue_length": n}) for n in (1, 2, 4))
INTERVALS = tuple(Setting(f"interval-{n}", controls={"update_interval": n}) for n in (1, 2, 4, 8, 16))
GATES = tuple(Setting(f"gate-{t:g}", controls={"fusion_threshold": t}) for t in (0.0, 0.8, 0.9, 0.98, 1.0))
MERGING = (
    Setting("merge-pairwise", {"merge_rule": "pairwise"}),
    Setting("split-grid", {"merge_split": "grid"}),
    Setting("FF-everywhere", {"fused_layers": ("",)}),
)
WEIGHTS = tuple(Setting(f"weight-{w:g}", controls={"bank_weight": w}) for w in (0.5, 1.0, 2.0, 4.0))
BEYOND = (
    *(Setting(f"feedback-{share:g}", controls={"feedback": share}) for share in (0.3, 0.6, 0.8)),
    *(Setting(f"input-denoise-{share:g}", controls={"input_denoise": share}) for share in (0.3, 0.5, 0.8)),
    *(Setting(f"motion-gate-{share:g}", controls={"motion_gate": share}) for share in (0.5, 1.0)),
    *(Setting(f"fusion-softness-{width:g}", controls={"fusion_softness": width}) for width in (0.03, 0.1)),
    *(Setting(f"noise-tilt-{tilt:+g}", controls={"bank_noise_tilt": tilt}) for tilt in (-1.0, 1.0)),
    Setting("ramp-8", controls={"bank_ramp": 8}),
    *(Setting(f"weighted-{age}", {"merge_rule": "weighted", "token_age_limit": age}) for age in (4, 16)),
    Setting("split-place", {"merge_split": "place"}),
    Setting("spread", {"spread": True}),
    *(Setting(f"window-{side}", {"matching": "window", "window": side}) for side in (1, 4)),
    *(Setting(f"noise-drift-{speed:g}", controls={"noise_drift": speed}) for speed in (0.2, 1.0)),
    Setting("fused-last-up", {"fused_layers": ("last_up",)}),
)
"""Every choice beyond the paper by itself, over the paper's bank."""

GROUPS: dict[str, tuple[Setting, ...]] = {
    "main": (OFF, PARTS[0], PARTS[1], PAPER, QUEUES[2], BEST),
    "paper-ablation": (OFF, *PARTS, *QUEUES, *INTERVALS, *GATES, *MERGING),
    "weights": (OFF, PAPER, *WEIGHTS),
    "beyond": (OFF, PAPER, *BEYOND, BEST),
}
SETTINGS: dict[str, Setting] = {
    setting.name: setting
    for setting in (OFF, PAPER, BEST, *PARTS, *QUEUES, *INTERVALS, *GATES, *MERGING, *WEIGHTS, *BEYOND)
}


def choose(names: Sequence[str], free: Sequence[str] = ()) -> list[Setting]:
    """Settings by name or group, then the free ones, each once.

    Raises:
        ValueError: an unknown name or a free setting that cannot be read; says what there is.
    """
    chosen: dict[str, Setting] = {}
    for name in names:
        if name not in GROUPS and name not in SETTINGS:
            raise ValueError(
                f"There is no setting {name!r}; groups: {', '.join(GROUPS)}; settings: {', '.join(SETTINGS)}."
            )
        for setting in GROUPS.get(name) or (SETTINGS[name],):
            chosen[setting.name] = setting
    for text in free:
        setting = read_setting(text)
        chosen[setting.name] = setting
    return list(chosen.values())


def read_setting(text: str) -> Setting:
    """A free setting: "name: bank.kind=paper, feedback=0.5, slots=4".

    "bank.X" is a field of `BankConfig`, a plain word a control or one of `STREAM_NAMES`. Several fused layers
    are joined by "+".
    """
    name, colon, changes = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"--setting {text!r}: 'name: bank.kind=paper, feedback=0.5' is the form that is wanted.")
    setting = Setting(name.strip())
    for change in filter(None, (part.strip() for part in changes.split(","))):
        key, equals, word = (part.strip() for part in change.partition("="))
        if not equals:
            raise ValueError(f"--setting {text!r}: {change!r} has no '='.")
        _write(setting, key, word)
    setting.content()
    return setting


def _write(setting: Setting, key: str, word: str) -> None:
    prefix, _, inner = key.partition(".")
    if prefix == "bank" and inner == "fused_layers":
        setting.bank[inner] = tuple(word.split("+"))
    elif prefix == "bank" and inner in BANK_NAMES:
        setting.bank[inner] = _value(word)
    elif key in STREAM_NAMES:
        setting.stream[key] = _value(word)
    elif key in CONTROL_NAMES and key not in MEASURED_NAMES:
        setting.controls[key] = _value(word)
    else:
        controls = [control for control in CONTROL_NAMES if control not in MEASURED_NAMES]
        raise ValueError(
            f"--setting {setting.name}: {key!r} is not known; there are "
            f"{', '.join('bank.' + field for field in BANK_NAMES)}, {', '.join((*STREAM_NAMES, *controls))}."
        )


def _value(word: str) -> Any:
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word
