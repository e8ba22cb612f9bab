"""Which live values do nothing in this run, and why: for a page that shows a dead control as one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from streamv2v.config import EMBEDDED_MODEL, StreamConfig
from streamv2v.controls import STRUCTURE_WEIGHTS, Controls

NO_GUIDANCE = "Does nothing: guidance is off. engine.guidance in the settings switches it on, at the cost of speed."
NO_PULL = "Does nothing while the pull of the prompt is 1."
NO_MEMORY = "Does nothing: the memory of past pictures is off (engine.bank.kind)."
NO_FUSION = "Does nothing: detail from past pictures is off (engine.bank.fusion)."
ONE_STEP = "Does nothing with one step for each picture (engine.slots)."
NO_NETWORK = "Does nothing: no network holds the picture to your camera's. engine.structure in the settings names one."
NO_SECOND = "Does nothing: there are fewer such networks (engine.structure)."
NO_FIRST = "Does nothing while these networks are off."
NO_ADAPTER = "Does nothing: this model follows no pictures. engine.ip_adapter in the settings names what makes it."
NO_PICTURES = "Does nothing: no such adapter is made for the embedded model. Another model can have one."
ELSEWHERE = "Does nothing: the engine is on another machine, and your pictures stay on this one."
NO_PICTURE = "Does nothing while the look follows no picture."
EMBEDDED = "Does nothing: no such network is made for the embedded model. Another model can have one."
NO_GATE = "Does nothing while nothing that moves is let go, and nothing is kept calm."
NOTHING_CUT = "Does nothing: the whole picture is shown."
SEALED = "Does nothing: publish.borrow in the settings keeps your camera's picture out of every look."
SEALED_LOOK = "Does nothing: this look takes nothing from your camera's picture."
HELD = "Does nothing while motion is off: the look is shown as it was drawn."

REFERENCE = ("reference", "reference_weight", "reference_blend")
GUIDANCE = ("negative_prompt", "guidance_scale", "guidance_delta")
FUSION = ("fusion_strength", "fusion_threshold", "fusion_softness")
BANK = ("bank_weight", *FUSION, "update_interval", "bank_ramp", "bank_noise_tilt", "motion_gate", "bank_change")


def resting_controls(
    config: StreamConfig,
    controls: Controls,
    *,
    may_borrow: bool = True,
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, str]:
    """Name of a control that does nothing now -> why, for a person.

    Args:
        config: what the engine is built from.
        controls: the live values.
        may_borrow: `publish.borrow`, whether any look may draw from the camera's own picture.
        facts: what the engine says of itself; one elsewhere has networks of its own.
    """
    found: dict[str, str] = {}
    if config.bank.kind == "off":
        found |= dict.fromkeys(BANK, NO_MEMORY)
    elif not config.bank.fusion:
        found |= dict.fromkeys(FUSION, NO_FUSION)
    if config.slots == 1:
        found = dict.fromkeys(("bank_noise_tilt", "step_spread"), ONE_STEP) | found
    if config.guidance == "none":
        found |= dict.fromkeys(GUIDANCE, NO_GUIDANCE)
    elif controls.guidance_scale <= 1.0:
        found["negative_prompt"] = NO_PULL
        if config.guidance != "full":
            found["guidance_delta"] = NO_PULL
    count = len(facts.get("structure", ())) if "server" in facts else len(config.structure)
    found |= _of_structure(count, config.model, controls)
    found |= _of_references(config, controls, elsewhere="server" in facts)
    if not (controls.motion_gate or controls.feedback or controls.input_denoise):
        found["motion_threshold"] = NO_GATE
    if controls.fit == "fit" and controls.zoom == 1.0:
        found |= dict.fromkeys(("pan_x", "pan_y"), NOTHING_CUT)
    return found | _of_the_publisher(controls, may_borrow)


def _of_structure(count: int, model: str, controls: Controls) -> dict[str, str]:
    if not count:
        every = (*STRUCTURE_WEIGHTS, "structure_interval")
        return dict.fromkeys(every, EMBEDDED if model == EMBEDDED_MODEL else NO_NETWORK)
    found = dict.fromkeys(STRUCTURE_WEIGHTS[count:], NO_SECOND)
    if not any(getattr(controls, name) for name in STRUCTURE_WEIGHTS[:count]):
        found["structure_interval"] = NO_FIRST
    return found


def _of_references(config: StreamConfig, controls: Controls, *, elsewhere: bool) -> dict[str, str]:
    if elsewhere:
        return dict.fromkeys(REFERENCE, ELSEWHERE)
    if config.ip_adapter is None:
        return dict.fromkeys(REFERENCE, NO_PICTURES if config.model == EMBEDDED_MODEL else NO_ADAPTER)
    return {} if controls.reference else dict.fromkeys(REFERENCE[1:], NO_PICTURE)


def _of_the_publisher(controls: Controls, may_borrow: bool) -> dict[str, str]:
    if not may_borrow:
        return {"detail": SEALED, "borrow": SEALED}
    if controls.motion == "hold":
        return {"detail": HELD, "borrow": HELD}
    return {} if controls.borrow else {"detail": SEALED_LOOK}
