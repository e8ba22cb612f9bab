"""Writing the settings file: a commented one to begin with, and single values with comments kept."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from tomlkit.exceptions import TOMLKitError

from ..errors import SettingsError
from ..system.ownership import remedy
from ..system.textfile import write_text
from .loading import load_settings
from .model import Settings
from .tree import FIELDS, flatten, nearest, values_by_name
from .words import allowed_words, value_words

_HEAD = """\
# Settings of streamv2v-cam. Take the "# " away from a line to change it.
# Each can also be set in the environment (STREAMV2V_ENGINE__SLOTS=4) or on the command line
# (--set engine.slots=4). `streamv2v-cam config show` says what holds, and where it comes from.
"""

_EXAMPLES = {
    "engine.embeddings": '"/path/to/embeddings"',
    "engine.ip_adapter": '"h94/IP-Adapter/models/ip-adapter_sd15.safetensors"',
    "engine.ip_adapter_encoder": '"/path/to/image_encoder"',
    "engine.loras_folder": '"/path/to/loras"',
    "engine.models_folder": '"/path/to/models"',
    "engine.remote": '"wss://gpu-pc:8770"',
    "engine.revision": '"main"',
    "engine.single_file_config": '"a folder or a hub id"',
    "engine.vae": '"madebyollin/taesd"',
    "engine.width": "336",
    "engine.height": "192",
    "engine.slots": "2",
    "engine.cache_dir": '"models"',
    "engine.threads": "2",
    "engine.compile_cache": '"compiled"',
    "on_demand.unload_after_s": "1800",
    "publish.record_folder": '"recordings"',
    "control.looks_file": '"looks.toml"',
    "obs.password_file": '"obs-password"',
    "obs.server": '"http://127.0.0.1:8765"',
    "obs.token_file": '"token"',
    "obs.prompt_source": '"Prompt"',
    "obs.caption_source": '"StreamV2V caption"',
    "obs.microphone": '"Mic/Aux"',
    "start.loras": "{ pastel = 0.8 }",
    "start.outside_look": '"pencil"',
    "start.prompt": '"a charcoal drawing in blue"',
    "start.blend": '[["a watercolour painting", 0.5]]',
    "start.reference": '"painting.jpg"',
    "start.reference_blend": '[["other.jpg", 0.5]]',
    "start.negative_prompt": '"text, frame"',
    "start.mirror": "true",
    "start.mode": '"effect"',
}


def commented_file() -> str:
    """A settings file in which every setting stands commented out, with its help and default."""
    defaults = dict(values_by_name(Settings()))
    lines = [_HEAD]
    section = ""
    for name, field in FIELDS.items():
        parent, _, own = name.rpartition(".")
        if parent != section:
            section = parent
            lines += ["", f"# {(_section_model(parent).__doc__ or '').splitlines()[0]}", f"[{parent}]"]
        lines += textwrap.wrap(_help(name, field), 100, initial_indent="## ", subsequent_indent="## ")
        lines.append(f"# {own} = {value_words(defaults[name]) or _example(name)}")
    return "\n".join(lines) + "\n"


def _help(name: str, field: FieldInfo) -> str:
    words = allowed_words(field)
    said = name.startswith("start.") or not words.startswith(("one of", "a whole number", "a number", "a multiple"))
    return field.description or "" if said else f"{field.description} ({words})"


def write_commented_file(path: Path, *, force: bool = False) -> None:
    """Write `commented_file` to `path`.

    Raises:
        SettingsError: a file is there and `force` was not given, or the folder cannot be written.
    """
    if path.exists() and not force:
        raise SettingsError(f"There is a settings file at {path} already. --force writes a new one over it.")
    try:
        write_text(path, commented_file())
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be written ({error.strerror}).{remedy(error, path)}"
        ) from error


def write_setting(path: Path, name: str, text: str) -> Any:
    """Check one value and write it into the file; comments and everything else stay.

    Args:
        name: dotted name, such as "engine.slots".
        text: the value as typed on a command line.

    Returns:
        The value as it was understood.

    Raises:
        SettingsError: no such setting, a refused value, or a file that cannot be read or written.
    """
    if name not in FIELDS:
        raise SettingsError(f"{name}: there is no such setting; {nearest(name)}")
    loaded = load_settings({name: text}, path if path.exists() else None)
    value = dict(values_by_name(loaded.values))[name]
    try:
        before = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        after = _with_value(before, name, value)
        write_text(path, after)
    except TOMLKitError as error:
        raise SettingsError(f"The settings file {path} is not valid TOML: {error}; nothing was written.") from error
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be written ({error.strerror}).{remedy(error, path)}"
        ) from error
    return value


def _with_value(text: str, name: str, value: Any) -> str:
    """The text of a settings file with one more value in it."""
    plain = _plain(value)
    *sections, own = name.split(".")
    document = tomlkit.parse(text)
    place: Any = document
    for section in sections:
        place = place.get(section) if place is not None else None
    if place is None or own not in place:
        uncommented = _uncomment(text, ".".join(sections), own, value_words(plain))
        if uncommented is not None:
            return uncommented
    if place is None:
        place = document
        for section in sections:
            place = place.setdefault(section, tomlkit.table())
    place[own] = plain
    after = tomlkit.dumps(document)
    if flatten(tomllib.loads(after)) != flatten(tomllib.loads(text)) | {name: plain}:
        raise SettingsError(
            f"{name} has no place in this settings file; write it by hand below [{'.'.join(sections)}]."
        )
    return after


def _uncomment(text: str, section: str, own: str, words: str) -> str | None:
    """The text with the commented default of a setting replaced; None where it has none."""
    lines = text.splitlines()
    header = next((number for number, line in enumerate(lines) if line.strip() == f"[{section}]"), None)
    if header is None:
        return None
    for number in range(header + 1, len(lines)):
        if lines[number].startswith("["):
            return None
        if re.match(rf"#\s*{re.escape(own)}\s*=", lines[number]):
            lines[number] = f"{own} = {words}"
            after = "\n".join(lines) + "\n"
            expected = flatten(tomllib.loads(text)) | {f"{section}.{own}": tomllib.loads(f"x = {words}")["x"]}
            return after if flatten(tomllib.loads(after)) == expected else None
    return None


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _section_model(dotted: str) -> type[BaseModel]:
    model: Any = Settings
    for name in dotted.split("."):
        model = model.model_fields[name].annotation
    return model


def _example(name: str) -> str:
    """A value for a setting that has no default, as it would be written."""
    return _EXAMPLES.get(name) or value_words(_control_default(name.rpartition(".")[2]))


def _control_default(name: str) -> Any:
    from streamv2v.controls import describe_controls

    return describe_controls()[name]["default"]
