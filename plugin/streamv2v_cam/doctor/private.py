"""What of this machine is secret or private: gathered before a bundle is written, so that it can be taken out."""

from __future__ import annotations

import configparser
import contextlib
import json
import re
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from streamv2v.config import EMBEDDED_MODEL

from .case import Case
from .obs import obs_folder
from .redaction import Redactor

SECRET_NAMES = re.compile(r"(?i)pass|secret|token|key|credential|auth|cookie|ticket")
_LITERAL = re.compile(r"\"\"\"(.*?)\"\"\"|'''(.*?)'''|\"((?:[^\"\\\n]|\\.)*)\"|'([^'\n]*)'", re.DOTALL)
WRITTEN = (
    "capture.source",
    "control.looks_file",
    "control.origins",
    "obs.",
    "publish.record_folder",
    "start.blend",
    "start.look",
    "start.negative_prompt",
    "start.prompt",
)
"""Settings whose words are the person's own, not the program's or a model's."""
_SECTION = re.compile(r"^\s*\[+\s*([^\]\n]+?)\s*\]", re.MULTILINE)


def redactor_for(case: Case, *, with_prompts: bool = False, state: dict[str, Any] | None = None) -> Redactor:
    """A redactor that knows all of it.

    Args:
        case: the machine and its settings.
        with_prompts: prompts and names stay.
        state: what the running program says; its prompts are private as well.
    """
    private = [] if with_prompts else [*_written(case), *_of_state(state or {})]
    return Redactor(
        secrets=[*_keys(case), *_of_environment(case), *_addresses(case)],
        private=private,
        names=_names(case),
        home=str(case.machine.home),
        open_words=[*(node.label for node in case.machine.video_nodes()), *_models(case)],
    )


def _keys(case: Case) -> Iterator[str]:
    """Files that hold nothing else than a secret, and the password in OBS's own files."""
    from ..settings import default_config_path

    folder = (case.config or default_config_path()).parent
    files = [folder / "token", folder / "obs-password", case.machine.home / ".cache/huggingface/token"]
    if case.settings is not None:
        named = (case.settings.obs.password_file, case.settings.obs.token_file)
        files += [case.settings.token_path, *(Path(name).expanduser() for name in named if name)]
    for path in files:
        yield from (case.machine.text(path) or "").splitlines()
    folder_of_obs = obs_folder(case)
    if folder_of_obs is None:
        return
    with contextlib.suppress(ValueError, AttributeError):
        told = json.loads(case.machine.text(folder_of_obs / "plugin_config/obs-websocket/config.json") or "{}")
        yield str(told.get("server_password") or "")
    for name in ("user.ini", "global.ini"):
        parser = configparser.RawConfigParser(strict=False)
        with contextlib.suppress(configparser.Error):
            parser.read_string(case.machine.text(folder_of_obs / name) or "")
            yield parser.get("OBSWebSocket", "ServerPassword", fallback="")


def _of_environment(case: Case) -> Iterator[str]:
    for name, value in case.machine.environment.items():
        if SECRET_NAMES.search(name) and "/" not in value[:1]:
            yield value
        # the user and password of a proxy or an index
        for found in re.finditer(r"://([^/\s@]+)@", value):
            yield found[1]
            yield from found[1].split(":")


def _addresses(case: Case) -> Iterator[str]:
    """The camera's address, and each part of it that lets somebody in."""
    sources = [value for name, value in _all_settings(case) if name == "capture.source"]
    sources += [
        value for name, value in case.machine.environment.items() if name.upper() == "STREAMV2V_CAPTURE__SOURCE"
    ]
    for source in sources:
        if "://" not in source:
            continue
        yield source
        yield source.partition("://")[2]
        authority, _, rest = source.partition("://")[2].partition("/")
        access, _, host = authority.rpartition("@")
        yield from re.split(r"[:@]", access)
        yield from re.split(r"[:@]", unquote(access))
        if re.search(r"[a-z]\.[a-z]", host):
            yield re.sub(r":\d+$", "", host)
        # a short one may be an ordinary word; the address as a whole is gone in any case
        yield from (piece for piece in re.split(r"[/?]", rest) if len(piece) >= 12)
        yield from re.findall(r"[?&][^=&]*=([^&#]+)", rest)


def _written(case: Case) -> Iterator[str]:
    """What the person wrote: prompts, looks, names of scenes and sources, and their files."""
    from ..looks import shipped_looks
    from ..settings import default_config_path

    known = {look.name for look in shipped_looks(EMBEDDED_MODEL)} | {"localhost", "127.0.0.1"}
    for name, value in _all_settings(case):
        if (not name or name.startswith(WRITTEN)) and value not in known:
            yield value
    looks = (case.config or default_config_path()).parent / "looks.toml"
    for path in {looks, *([case.settings.looks_path] if case.settings is not None else [])}:
        text = case.machine.text(path) or ""
        yield from _literals(text)
        yield from (name for name in _SECTION.findall(text) if name not in known)
    for name, value in case.machine.environment.items():
        if name.upper().startswith(("STREAMV2V_START__", "STREAMV2V_OBS__")):
            yield value


def _of_state(state: dict[str, Any]) -> Iterator[str]:
    controls = state.get("controls", {})
    yield from (str(controls.get(name) or "") for name in ("prompt", "negative_prompt"))
    yield from (str(text) for text, _ in controls.get("blend") or ())
    yield str(state.get("obs", {}).get("scene") or "")


def _all_settings(case: Case) -> Iterator[tuple[str, str]]:
    """Every text of the settings file; of one that cannot be read, everything in quotation marks, without a name."""
    from ..settings import default_config_path

    text = case.machine.text(case.config or default_config_path()) or ""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        for literal in _literals(text):
            yield ("capture.source" if "://" in literal else "", literal)
        return
    yield from _texts_of(tree, "")


def _texts_of(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if name in ("obs.scenes", "obs.sources"):
                yield name, str(key)
            yield from _texts_of(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_of(inner, name)
    elif isinstance(value, str) and value not in ("auto", "presenter", "none"):
        yield name, value


def _literals(text: str) -> Iterator[str]:
    for found in _LITERAL.finditer(text):
        inside = next((part for part in found.groups() if part is not None), "")
        yield inside
        yield from inside.splitlines()


def _names(case: Case) -> Iterator[str]:
    given = case.machine.environment
    yield from (
        given.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOSTNAME", "COMPUTERNAME")
    )
    yield case.machine.home.name
    if case.machine.root is None:
        yield socket.gethostname()
    yield case.machine.text("/etc/hostname") or ""


def _models(case: Case) -> Iterator[str]:
    if case.settings is not None:
        yield case.settings.engine.model
