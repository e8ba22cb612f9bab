"""The real engine process on a machine whose free memory is what STREAMV2V_TEST_FREE_BYTES says."""

from __future__ import annotations

import os

from streamv2v_cam.engine import worker, worker_memory
from streamv2v_cam.engine.child import EngineEnd


def main(end: EngineEnd) -> None:
    """Entry of the engine process."""
    worker_memory.free_memory = lambda device: (int(os.environ["STREAMV2V_TEST_FREE_BYTES"]), "this small card")
    worker.main(end)
