"""A file that appears under its name only when it is whole, and never in place of one it did not make."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any


class PartFile:
    """A temporary file beside the target, with a name of its own that no other file has.

    Args:
        target: where it will be.

    Attributes:
        file: opened for writing.

    Raises:
        OSError: the folder cannot be written to, or the name is longer than the file system takes.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        # Asked of the name itself: the part's own name is short, and a name too long would only show at the end.
        with contextlib.suppress(FileNotFoundError):
            os.lstat(target)
        number, name = tempfile.mkstemp(dir=target.parent, prefix=".streamv2v-", suffix=".part")
        self.path = Path(name)
        self.file: Any = os.fdopen(number, "wb")

    def finish(self, *, replace: bool) -> Path:
        """Close the file and give it its name.

        Args:
            replace: take the place of a file of that name; else one that came meanwhile stays, and this one
                gets the next free name ("clip (2).mp4").

        Returns:
            The path it has now.
        """
        self.file.close()
        mask = os.umask(0)
        os.umask(mask)
        with contextlib.suppress(OSError):
            os.chmod(self.path, 0o666 & ~mask)
        if replace:
            os.replace(self.path, self.target)
            return self.target
        return self._beside()

    def discard(self) -> None:
        """Remove it; safe to call twice and after `finish`."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _beside(self) -> Path:
        for number in range(1, 1000):
            name = self.target.name if number == 1 else f"{self.target.stem} ({number}){self.target.suffix}"
            path = self.target.with_name(name)
            try:
                os.link(self.path, path)
            except FileExistsError:
                continue
            except OSError:
                # a file system without links: the moment between the look and the renaming is all that is left
                if path.exists():
                    continue
                os.rename(self.path, path)
                return path
            self.path.unlink()
            return path
        raise FileExistsError(f"{self.target} and a thousand names like it are taken")
