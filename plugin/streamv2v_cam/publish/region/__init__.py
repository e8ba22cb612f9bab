"""Region: the look on a part of the picture alone: the person, what is behind, the face."""

from .region import Region

__all__ = ["Region"]
