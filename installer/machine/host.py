"""Host: the machine that is changed; files below a root, commands, and who is asked before root is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path, PureWindowsPath
from typing import Mapping, Sequence, TextIO

from ..errors import InstallError
from .person import home_folder, is_whole, user_name

ASK_LIMIT_S = 20
PART = ".streamv2v-part"
"""What a file is called until all of it is written."""


class Host:
    """The machine.

    Args:
        system: "linux", "darwin" or "win32".
        root: folder that stands for "/"; tests give another.
        home: of the person, a path of that machine.
        environment: variables.
        log: keeps what commands said; None keeps nothing.
    """

    def __init__(
        self,
        *,
        system: str = sys.platform,
        root: Path = Path("/"),
        home: str | None = None,
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.system, self.root = system, root
        self.environment = dict(os.environ if environment is None else environment)
        self.home = home or home_folder()
        self.log = log

    @property
    def user(self) -> str:
        """Who the installation is for; empty where nobody says it."""
        return user_name(self.environment, self.system, is_here=self.root == Path("/") and self.system == sys.platform)

    def place(self, variable: str, *usual: str) -> str:
        """A folder of the person's: where a variable says, or the usual one below the home folder.

        Raises:
            InstallError: the variable says no whole path.
        """
        given = self.environment.get(variable)
        if given and not is_whole(given, self.system):
            raise InstallError(
                f"{variable} is {given!r}, which is no whole path. Set it to all of the path, or unset it, then repeat "
                "the command."
            )
        return given or os.path.join(self.home, *usual)

    def is_root(self) -> bool:
        """Whether commands run as root anyway."""
        return self.system == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0)

    def path(self, name: str) -> Path:
        """The real place of a path of that machine."""
        if str(self.root) == os.sep or (self.system == "win32" and self.root == Path("/")):
            return Path(name)
        if self.system == "win32":
            return self.root.joinpath(*(part.strip(":\\/") for part in PureWindowsPath(name).parts))
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str | None:
        """What a file holds; None where it cannot be read as text."""
        try:
            with self.path(name).open(encoding="utf-8", newline="") as stream:
                return stream.read()
        except (OSError, UnicodeDecodeError):
            return None

    def read_known(self, name: str) -> str | None:
        """What a file of ours holds; None where there is none, and never where it cannot be read.

        Raises:
            InstallError: it is there and cannot be read as text; the message says why, and not what to do.
        """
        try:
            with self.path(name).open(encoding="utf-8", newline="") as stream:
                return stream.read()
        except (OSError, UnicodeDecodeError) as error:
            absent = isinstance(error, (FileNotFoundError, NotADirectoryError))
            if absent and not self.exists(name):
                return None
            why = "it is no text" if isinstance(error, UnicodeDecodeError) else error.strerror or error
            raise InstallError(f"{name} is there and cannot be read ({why}).") from None

    def look(self, name: str) -> str | None:
        """What somebody else's file holds, to look something up in it, whatever else is in it; None as for `read`."""
        try:
            return self.path(name).read_bytes().decode("utf-8", "replace")
        except OSError:
            return None

    def exists(self, name: str) -> bool:
        """Whether there is a file, folder or link."""
        return os.path.lexists(str(self.path(name)))

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, sorted; empty where there is none."""
        try:
            return sorted(entry.name for entry in self.path(folder).iterdir())
        except OSError:
            return []

    def ask(self, *command: str) -> str | None:
        """What a command says that changes nothing; None where it fails."""
        program = shutil.which(command[0])
        if program is None:
            return None
        try:
            done = subprocess.run(
                [program, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=ASK_LIMIT_S,
                check=False,
                env={**self.environment, "LC_ALL": "C"},
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None

    def has(self, program: str) -> bool:
        """Whether a program is on the search path."""
        return shutil.which(program) is not None

    def run(self, command: Sequence[str], *, root: bool = False, given: str | None = None) -> None:
        """Run a command that changes something.

        Args:
            root: through sudo, unless root is who runs this.
            given: goes to its standard input.

        Raises:
            InstallError: it is not there, or failed; what it said is in the log.
        """
        whole = list(command)
        if root and not self.is_root():
            whole = ["sudo", *whole]
        self._note("$ " + " ".join(whole))
        try:
            done = subprocess.run(
                whole,
                input=None if given is None else given.encode(),
                stdin=subprocess.DEVNULL if given is None and whole[0] != "sudo" else None,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                env={**self.environment, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except OSError as error:
            raise InstallError(f"{whole[0]} could not be run: {error.strerror or error}") from None
        said = done.stdout.decode("utf-8", "replace").rstrip()
        self._note(said)
        if done.returncode != 0:
            last = (said.splitlines() or [f"exit code {done.returncode}"])[-1]
            where = f"; all of it is in {self.log}" if self.log else ""
            raise InstallError(f"{' '.join(whole)} failed: {last}{where}")

    def write(self, name: str, text: str, *, mode: int = 0o644, root: bool = False) -> None:
        """Write a file whole or not at all; as root through sudo where that is needed.

        A link stays one: what it leads to is written.

        Raises:
            InstallError: it cannot be written.
        """
        path = self.path(name)
        is_link = os.path.islink(str(path))
        if is_link:
            path = Path(os.path.realpath(str(path)))
        if root and not self.is_root():
            goal = str(path) if is_link else name
            self.run(["mkdir", "-p", os.path.dirname(goal)], root=True)
            self.run(["tee", goal + PART], root=True, given=text)
            self.run(["chmod", format(mode, "o"), goal + PART], root=True)
            self.run(["mv", "-f", goal + PART, goal], root=True)
            return
        self._note(f"write {name}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(path.name + PART)
            with partial.open("w", encoding="utf-8", newline="") as stream:
                stream.write(text)
            partial.chmod(mode)
            os.replace(str(partial), str(path))
        except (OSError, UnicodeError) as error:
            raise InstallError(f"{name} could not be written: {getattr(error, 'strerror', None) or error}") from None

    def goal(self, name: str) -> str | None:
        """Where a symbolic link leads, as it says itself; None where there is none."""
        try:
            return os.readlink(str(self.path(name)))
        except OSError:
            return None

    def link(self, name: str, goal: str) -> None:
        """Make a symbolic link.

        Raises:
            InstallError: it cannot be made.
        """
        self._note(f"link {name} to {goal}")
        try:
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).symlink_to(goal)
        except OSError as error:
            raise InstallError(f"{name} could not be linked: {error.strerror or error}") from None

    def delete(self, name: str, *, root: bool = False) -> None:
        """Delete a file or a link; one that is not there is no error.

        Raises:
            InstallError: it cannot be deleted.
        """
        if root and not self.is_root():
            self.run(["rm", "-f", name], root=True)
            return
        self._note(f"delete {name}")
        try:
            self.path(name).unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise InstallError(f"{name} could not be deleted: {error.strerror or error}") from None

    def delete_part(self, name: str, *, root: bool = False) -> None:
        """Delete what a stop in the middle of `write` has left beside a file."""
        if self.exists(name + PART):
            self.delete(name + PART, root=root)

    def delete_empty(self, folder: str, *, root: bool = False) -> None:
        """Delete a folder if nothing is in it."""
        if root and not self.is_root():
            self.run(["rmdir", "--ignore-fail-on-non-empty", folder], root=True)
            return
        try:
            self.path(folder).rmdir()
            self._note(f"delete the empty folder {folder}")
        except OSError:
            pass

    def missing_folders(self, name: str) -> list[str]:
        """The folders above a path that are not there yet, innermost first."""
        found = []
        folder = os.path.dirname(name)
        while folder and folder != os.path.dirname(folder) and not self.exists(folder):
            found.append(folder)
            folder = os.path.dirname(folder)
        return found

    def running(self, program: str) -> bool:
        """Whether a program of that name runs."""
        if self.system == "win32":
            return program.lower() in (self.ask("tasklist", "/FI", f"IMAGENAME eq {program}.exe") or "").lower()
        if self.system == "darwin":
            return bool(self.ask("pgrep", "-x", program))
        return any((self.read(f"/proc/{number}/comm") or "").strip() == program for number in self.names("/proc"))

    def _note(self, line: str) -> None:
        if self.log is None or not line:
            return
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                self._print(line, stream)
        except OSError:
            pass

    def _print(self, line: str, stream: TextIO) -> None:
        print(line, file=stream)
