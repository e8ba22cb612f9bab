"""What can go wrong in a set-up, as a tree. `str()` of each is a sentence for a person.

InstallError             exit code 2
├── PythonError          no Python here can carry the environment
├── FolderError          `.venv` is something else than an environment
├── UnfinishedError      a piece of the machine could not be set up, and the others are
└── PipError             pip could not do what it was asked
    └── NetworkError     because a host could not be reached
"""

from __future__ import annotations

from typing import Any, Sequence


class InstallError(Exception):
    """Base of everything the installer raises on purpose: what was wanted, what was found, what to do."""


class PythonError(InstallError):
    """No Python on this machine can carry the environment."""


class FolderError(InstallError):
    """The folder of the environment cannot be used."""


class UnfinishedError(InstallError):
    """Pieces of the machine could not be set up; the others are.

    Attributes:
        missing: pieces that were left out for a reason that is no failure.
    """

    def __init__(self, message: str, *, missing: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.missing = missing


class PipError(InstallError):
    """pip could not install something.

    Attributes:
        no_match: true when no index had the wanted version, so that another build may be tried.
    """

    def __init__(self, message: str, *, no_match: bool = False) -> None:
        super().__init__(message)
        self.no_match = no_match


class NetworkError(PipError):
    """A host could not be reached.

    Attributes:
        hosts: names of the hosts that did not answer, without credentials.
    """

    def __init__(self, message: str, *, hosts: tuple[str, ...], no_match: bool = False) -> None:
        super().__init__(message, no_match=no_match)
        self.hosts = hosts
