"""The folder `.venv`: where things are in it, whether it works, and which steps of its set-up are finished."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TextIO

from .errors import FolderError, InstallError
from .interpreters import LEAST, Interpreter, probe

STATE_FORMAT = 1


class Environment:
    """The virtual environment of the project at `root`.

    The record of finished steps lies inside it, so that deleting the folder forgets everything.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self._record = self.folder / "installer-state.json"

    @property
    def python(self) -> Path:
        """The environment's own Python."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def log(self) -> Path:
        """What pip said, all of it."""
        return self.folder / "installer.log"

    def works(self) -> bool:
        """Its Python starts, is new enough, and has pip: false for a half-made or a broken environment."""
        if not self.python.exists():
            return False
        inside = probe([str(self.python)])
        if inside is None or inside.version[:2] < LEAST:
            return False
        asked = [str(self.python), "-c", "import pip"]
        return subprocess.call(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0

    def check_place(self) -> None:
        """Refuse a place in which no environment can be made or changed.

        Raises:
            FolderError: its name, or somebody else's files; says what to do.
        """
        if os.pathsep in str(self.root):
            raise FolderError(
                f"{self.root} has a {os.pathsep!r} in its name, with which no Python environment can work. "
                "Rename or move the folder, then repeat the command."
            )
        inside = [self._record, self.log, *self.folder.glob("lib/python*/site-packages")]
        for place in (self.folder if self.folder.exists() else self.root, *inside):
            if place.exists() and not os.access(place, os.W_OK):
                raise FolderError(f"{place} cannot be written to. {_whose(place, self.folder)}")

    def create(self, interpreter: Interpreter) -> None:
        """Make the environment anew with `interpreter`, over whatever half-made one is there.

        Raises:
            FolderError: the folder holds something else, or Python could not make it.
        """
        self._refuse_foreign()
        command = [interpreter.path, "-m", "venv", "--clear", str(self.folder)]
        made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if made.returncode != 0:
            said = made.stdout.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
            raise FolderError(
                "{} could not make {}: {}".format(interpreter.describe(), self.folder, said[-1].rstrip("."))
            )

    def remove(self) -> bool:
        """Delete the folder; false when there was none.

        Raises:
            FolderError: the folder holds something else than an environment, or something in it is in use.
        """
        if not self.folder.exists():
            return False
        self._refuse_foreign()
        try:
            shutil.rmtree(self.folder)
        except OSError as error:
            raise FolderError(
                f"{self.folder} could not be deleted: {error}. Is a program of it still running?"
            ) from None
        return True

    def finished(self) -> dict[str, str]:
        """Step name -> fingerprint of what it was done with."""
        try:
            record = json.loads(self._record.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(record, dict) or record.get("format") != STATE_FORMAT:
            return {}
        steps = record.get("steps")
        return steps if isinstance(steps, dict) else {}

    def record(self, steps: dict[str, str]) -> None:
        """Write down the finished steps; a stop in the middle leaves the old record whole."""
        partial = self._record.with_suffix(".part")
        partial.write_text(json.dumps({"format": STATE_FORMAT, "steps": steps}, indent=1) + "\n", "utf-8")
        os.replace(partial, self._record)

    def _refuse_foreign(self) -> None:
        ours = ("pyvenv.cfg", self._record.name, self.log.name)
        if self.folder.is_dir() and (
            not any(self.folder.iterdir()) or any((self.folder / name).exists() for name in ours)
        ):
            return
        if self.folder.exists() or self.folder.is_symlink():
            raise FolderError(
                f"{self.folder} is wanted for the Python environment but is something else. Move it away and repeat."
            )


def _whose(place: Path, folder: Path) -> str:
    """What to do about a place that cannot be written to."""
    if os.name != "nt" and place.stat().st_uid == 0 and os.geteuid() != 0:
        return (
            "It belongs to root, as after a set-up with sudo. Make it yours with: "
            f'sudo chown -R "$USER" "{folder if folder.exists() else place}" and repeat the command without sudo.'
        )
    return "Give yourself the right to write there, or copy the project to a folder of yours, and repeat the command."


class Turn:
    """Lets one set-up of a project work at a time; the system frees it when the process ends, however it ends."""

    def __init__(self, root: Path) -> None:
        # one file for each user: nobody may open another's in a folder that all share
        user = os.getuid() if os.name != "nt" else 0
        name = f"streamv2v-installer-{hash_of_path(root):08x}-{user}.lock"
        self._path = Path(tempfile.gettempdir()) / name
        self._file: TextIO | None = None

    def __enter__(self) -> Turn:
        try:
            self._file = self._path.open("a")
            _lock(self._file)
        except OSError as error:
            if self._file is None:
                raise InstallError(
                    f"{self._path} cannot be written ({error.strerror}). Set TMPDIR to a folder of yours and repeat."
                ) from None
            raise InstallError("Another set-up of this folder is running. Wait for it, then repeat.") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def hash_of_path(path: Path) -> int:
    """The same number for the same folder in every process."""
    return zlib.crc32(os.path.realpath(path).encode("utf-8", "surrogateescape"))


def _lock(file: TextIO) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
