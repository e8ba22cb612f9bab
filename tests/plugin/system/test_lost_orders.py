"""An order to stop that arrives where Python swallows exceptions is not lost."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest
from streamv2v_cam.system.stopping import rest, terminate_as_interrupt


class Told:
    """Gets the order to stop while it is destroyed."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_order_that_a_destructor_swallowed_ends_the_next_rest() -> None:
    with terminate_as_interrupt():
        told = Told()
        del told  # nothing is raised here
        with pytest.raises(KeyboardInterrupt):
            rest(0.0)
    rest(0.0)
