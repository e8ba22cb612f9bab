"""The catalogue of models: what may be chosen by a name, what of it is on this machine, fetching and taking away.

A name from the network chooses from this catalogue and the person's own list alone, never a path or a hub id.
"""

from .catalogue import Catalogue, Facts
from .downloads import Downloads
from .entries import ENTRIES, Entry, Licence
from .naming import with_named_model

__all__ = ["ENTRIES", "Catalogue", "Downloads", "Entry", "Facts", "Licence", "with_named_model"]
