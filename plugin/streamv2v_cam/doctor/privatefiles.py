"""Private files: where secrets and a person's words are looked for, and which of them cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .case import Case
from .machine import TEXT_LIMIT_BYTES
from .obs import obs_folders
from .readings import is_text, readings

FILES_OF_OBS = ("plugin_config/obs-websocket/config.json", "user.ini", "global.ini")
FILES_OF_A_PROFILE = ("service.json", "basic.ini")
COPIES = ("", ".bak", ".tmp")
"""OBS writes a file beside the old one and keeps that: what was the password yesterday is in yesterday's log."""

MARKS_AND_BLANKS = b"\xef\xbb\xbf\xff\xfe \r\n\t"


def settings_file(case: Case) -> Path:
    """The settings file, whether it is there or not."""
    from ..settings import default_config_path

    return case.config or default_config_path()


def key_files(case: Case) -> Iterator[Path]:
    """Files that hold nothing else than a secret."""
    folder = settings_file(case).parent
    yield from (folder / "token", folder / "obs-password", case.machine.home / ".cache/huggingface/token")
    if case.settings is not None:
        yield case.settings.token_path
        named = (case.settings.obs.password_file, case.settings.obs.token_file)
        yield from (Path(name).expanduser() for name in named if name)


def servers_file(case: Case) -> Path:
    """The servers that this machine is paired with, with the token of each."""
    return settings_file(case).parent / "servers.json"


def looks_files(case: Case) -> Iterator[Path]:
    """The person's own looks."""
    yield settings_file(case).parent / "looks.toml"
    if case.settings is not None:
        yield case.settings.looks_path


def obs_files(case: Case) -> Iterator[Path]:
    """What OBS keeps passwords and stream keys in, of every OBS on this machine and every profile."""
    for folder in obs_folders(case):
        profiles = folder / "basic/profiles"
        places = [folder / name for name in FILES_OF_OBS]
        places += [profiles / one / name for one in case.machine.names(profiles) for name in FILES_OF_A_PROFILE]
        yield from (place.with_name(place.name + copy) for place in places for copy in COPIES)


def texts_of(case: Case, path: Path) -> tuple[str, ...]:
    """All that a file may say; nothing where it cannot be read."""
    data = case.machine.data(path)
    return () if data is None else readings(data)


def unread(case: Case) -> Iterator[tuple[Path, str]]:
    """Each of these files that is there without being read to its end, and why."""
    files = (settings_file(case), servers_file(case), *looks_files(case), *key_files(case), *obs_files(case))
    for path in dict.fromkeys(files):
        if reason := _why_unread(case, path):
            yield path, reason


def _why_unread(case: Case, path: Path) -> str:
    if not case.machine.may_be_there(path):
        return ""
    data = case.machine.data(path, limit=TEXT_LIMIT_BYTES + 1)
    if data is None:
        return "it cannot be opened, or is no ordinary file"
    if len(data) > TEXT_LIMIT_BYTES:
        return f"it is larger than {TEXT_LIMIT_BYTES >> 20} MiB"
    # after a loss of power a file may be nothing but zeros: a text of no letters, in a file that is not empty
    texts = any(text for text in readings(data) if is_text(text))
    return "" if texts or not data.strip(MARKS_AND_BLANKS) else "what is in it is no text"
