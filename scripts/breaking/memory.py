"""Too little memory, for a start and for a running engine; and a model's folder that goes away.

Memory is made little by a control group of Linux, which only root may make: of version 1 or 2, as the machine has it.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from streamv2v.models.hub import EMBEDDED_FOLDER

from .program import Program, live
from .rooms import Room
from .watching import NotSo, Row, wait, watch

MIB = 1 << 20
ROOMY_BYTES, LITTLE_BYTES = 2048 * MIB, 900 * MIB
"""For a whole program: more than host and engine of the embedded model take; less than they would."""
GROUPS = Path("/sys/fs/cgroup")
AWAY_S, LEAVING_S = 8.0, 10.0
EATER = "import sys, time; held = []\nwhile True: held.append(bytearray(b'x' * (8 << 20))); time.sleep(0.02)"
FIRST_TO_GO = "900"


class Group:
    """A control group with a limit of memory, removed at its end.

    Args:
        limit_bytes: for all its processes together.

    Raises:
        NotSo: this machine, or this user, has none.
    """

    def __init__(self, limit_bytes: int) -> None:
        first = (GROUPS / "memory").is_dir()
        try:
            self.path = Path(tempfile.mkdtemp(prefix="streamv2v-faults-", dir=GROUPS / "memory" if first else GROUPS))
            self._entrance = self.path / "cgroup.procs"
            (self.path / ("memory.limit_in_bytes" if first else "memory.max")).write_text(str(limit_bytes))
        except OSError as error:
            raise NotSo(f"no control group of memory can be made here: {error.strerror}") from None

    def __enter__(self) -> Group:
        return self

    def __exit__(self, *_: object) -> None:
        # a process that was ended is in there for a moment still
        with contextlib.suppress(OSError, NotSo):
            wait(lambda: not self._entrance.read_text(), "the group empty", limit_s=LEAVING_S)
            self.path.rmdir()

    @property
    def before(self) -> list[str]:
        """What is put before a command line, so that it runs inside."""
        return ["sh", "-c", f'echo $$ > "{self._entrance}" && exec "$@"', "sh"]


def little(folder: Path) -> Row:
    """The program is started where there is too little memory for the engine that was asked for."""
    settings = '[engine]\nacceleration = "none"\nwidth = 1024\nheight = 576\n'
    with (
        Group(LITTLE_BYTES) as group,
        Program(folder, "--no-preview", before=group.before, settings=settings) as program,
    ):
        took_s = program.until_live()
        look = program.look()
        row = Row("little memory at the start", on_air="starting > live", said=look.reason)
        row.again_s, row.late = round(took_s, 1), look.late
        row.note = f"{LITTLE_BYTES // MIB} MB for all, an engine of 1024x576 wanted; seconds from the start"
        row.wrong = "" if look.reason else "nothing is said of what runs instead"
        return row


def kernel(folder: Path) -> Row:
    """Another program takes all memory until the kernel ends the engine; it goes away once that is noticed."""
    eaters: list[subprocess.Popen[bytes]] = []
    with Group(ROOMY_BYTES) as group, live(folder, "--no-preview", before=group.before) as program:

        def eat() -> None:
            # of the two the kernel would end the one that eats, which proves nothing
            Path(f"/proc/{program.engine().pid}/oom_score_adj").write_text(FIRST_TO_GO)
            eaters.append(subprocess.Popen([*group.before, sys.executable, "-c", EATER]))

        try:
            return watch(program, "memory runs out, the kernel ends the engine", eat, mend=lambda: eaters[0].kill())
        finally:
            for eater in eaters:
                eater.kill()
                eater.wait()


def model_gone(folder: Path) -> Row:
    """The model's folder is taken away, the engine killed, and the folder is back some seconds later."""
    model = folder / "model"
    shutil.copytree(EMBEDDED_FOLDER, model)
    # without a spare, which would have the model loaded
    settings = f'[engine]\nacceleration = "none"\nwanted_fps = 0\nspare = false\nmodel = "{model}"\n'
    with live(folder / "program", "--no-preview", settings=settings) as program:

        def take() -> None:
            away = model.rename(model.with_name("away"))
            program.engine().kill()
            threading.Timer(AWAY_S, lambda: away.rename(model)).start()

        row = watch(
            program,
            f"model's folder gone for {AWAY_S:g} s, engine killed",
            take,
            words=lambda look: look.reason if "model" in look.reason else "",
        )
        row.wrong = "" if row.said else "the folder is not named"
        return row


ROOM = Room("memory", None, {"memory-start": little, "memory-kernel": kernel, "model-gone": model_gone})
