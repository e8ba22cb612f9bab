"""Translate a clip: a video file or pipe in, the same frames in another look out."""

from .clip import translate_clip

__all__ = ["translate_clip"]
