"""What all tests share: few threads (tiny models are slower with more), and tiny models made once."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is slow, not wrong: what a test claims is its result, not its milliseconds.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Tests start the program some hundred times: each start would compile it anew where the shell keeps no bytecode.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Nobody here waits for a process that steps back: beside a busy program it might never have its turn.
os.environ.setdefault("STREAMV2V_NICENESS", "0")

# A shell that starts the tests in the background has Ctrl-C and Ctrl-\ ignored, and every program they start would
# inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGQUIT"):
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)

MOST_WORKERS = 4
"""Each takes a gigabyte once it has PyTorch in it."""
LONGEST = ("test_worker.py", "test_first_show.py", "test_recovery.py", "test_captured_step.py")
"""Files that are begun first, so that nobody waits for them alone at the end."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many tests run side by side: none where single files were asked for, a debugger and `-s` work there."""
    folders = all(Path(asked.partition("::")[0]).is_dir() for asked in config.args)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # one more than cores: some tests wait for a browser, OBS or a clock
    return min(cores + 1, MOST_WORKERS) if folders and cores > 1 else 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ordinary diffusers folder with random weights."""
    from tiny import save_tiny_model

    return save_tiny_model(tmp_path_factory.mktemp("tiny"))
