"""Lists of what may be said in a bundle: of the machine, of settings, of variables, of the running program's state."""

from __future__ import annotations

import platform
import re
from typing import Any, get_origin

from .. import __version__
from .case import Case
from .given import is_path
from .redaction import Redactor

OPEN_VARIABLES = (
    "LANG",
    "LC_ALL",
    "XDG_SESSION_TYPE",
    "XDG_CURRENT_DESKTOP",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "HF_HUB_OFFLINE",
    "PYTORCH_CUDA_ALLOC_CONF",
)
"""Their values are told; of all others of ours, and of proxies, only that they are set."""
OTHER_VARIABLES = re.compile(
    r"(?i)^(STREAMV2V_|HF_|PIP_|UV_|.*_proxy$|DISPLAY$|WAYLAND_DISPLAY$|VIRTUAL_ENV$|CONDA_PREFIX$)"
)
MODEL_SETTINGS = ("engine.model", "engine.vae", "engine.revision", "engine.single_file_config", "engine.lcm_lora")
ENGINE_FACTS = (
    *("device", "dtype", "dtype_reason", "bank", "acceleration", "parameters", "compiled", "compiling", "openvino"),
    *("threads_reason", "line"),
)
"""Of what the engine says: not the name of its server, of LoRAs and embeddings."""
_NODE = re.compile(r"(camera:)?/dev/video\d+")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,12}\Z")


def told_machine(case: Case, redactor: Redactor) -> dict[str, Any]:
    """System, packages, video nodes."""
    machine = case.machine
    packages = [*machine.needed_packages(), "openvino"]
    return {
        "program": __version__,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}"
        if machine.root is None
        else machine.system,
        "release": (machine.text("/etc/os-release") or "").splitlines()[:3],
        "python": ".".join(map(str, machine.python_version)),
        "packages": {name: machine.version_of(name) for name in packages},
        "memory_bytes": machine.memory_bytes(),
        "video_nodes": [
            {
                "path": node.path,
                "label": redactor.text(node.label),
                "driver": node.driver,
                "captures": node.captures,
                "outputs": node.outputs,
            }
            for node in machine.video_nodes()
        ],
    }


def told_settings(case: Case, redactor: Redactor) -> Any:
    """Which settings differ from the delivered ones, and how far that may be said."""
    if case.settings is None:
        return {"refused": redactor.text(case.refusal)}
    return {
        name: {"value": _told(name, value, redactor), "from": origin.split()[0]}
        for name, value, origin in case.settings.items()
        if origin != "default"
    }


def _told(name: str, value: Any, redactor: Redactor) -> Any:
    """A value as it may be told: numbers, switches and chosen words as they are, a person's words counted."""
    from ..settings.tree import FIELDS

    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str) and "Literal" in str(get_origin(FIELDS[name].annotation)):
        return value
    if name in MODEL_SETTINGS and isinstance(value, str):
        return _file(value) if is_path(value) else redactor.text(value)
    if name == "capture.source":
        return _source(str(value))
    if name == "publish.sinks":
        return [_sink(str(sink)) for sink in value]
    if isinstance(value, (list, tuple, dict)):
        return f"{len(value)} of them"
    return f"{len(str(value))} letters"


def _source(spec: str) -> str:
    if spec in ("auto", "presenter", "camera") or spec.isdigit() or _NODE.fullmatch(spec):
        return spec
    if "://" in spec:
        return f"an address {spec.partition('://')[0]}://"
    return "a camera by its name" if spec.startswith("camera:") else _file(spec, "a camera by its name")


def _sink(spec: str) -> str:
    if spec in ("auto", "camera", "null") or _NODE.fullmatch(spec):
        return spec
    return "a camera by its name" if spec.startswith("camera:") else _file(spec)


def _file(path: str, other: str = "a file or folder") -> str:
    """What kind of file it is, of a name that may hold a dot as people's names do."""
    ending = _ENDING.search(path.removesuffix("?loop"))
    return f"a file {ending[0]}" if ending else "a file or folder" if is_path(path) else other


def told_environment(case: Case) -> dict[str, str]:
    """Variables that matter."""
    given = case.machine.environment
    told = {name: given[name] for name in OPEN_VARIABLES if name in given}
    return told | {name: "(set)" for name in sorted(given) if OTHER_VARIABLES.match(name) and name not in told}


def told_state(state: dict[str, Any], redactor: Redactor, *, with_prompts: bool) -> dict[str, Any]:
    """Numbers and switches; of what is on air, of the engine and of OBS only what is no one's words."""
    given = state.get("controls", {})
    air, obs = state.get("air", {}), state.get("obs", {})
    facts = air.get("facts")
    told = {
        "controls": _plain(given),
        "mode": given.get("mode"),
        "air": {
            # sentences, in which files and people's words stand in quotation marks
            **{
                name: redactor.log(air[name], with_quotes=with_prompts) if isinstance(air[name], str) else None
                for name in ("reason", "progress")
                if name in air
            },
            **{name: air[name] for name in ("state", "resting") if isinstance(air.get(name), (str, bool))},
            "facts": _plain(facts) | {name: facts[name] for name in ENGINE_FACTS if name in facts}
            if isinstance(facts, dict)
            else {},
        },
        "telemetry": _plain(state.get("telemetry", {})),
        "obs": {name: obs[name] for name in ("state", "version", "streaming", "recording") if name in obs},
    }
    return redactor.clean(told)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if isinstance(value, (bool, int, float))}
