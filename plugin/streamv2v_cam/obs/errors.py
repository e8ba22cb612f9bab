"""What can go wrong between us and OBS. `str()` of each is one line for a person."""

from __future__ import annotations

from ..errors import CamError


class ObsError(CamError):
    """Something about OBS that a person can put right."""


class ObsUnreachable(ObsError):
    """Nobody answers where OBS should, or it stopped answering; a new connection may work."""


class ObsPasswordWrong(ObsError):
    """OBS wants a password and did not get the right one."""


class RequestRefused(ObsError):
    """OBS answered a request with a no.

    Attributes:
        request: its name.
        code: obs-websocket's, 600 is "no such thing".
    """

    def __init__(self, request: str, code: int, comment: str) -> None:
        self.request, self.code = request, code
        super().__init__(f"OBS refused {request} ({code}{': ' + comment if comment else ''}).")
