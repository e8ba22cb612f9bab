"""What steers a picture beside words, as a person names it: networks that hold it to the camera's.

Standard library only, so that the host process can read and validate it without torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import ConfigError

STRUCTURE_LIMIT = 3
STRUCTURE_KINDS = {
    "canny": ("canny",),
    "softedge": ("softedge", "soft-edge", "soft_edge", "hed", "pidi"),
    "lineart": ("lineart", "line-art", "line_art", "sketch", "scribble"),
    "picture": ("tile",),
}
"""What a structure network is shown -> words in its name that say so. OpenCV makes all of it of a frame."""
STRUCTURE_ELSEWHERE = ("depth", "pose", "normal", "seg", "mlsd", "inpaint", "shuffle", "ip2p", "color")
"""Words of networks that are shown what only another network, or nothing of the camera's picture, can give."""


@dataclass(frozen=True)
class Structure:
    """One network that holds the picture to the camera's: a ControlNet or a T2I-Adapter.

    Raises:
        ConfigError: no source, or a kind that is not known or cannot be told from the name.
    """

    source: str
    """A diffusers folder, a .safetensors file or a hub id."""
    kind: str = "auto"
    """What it is shown, one of `STRUCTURE_KINDS`; "auto" tells it from the name."""

    def __post_init__(self) -> None:
        if not self.source:
            raise ConfigError("structure: a folder, a .safetensors file or a hub id is needed; none was given.")
        if self.kind == "auto":
            object.__setattr__(self, "kind", _kind_in_name(self.source))
        if self.kind not in STRUCTURE_KINDS:
            raise ConfigError(
                f"structure: {self.kind!r} for {self.source} was refused; what a network is shown is one of "
                f"{', '.join(STRUCTURE_KINDS)}."
            )

    @classmethod
    def parsed(cls, text: str) -> Structure:
        """From "SOURCE" or "SOURCE:KIND".

        Raises:
            ConfigError: as the constructor.
        """
        source, colon, kind = text.rpartition(":")
        is_kind = colon and kind.isalpha() and len(source) > 1  # a drive letter is no source
        return cls(source, kind) if is_kind else cls(text)


def _kind_in_name(source: str) -> str:
    name = source.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    for kind, words in STRUCTURE_KINDS.items():
        if any(word in name for word in words):
            return kind
    kinds = ", ".join(STRUCTURE_KINDS)
    found = next((word for word in STRUCTURE_ELSEWHERE if word in name), "")
    if found:
        raise ConfigError(
            f"structure: by its name {source} is shown {found!r}, which is not made here; made are {kinds}. "
            f"Choose a network for one of them, or say what it is shown, as in {source}:canny."
        )
    raise ConfigError(
        f"structure: the name of {source} does not tell what it is shown; say it, as in {source}:canny "
        f"(one of {kinds})."
    )
