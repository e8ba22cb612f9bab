"""The background program: a camera in, a styled camera out, and hands on its controls."""

__version__ = "0.1.0"
