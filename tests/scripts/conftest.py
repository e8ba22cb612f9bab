"""A few small photos and their cache, for all tests of a file of the training's."""

from __future__ import annotations

from pathlib import Path

import pytest
from training.data import Cache

from tests.small_photos import small_cache, write_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def cache(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return small_cache(photos, tmp_path_factory.mktemp("cache"))
