"""The shape of the tree: who may import whom, and how big a piece may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from imports import LIBRARY, PROGRAM, ROOT, imports_of, module_name, place, sources, tree_of, walk, within

LINES_OF_A_FILE, LINES_OF_A_FUNCTION = 300, 60

HEAVY = {"torch", "diffusers", "transformers", "peft", "accelerate"}
"""Packages of the engine process: they take seconds to import and may hang or crash."""
COMMON = ("config", "controls", "errors", "frames", "steering")
"""Files of the library that everyone speaks of; they import each other alone."""
WINGS = ("device", "prompts", "models", "memory", "structure", "stream", "tuning")
"""Folders of the library. An import runs downwards only, from a later one to an earlier one, or to the common files."""
SIDE_BY_SIDE = {("tuning", "stream")}
"""Wings that are neighbours: the first stands later in `WINGS` and does not need the second."""
ENTRIES = ("__init__", "pipeline", "precompile", "preconvert")
"""Files of the library above its wings: what others may use, the engine, and the processes that compile and convert."""

LIGHT_LIBRARY = {
    "streamv2v.config",
    "streamv2v.controls",
    "streamv2v.errors",
    "streamv2v.models",
    "streamv2v.models.asking",
    "streamv2v.models.checks",
    "streamv2v.models.fallbacks",
    "streamv2v.models.families",
    "streamv2v.models.hub",
    "streamv2v.models.ip_adapter_files",
    "streamv2v.models.lora_needs",
    "streamv2v.models.lora_files",
    "streamv2v.models.lycoris_files",
    "streamv2v.models.model_facts",
    "streamv2v.models.preflight",
    "streamv2v.models.sdxl",
    "streamv2v.models.structure_files",
    "streamv2v.models.vocabulary",
    "streamv2v.models.weight_files",
    "streamv2v.prompts",
    "streamv2v.prompts.inversions",
    "streamv2v.prompts.reading",
    "streamv2v.prompts.syntax",
    "streamv2v.steering",
    "streamv2v.tuning",
    "streamv2v.tuning.autotune",
}
"""Modules of the library that never import torch, open to everyone."""
ENGINE_PROCESS = "engine/worker*.py"

STAGES = {"capture", "engine", "publish", "control", "obs"}
"""Folders that meet only in the composition root."""
SHARED = {
    "airstate",
    "errors",
    "frame",
    "interfaces",
    "knownwords",
    "looks",
    "lorafolder",
    "mailbox",
    "media",
    "promptnotes",
    "rates",
    "references",
    "settings",
    "store",
    "system",
    "telemetry",
}
"""What every stage of the program may use: small modules at its top, the settings, what it needs of the machine."""

DEVICES_AND_SOCKETS = {
    "av",
    "cv2_enumerate_cameras",
    "fastapi",
    "http.server",
    "ifaddr",
    "pyvirtualcam",
    "socket",
    "socketserver",
    "uvicorn",
    "websockets",
    "zeroconf",
}


def light(name: str) -> bool:
    """Whether this is a light module of the library, or a name out of one."""
    return name in LIGHT_LIBRARY or name.rpartition(".")[0] in LIGHT_LIBRARY - {f"streamv2v.{wing}" for wing in WINGS}


def wing_of(name: str) -> str | None:
    """ "memory" for streamv2v.memory.bank, "common" for streamv2v.config, "top" for what composes; None for others."""
    parts = name.split(".")
    if parts[0] != "streamv2v" or len(parts) == 1:
        return None
    if parts[1] in WINGS:
        return parts[1]
    return "common" if parts[1] in COMMON else "top" if parts[1] in ENTRIES else None


def height(wing: str) -> int:
    return ("common", *WINGS, "top").index(wing)


def stage_of(name: str) -> str | None:
    """ "capture" for streamv2v_cam.capture.camera; None for what is no stage."""
    parts = name.split(".")
    return parts[1] if parts[0] == "streamv2v_cam" and len(parts) > 1 and parts[1] in STAGES else None


def test_the_library_knows_nothing_of_the_program() -> None:
    for path in sources(LIBRARY):
        strangers = {name for name in imports_of(path, also_for_types=True) if within(name, {"streamv2v_cam"})}
        assert not strangers, f"{place(path)} imports {strangers}"


def test_the_library_opens_no_device_and_no_socket_and_says_nothing() -> None:
    for path in sources(LIBRARY):
        opened = {name for name in imports_of(path) if within(name, DEVICES_AND_SOCKETS)}
        assert not opened, f"{place(path)} imports {opened}"
        called = {
            ast.unparse(node.func) for node in walk(tree_of(path), also_for_types=True) if isinstance(node, ast.Call)
        }
        loud = called & {"print", "logging.basicConfig", "cv2.VideoCapture", "sys.stdout.write", "sys.stderr.write"}
        assert not loud, f"{place(path)} calls {loud}"


def test_torch_is_imported_only_in_the_engine_process() -> None:
    for path in sources(PROGRAM):
        if path.relative_to(PROGRAM).match(ENGINE_PROCESS):
            continue
        heavy = {name for name in imports_of(path) if within(name, HEAVY)}
        assert not heavy, f"{place(path)} imports {heavy}; only {ENGINE_PROCESS} may"


def test_the_host_uses_only_the_light_modules_of_the_library() -> None:
    for path in sources(PROGRAM):
        if path.relative_to(PROGRAM).match(ENGINE_PROCESS):
            continue
        used = {name for name in imports_of(path) if within(name, {"streamv2v"})}
        heavy = {name for name in used if not light(name)}
        assert not heavy, f"{place(path)} imports {heavy}; allowed are {sorted(LIGHT_LIBRARY)}"


@pytest.mark.parametrize(
    "module",
    [
        "controls",
        "config",
        "errors",
        "models/__init__",
        "models/fallbacks",
        "models/model_facts",
        "models/preflight",
        "models/vocabulary",
        "prompts/__init__",
        "prompts/inversions",
        "prompts/syntax",
        "steering",
    ],
)
def test_the_light_modules_of_the_library_need_the_standard_library_alone(module: str) -> None:
    for name in imports_of(LIBRARY / f"{module}.py"):
        first = name.split(".")[0]
        assert light(name) or first in sys.stdlib_module_names, f"{module}.py imports {name}"


def test_the_library_is_its_wings_and_its_common_files() -> None:
    assert {path.name for path in LIBRARY.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(WINGS)
    assert {path.stem for path in LIBRARY.glob("*.py")} == {*COMMON, *ENTRIES}


def test_imports_of_the_library_run_downwards() -> None:
    for path in sources(LIBRARY):
        own = wing_of(module_name(path))
        for name in imports_of(path, also_for_types=True):
            other = wing_of(name)
            if other is None or own is None or other == own:
                continue
            assert height(other) < height(own), f"{place(path)} ({own}) imports {name} ({other})"
            assert (own, other) not in SIDE_BY_SIDE, f"{place(path)} ({own}) imports its neighbour {name} ({other})"


def test_the_library_has_no_circle_of_imports() -> None:
    modules = {module_name(path): path for path in sources(LIBRARY)}
    arrows = {name: imports_of(path) & set(modules) - {"streamv2v", name} for name, path in modules.items()}
    while arrows:
        free = {name for name, needed in arrows.items() if not needed & set(arrows)}
        assert free, f"a circle among {sorted(arrows)}"
        arrows = {name: needed for name, needed in arrows.items() if name not in free}


def test_a_wing_says_what_it_is_for_and_hands_nothing_on() -> None:
    for wing in WINGS:
        tree = tree_of(LIBRARY / wing / "__init__.py")
        assert ast.get_docstring(tree), f"{wing}/__init__.py says nothing"
        assert len(tree.body) == 1, f"{wing}/__init__.py does more than say what the wing is for"


def test_capture_engine_publish_control_and_obs_never_import_each_other() -> None:
    for stage in STAGES:
        for path in sources(PROGRAM / stage):
            others = {name for name in imports_of(path) if stage_of(name) not in (None, stage)}
            assert not others, f"{place(path)} imports {others}; they meet in run/"


def test_a_stage_imports_only_the_shared_modules_of_the_program() -> None:
    allowed = {f"streamv2v_cam.{name}" for name in SHARED}
    for stage in STAGES:
        for path in sources(PROGRAM / stage):
            own = {name for name in imports_of(path) if within(name, {"streamv2v_cam"}) and name != "streamv2v_cam"}
            composing = {name for name in own if stage_of(name) is None and not within(name, allowed)}
            composing -= {"streamv2v_cam.__version__"}
            assert not composing, f"{place(path)} imports {composing}"


def test_the_shared_modules_know_no_stage() -> None:
    for name in SHARED:
        for path in sources(PROGRAM / name) or [PROGRAM / f"{name}.py"]:
            if path.exists():
                stages = {used for used in imports_of(path) if stage_of(used)}
                assert not stages, f"{place(path)} imports {stages}"


def test_nobody_imports_the_scripts_or_the_tests() -> None:
    scripts = {path.stem for path in (ROOT / "scripts").iterdir() if path.name[0] not in "._"} | {"scripts", "tests"}
    for path in [*sources(LIBRARY), *sources(PROGRAM), *sources(ROOT / "installer")]:
        used = {name for name in imports_of(path, also_for_types=True) if within(name, scripts)}
        assert not used, f"{place(path)} imports {used}"


def test_the_installer_needs_the_standard_library_alone() -> None:
    for path in sources(ROOT / "installer"):
        known = {*sys.stdlib_module_names, "installer"}
        strangers = {name for name in imports_of(path) if name.split(".")[0] not in known}
        assert not strangers, f"{place(path)} imports {strangers}"


def test_the_installer_keeps_to_the_syntax_of_python_3_8() -> None:
    for path in sources(ROOT / "installer"):
        ast.parse(path.read_text("utf-8"), str(path), feature_version=(3, 8))


def everything() -> list[Path]:
    folders = ("streamv2v", "plugin", "installer", "scripts", "tests")
    return [path for folder in folders for path in sources(ROOT / folder)]


def test_a_file_does_one_thing_in_at_most_300_lines() -> None:
    counts = {place(path): len(path.read_text("utf-8").splitlines()) for path in everything()}
    assert not {name: count for name, count in counts.items() if count > LINES_OF_A_FILE}


def test_a_function_has_at_most_60_lines() -> None:
    # Counted without the list of arguments: a command's options are a table, not a way to lose one's way.
    long = {
        f"{place(path)}:{node.lineno} {node.name}": lines
        for path in everything()
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (lines := (node.end_lineno or node.lineno) - node.body[0].lineno + 1) > LINES_OF_A_FUNCTION
    }
    assert not long


def test_every_module_says_what_it_is() -> None:
    folders = ("streamv2v", "plugin", "installer", "scripts")
    silent = [
        place(path)
        for folder in folders
        for path in sources(ROOT / folder)
        if path.read_text("utf-8").strip() and ast.get_docstring(tree_of(path)) is None
    ]
    assert not silent


@pytest.mark.parametrize(
    "module",
    [
        "streamv2v",
        "streamv2v.controls",
        "streamv2v_cam.run.app",
        "streamv2v_cam.cli.commands",
        "streamv2v_cam.engine.supervisor",
    ],
)
def test_importing_the_host_imports_no_torch(module: str) -> None:
    question = f"import sys, {module}; print(sorted({HEAVY!r} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, timeout=120, cwd=ROOT, check=False
    )
    assert (answer.returncode, answer.stdout.strip()) == (0, "[]"), answer.stderr
