"""What can go wrong in the program, as a tree. `str()` of each is one line for a person.

CamError                 exit code 2 on the command line
├── SettingsError        a setting that cannot be used: says which, from where, what is allowed
├── LookError            a look that is not there or a looks file that cannot be read
│   └── LookClash        a change of the looks that what is there does not allow
├── SourceError          a camera, file, image or address that gives no picture
├── SinkError            a virtual camera, file or page that takes no picture
├── EngineError          the engine process cannot start, or gave up
├── PictureRefused       a reference picture that cannot be read or kept
├── ModelRefused         a model that cannot be chosen by its name, fetched, taken in or removed
└── MediaError           a clip that cannot be read or written
"""

from __future__ import annotations


class CamError(Exception):
    """Base of everything the program raises on purpose: what was wanted, what was found, what to do."""


class SettingsError(CamError):
    """A setting cannot be used."""


class LookError(CamError):
    """A look does not exist, or the file of looks cannot be read."""


class LookClash(LookError):
    """A change of the looks that what is there does not allow, and a person can decide about.

    Attributes:
        field: what to choose otherwise, "title" or "name"; empty where nothing else helps.
        look: name of the look it is about; empty where it is about none.
    """

    def __init__(self, message: str, *, field: str = "", look: str = "") -> None:
        self.field, self.look = field, look
        super().__init__(message)


class SourceError(CamError):
    """A source gives no picture (any more)."""


class SinkError(CamError):
    """A sink takes no picture (any more)."""


class EngineError(CamError):
    """The engine process cannot do its work."""


class PictureRefused(CamError):
    """A reference picture cannot be read or kept."""


class ModelRefused(CamError):
    """A model cannot be chosen by that name, fetched, taken in or removed."""


class MediaError(CamError):
    """A clip cannot be read or written."""
