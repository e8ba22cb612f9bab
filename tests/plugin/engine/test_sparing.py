"""Work beside a show takes its share of a core and no more."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import time
from streamv2v_cam.engine.sparing import work_sparingly

work_sparingly(0.2)
began_s, used_s, number = time.monotonic(), time.process_time(), 0
while time.process_time() - used_s < 0.15:
    number += 1
print((time.process_time() - used_s) / (time.monotonic() - began_s), number)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer of processor time")
def test_a_process_that_works_sparingly_takes_no_more_than_its_share():
    answer = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    share, number = answer.stdout.split()
    assert int(number) > 100 and float(share) < 0.25
