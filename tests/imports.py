"""The imports of the project's files, read from their sources without running them."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "streamv2v"
PROGRAM = ROOT / "plugin" / "streamv2v_cam"


IMPORTERS = (ast.stmt, ast.excepthandler, ast.match_case)
"""What an import stands in, or is."""


@cache
def tree_of(path: Path) -> ast.Module:
    # trees are kept and have no rings: the collector would walk through all of them again and again
    gc.disable()
    try:
        return ast.parse(path.read_text("utf-8"), str(path))
    finally:
        gc.freeze()
        gc.enable()


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def module_name(path: Path) -> str:
    """ "streamv2v_cam.capture.camera" for plugin/streamv2v_cam/capture/camera.py."""
    base = ROOT / "plugin" if path.is_relative_to(PROGRAM) else ROOT
    parts = list(path.relative_to(base).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports_of(path: Path, *, also_for_types: bool = False) -> set[str]:
    """Full names of all modules that a file imports, at its top or inside a function."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    names: set[str] = set()
    for node in walk(tree_of(path), also_for_types=also_for_types, kind=IMPORTERS):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*origin, *([node.module] if node.module else [])])
            names.add(base)
            # `from ..publish import slate` may name a module: the longer name is a candidate too
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def walk(node: ast.AST, *, also_for_types: bool, kind: Any = ast.AST) -> Iterator[ast.AST]:
    """All nodes below, without `if TYPE_CHECKING:` unless asked for; with `kind` only through nodes of that kind."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, kind):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test) and not also_for_types:
            continue
        yield child
        yield from walk(child, also_for_types=also_for_types, kind=kind)


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
