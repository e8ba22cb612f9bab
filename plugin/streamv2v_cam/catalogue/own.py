"""The person's own list: files and folders taken in under a name, and the licences that were accepted.

It is `models.toml` beside the settings file. A model is kept by its path and never copied: checkpoints are gigabytes,
and mostly lie in the folder of another program that goes on using them.
"""

from __future__ import annotations

import re
import threading
import tomllib
from pathlib import Path
from typing import Any

import tomlkit

from streamv2v.models.hub import is_single_file

from ..errors import ModelRefused
from ..system.ownership import remedy
from ..system.textfile import write_text

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
START = "start"
"""Not to be had: what a run was started with is called so, where no list has a name for it."""
_HEAD = "Models of your own by name, and the licences that you accepted. `streamv2v-cam models` writes it."


class OwnList:
    """The file of one person.

    Args:
        path: of the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def paths(self) -> dict[str, str]:
        """Name -> path of what was taken in; what a hand has spoiled in the file is left out."""
        found = self._read().get("own")
        pairs = found.items() if isinstance(found, dict) else ()
        return {name: path for name, path in pairs if not _why_not(name) and isinstance(path, str) and path}

    def accepted(self, name: str, licence: str) -> bool:
        """Whether this licence of a model was accepted; a model that has changed to another asks again."""
        found = self._read().get("accepted")
        return isinstance(found, dict) and found.get(name) == licence

    def accept(self, name: str, licence: str) -> None:
        """Remember that a licence was accepted.

        Raises:
            ModelRefused: the file cannot be written.
        """
        self._write("accepted", name, licence)

    def add(self, name: str, path: Path) -> None:
        """Take in a file or folder under a name.

        Raises:
            ModelRefused: the file cannot be written.
        """
        self._write("own", name, str(path))

    def forget(self, name: str) -> None:
        """Take a name out of the list; the files it stands for stay.

        Raises:
            ModelRefused: the file cannot be written.
        """
        self._write("own", name, None)

    def _read(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._path.read_text("utf-8-sig"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ModelRefused(
                f"The list of models {self._path} cannot be read ({error}). Mend or remove it."
            ) from None

    def _write(self, table: str, name: str, value: str | None) -> None:
        with self._lock:
            try:
                write_text(self._path, self._changed(table, name, value))
            except OSError as error:
                raise ModelRefused(
                    f"The list of models {self._path} cannot be written ({error.strerror or error}).{remedy(error)}"
                ) from None
            except UnicodeEncodeError:
                raise ModelRefused(
                    f"{value!r} has bytes in its name that are no text. Give the file or folder another name."
                ) from None

    def _changed(self, table: str, name: str, value: str | None) -> str:
        before = self._read()  # a spoiled file is not written over
        if not isinstance(before.get(table, {}), dict):
            raise ModelRefused(f"The list of models {self._path} has a {table!r} that is no table. Mend or remove it.")
        document = tomlkit.document()
        if self._path.exists():
            document = tomlkit.parse(self._path.read_text("utf-8-sig"))
        else:
            document.add(tomlkit.comment(_HEAD))
        if table not in document:
            document[table] = tomlkit.table()
        inside: Any = document[table]
        if value is None:
            inside.pop(name, None)
        else:
            inside[name] = value
        return tomlkit.dumps(document)


def check_name(name: str) -> None:
    """See that a model of one's own can be called so.

    Raises:
        ModelRefused: it would stand for something else, or be hard to write.
    """
    if why := _why_not(name):
        raise ModelRefused(f"A model cannot be called {name!r}: {why}. Choose another one: --name my-model")


def _why_not(name: str) -> str:
    if not NAME.fullmatch(name):
        return "small letters, digits, dots and hyphens are taken"
    if name == START:
        return "so is called what a run was started with"
    return "that is taken for a file" if is_single_file(name) else ""


def name_for(path: Path) -> str:
    """A name for a file or folder, from its own: "juggernaut-xl" for "Juggernaut XL.safetensors"."""
    stem = path.stem if path.suffix.lower() == ".safetensors" else path.name
    return re.sub(r"[^a-z0-9._]+", "-", stem.lower()).strip("-._")[:60]
