"""Finished cells on disk, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .cells import Cell

EDGE_BYTES = 2**20
"""Of a large file the first and the last of so many bytes are hashed: training changes all of a weight file."""


class Store:
    """Cells by key; without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder / "cells" if folder else None
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> Cell | None:
        """The finished cell, or None."""
        if self._folder is None or not (self._folder / f"{key}.json").is_file():
            return None
        record = json.loads((self._folder / f"{key}.json").read_text("utf-8"))
        pictures = {
            number: (self._read(key, number, "now"), self._read(key, number, "before")) for number in record["show"]
        }
        return Cell(record["figures"], pictures)

    def put(self, key: str, cell: Cell) -> None:
        """Keep a finished cell; the file that says so is written last and whole."""
        if self._folder is None:
            return
        for number, both in cell.pictures.items():
            for name, picture in zip(("now", "before"), both, strict=True):
                cv2.imwrite(str(self._picture(key, number, name)), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        unfinished = self._folder / f"{key}.part"
        unfinished.write_text(json.dumps({"figures": cell.figures, "show": list(cell.pictures)}), "utf-8")
        os.replace(unfinished, self._folder / f"{key}.json")

    def _read(self, key: str, number: int, name: str) -> np.ndarray:
        path = self._picture(key, number, name)
        picture = cv2.imread(str(path))
        if picture is None:
            raise ValueError(
                f"{path} belongs to a finished cell and cannot be read; remove {key}.json to measure it again."
            )
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)

    def _picture(self, key: str, number: int, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{key}-{number:05d}-{name}.png"


def key_of(content: dict[str, Any]) -> str:
    """The name of a cell: a hash of everything that its figures depend on."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:20]


def fingerprint(paths: Iterable[str | Path]) -> str:
    """Hash of files, and of all files below folders; what is no path (a hub id) stands for itself."""
    content = hashlib.sha256()
    for path in map(Path, paths):
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            # Names within the folder only: the same weights in another place are the same weights.
            name = file.relative_to(path).as_posix() if path.is_dir() else path.name if path.is_file() else str(path)
            content.update(name.encode())
            if file.is_file():
                content.update(_edges(file))
    return content.hexdigest()[:16]


def _edges(file: Path) -> bytes:
    size = file.stat().st_size
    with file.open("rb") as stream:
        if size <= 2 * EDGE_BYTES:
            return stream.read()
        first = stream.read(EDGE_BYTES)
        stream.seek(-EDGE_BYTES, os.SEEK_END)
        return first + stream.read() + str(size).encode()
