"""Reference pictures: read safely, kept by name in memory, handed to the engine with the live values that name them.

No picture leaves the machine: an engine elsewhere is told none. What is uploaded, or taken from the camera, is kept in
memory and written beside the looks only with a look that is saved with it.
"""

from .decoding import SIDE, decoded
from .shelf import FRAME, Reference, ReferenceShelf

__all__ = ["FRAME", "SIDE", "Reference", "ReferenceShelf", "decoded"]
