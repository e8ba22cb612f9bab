"""One file for a bug report: findings, facts, settings and log, with nothing secret in it.

What has a form is told by a list of what may be said (`settings.json`, `state.json`, `environment.json`); what has
none, the log and what commands answered, goes through the redactor. Nothing of a settings file or of a looks file is
copied: anything may stand in them.
"""

from __future__ import annotations

import contextlib
import io
import json
import platform
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, get_origin

from .. import __version__
from ..errors import CamError
from .case import Case
from .examination import Report
from .private import redactor_for
from .redaction import Redactor
from .words import report_lines

LOG_LIMIT_BYTES = 300_000
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
AIR_FACTS = ("state", "reason", "progress", "facts", "resting")
WHAT_IT_IS = """\
What streamv2v-cam doctor found on a machine, for a bug report.

findings.txt      what was looked at, in words; findings.json is the same for programs
machine.json      system, packages, video nodes
answers.json      what commands answered
settings.json     which settings differ from the delivered ones; words that a person wrote are counted, not told
environment.json  variables that matter
state.json        what the running program said of itself, if one ran
log*.txt          the end of the log

Taken out: tokens, passwords, keys, addresses of cameras, names of the person and the machine{prompts}.
"""


def write_bundle(path: Path, report: Report, *, with_prompts: bool = False) -> Path:
    """Write the zip; returns where it is.

    Raises:
        CamError: it cannot be written there.
    """
    members = bundle_members(report, with_prompts=with_prompts)
    try:
        path.write_bytes(packed(members))
    except OSError as error:
        raise CamError(f"The bundle cannot be written to {path} ({error.strerror or error}).") from None
    return path


def packed(members: Mapping[str, str]) -> bytes:
    """Texts by their names as a zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return held.getvalue()


def bundle_members(report: Report, *, with_prompts: bool = False) -> dict[str, str]:
    """Name -> text of everything in the bundle."""
    from .page import state_of

    case, machine = report.case, report.case.machine
    state = state_of(case) if case.program else None
    redactor = redactor_for(case, with_prompts=with_prompts, state=state)
    members = {
        "README.txt": WHAT_IT_IS.format(prompts="" if with_prompts else ", prompts, and other words of the person"),
        "findings.txt": "\n".join(report_lines(report)).strip() + "\n",
        "findings.json": _json(report.as_dict()),
        "answers.json": _json(machine.heard),
        "settings.json": _json(_settings(case, redactor)),
    }
    if state is not None:
        members["state.json"] = _json(_state(state))
    logs = {f"log{name}.txt": redactor.log(text, with_quotes=with_prompts) for name, text in _logs(case)}
    clean = {name: redactor.text(text) for name, text in members.items()} | logs
    # told by a list alone: versions of packages look like addresses of machines, names of variables like secrets
    clean |= {"machine.json": _json(_machine(case)), "environment.json": _json(_environment(case))}
    # a second look at what has been taken out: what still shows a secret stays away as a whole
    return {name: "(left out)\n" if redactor.leaks(text) else text for name, text in clean.items()}


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"


def _machine(case: Case) -> dict[str, Any]:
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
                "label": node.label,
                "driver": node.driver,
                "captures": node.captures,
                "outputs": node.outputs,
            }
            for node in machine.video_nodes()
        ],
    }


def _settings(case: Case, redactor: Redactor) -> Any:
    if case.settings is None:
        return {"refused": case.refusal}
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
        return redactor.text(value)
    if name == "capture.source":
        return _source(str(value))
    if name == "publish.sinks":
        return [sink if "." not in PurePath(sink).name else f"a file {PurePath(sink).suffix}" for sink in value]
    if isinstance(value, (list, tuple, dict)):
        return f"{len(value)} of them"
    return f"{len(str(value))} letters"


def _source(spec: str) -> str:
    if spec in ("auto", "presenter", "camera") or spec.isdigit() or spec.startswith("/dev/video"):
        return spec
    if "://" in spec:
        return f"an address {spec.partition('://')[0]}://"
    ending = PurePath(spec).suffix
    return f"a file {ending}" if ending else "a camera by its name"


def _environment(case: Case) -> dict[str, str]:
    given = case.machine.environment
    told = {name: given[name] for name in OPEN_VARIABLES if name in given}
    return told | {name: "(set)" for name in sorted(given) if OTHER_VARIABLES.match(name) and name not in told}


def _state(state: dict[str, Any]) -> dict[str, Any]:
    """Numbers and switches; of what is on air and of OBS only what is no one's words."""
    controls = {
        name: value for name, value in state.get("controls", {}).items() if isinstance(value, (bool, int, float))
    }
    air, obs = state.get("air", {}), state.get("obs", {})
    return {
        "controls": controls,
        "mode": state.get("controls", {}).get("mode"),
        "air": {name: air[name] for name in AIR_FACTS if name in air},
        "telemetry": state.get("telemetry", {}),
        "obs": {name: obs[name] for name in ("state", "version", "streaming", "recording") if name in obs},
    }


def _logs(case: Case) -> Iterator[tuple[str, str]]:
    """The end of the program's log and of the OBS process's."""
    from .resources import folders

    folder = folders(case)["the log"]
    for name, place in (("", folder), ("-obs", folder / "obs")):
        with contextlib.suppress(OSError):
            path = place / "streamv2v-cam.log"
            with path.open("rb") as stream:
                stream.seek(max(0, path.stat().st_size - LOG_LIMIT_BYTES))
                yield name, stream.read().decode("utf-8", "replace")
