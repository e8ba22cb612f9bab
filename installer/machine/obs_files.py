"""Changes inside OBS's own files: a dock in its ini, a script in a scene collection; everything else stays as it is."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Callable

from ..errors import InstallError

BACKUP = ".before-streamv2v"
DOCK_TITLE = "StreamV2V"
_LINE = re.compile(r"^(ExtraBrowserDocks=)(.*?)(\r?)$", re.MULTILINE)
_SECTION = re.compile(r"^\ufeff?\[BasicWindow\]\r?$", re.MULTILINE)
_LONE = re.compile("[\ud800-\udfff]")


def add_dock(text: str, address: str) -> str:
    """OBS's ini with a browser dock of that address; one of ours with another address gets the new one.

    Raises:
        InstallError: the line of the docks is not what OBS writes.
    """
    docks = _docks(text)
    ours = next((dock for dock in docks if _is_ours(dock)), None)
    if ours is not None and ours.get("url") == address:
        return text
    if ours is not None:
        ours["url"] = address
    else:
        docks.append({"title": DOCK_TITLE, "url": address, "uuid": uuid.uuid4().hex})
    return _with_docks(text, docks)


def remove_dock(text: str, address: str) -> str:
    """OBS's ini without our dock, whatever its address is by now."""
    docks = _docks(text)
    left = [dock for dock in docks if not _is_ours(dock)]
    return text if len(left) == len(docks) else _with_docks(text, left)


def add_script(text: str, path: str) -> str:
    """A scene collection with our script; another place of it is taken for the old one.

    Raises:
        InstallError: the file is no scene collection.
    """
    told = _collection(text)
    scripts = _scripts(told)
    ours = [script for script in scripts if _is_script(script)]
    if any(script.get("path") == path for script in ours):
        return text
    if ours:
        ours[0]["path"] = path
    else:
        told["modules"] = {**(told.get("modules") or {}), "scripts-tool": [*scripts, {"path": path, "settings": {}}]}
    return _as_json(told, indent=4)


def remove_script(text: str, path: str) -> str:
    """A scene collection without our script; one with none of ours stays letter by letter."""
    told = _collection(text)
    scripts = _scripts(told)
    left = [script for script in scripts if not _is_script(script)]
    if len(left) == len(scripts):
        return text
    told["modules"]["scripts-tool"] = left
    return _as_json(told, indent=4)


ADD: dict[str, Callable[[str, str], str]] = {"dock": add_dock, "script": add_script}
REMOVE: dict[str, Callable[[str, str], str]] = {"dock": remove_dock, "script": remove_script}


def _is_ours(dock: dict[str, Any]) -> bool:
    return dock.get("title") == DOCK_TITLE and "#token=" in str(dock.get("url"))


def _is_script(script: Any) -> bool:
    return isinstance(script, dict) and str(script.get("path", "")).replace("\\", "/").endswith("/streamv2v.lua")


def _docks(text: str) -> list[dict[str, Any]]:
    found = _LINE.search(text)
    if found is None or not found[2]:
        return []
    try:
        # an ini of OBS has every backslash twice
        docks = json.loads(found[2].replace("\\\\", "\\"))
    except (ValueError, RecursionError):
        docks = None
    if not isinstance(docks, list) or not all(isinstance(dock, dict) for dock in docks):
        raise InstallError("OBS's list of browser docks is not as OBS writes it; add the dock by hand in OBS.")
    return docks


def _with_docks(text: str, docks: list[dict[str, Any]]) -> str:
    written = _as_json(docks).replace("\\", "\\\\")
    line = "ExtraBrowserDocks=" + (written if docks else "")
    if _LINE.search(text):
        return _LINE.sub(lambda found: line + found[3], text, count=1)
    end = "\r\n" if "\r\n" in text else "\n"
    section = _SECTION.search(text)
    if section is not None:
        # the end of that line is after the match, and becomes the end of ours
        return text[: section.end()] + "\n" + line + end[:-1] + text[section.end() :]
    return text.rstrip("\r\n") + f"{end}{end}[BasicWindow]{end}{line}{end}"


def _collection(text: str) -> dict[str, Any]:
    """A scene collection that may hold scripts.

    Raises:
        InstallError: it is none.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    # a list that is not there is no list, and null is how some programs write that
    modules = (told.get("modules") if isinstance(told, dict) else 0) or {}
    scripts = modules.get("scripts-tool") if isinstance(modules, dict) else 0
    if isinstance(told, dict) and (scripts is None or isinstance(scripts, list)):
        return told
    raise InstallError("A scene collection of OBS is not as OBS writes it; add the script by hand in OBS.")


def _scripts(told: dict[str, Any]) -> list[Any]:
    return (told.get("modules") or {}).get("scripts-tool") or []


def _as_json(told: Any, *, indent: int | None = None) -> str:
    """JSON with every letter as itself, but halves of letters, which no file can hold, as JSON writes them."""
    written = json.dumps(told, indent=indent, ensure_ascii=False)
    return _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
