"""What can go wrong in the library, as a tree.

StreamV2VError
├── ConfigError      a StreamConfig that cannot be built (shape, kind or range)
├── ControlError     a live value that was refused; carries field, given and allowed
├── FrameError       a picture that is not uint8 [H, W, 3]
├── ModelError       a model, LoRA or tokenizer that is missing, incomplete or of another family
└── ShapeError       a tensor that does not fit a program, whose shapes are fixed
"""

from __future__ import annotations


class StreamV2VError(Exception):
    """Base of everything the library raises on purpose; `str()` is one line for a person."""


class ConfigError(StreamV2VError, ValueError):
    """A `StreamConfig` value is impossible: says which, what was given and what is allowed."""


class ControlError(StreamV2VError, ValueError):
    """A live value was refused and nothing changed.

    Attributes:
        field: name of the control.
        given: the refused value.
        allowed: the range or the choices, in words.
    """

    def __init__(self, field: str, given: object, allowed: str) -> None:
        self.field = field
        self.given = given
        self.allowed = allowed
        name = field if field and field.isprintable() else repr(field)
        shown = repr(given)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        super().__init__(f"{name}: {shown} was refused; allowed is {allowed}.")


class FrameError(StreamV2VError, ValueError):
    """A picture has the wrong dtype or shape: says both the wanted and the found one."""


class ModelError(StreamV2VError):
    """A model cannot be used: says what was looked for, where, and what to do."""


class ShapeError(StreamV2VError, ValueError):
    """A tensor does not fit a program: says both the wanted and the found shape."""
