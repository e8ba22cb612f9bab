"""What a process frees it keeps, so that the next picture of the same size costs no page faults."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from streamv2v_cam.system.allocation import keep_freed_memory
kept = sys.argv[1] == "kept" and keep_freed_memory()
def some():
    for _ in range(20):
        pictures = [np.ones((720, 1280, 3), np.uint8) for _ in range(2)]
some()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
some()
print(int(kept), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(way: str) -> tuple[bool, int]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    asked = [sys.executable, "-c", FAULTS, way]
    kept, number = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout.split()
    return kept == "1", int(number)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told to keep what is freed")
def test_pictures_that_come_and_go_cost_no_page_faults() -> None:
    kept, number = faults("kept")
    if not kept:
        pytest.skip("this system's allocator takes no such order")
    assert number < 100
    assert faults("plain")[1] > 10_000, "without being told, every picture is faulted in anew"
