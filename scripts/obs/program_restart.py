"""The page's picture in OBS after the program was started again while another scene was on air.

    python scripts/obs/program_restart.py --tries 4

Runs a real OBS and the real program (`run --obs`, embedded model, drawn presenter): the program stops, OBS goes to
another scene for six seconds, the program starts, and OBS goes back. Counts the seconds from then until the source has
a picture, and until the program is live. Prints a line for each try and JSON on the last line.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from streamv2v_cam.obs.errors import ObsError
from streamv2v_cam.obs.host import HostLink
from streamv2v_cam.obs.picture import is_dead
from streamv2v_cam.obs.process import server_address, token_of
from streamv2v_cam.obs.session import ObsAddress, ObsSession
from streamv2v_cam.settings import load_settings

from obs.headless import HeadlessObs, free_port

AWAY_S = 6.0
LIMIT_S = 90.0


def main() -> None:
    """Play it and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=4)
    tries = parser.parse_args().tries
    with tempfile.TemporaryDirectory() as name, HeadlessObs(Path(name), scenes=("Main", "Other")) as obs:
        results = play(Path(name), obs, tries)
    print(json.dumps({"tries": results}))


def play(folder: Path, obs: HeadlessObs, tries: int) -> list[dict[str, Any]]:
    """Each try's figures: seconds to a picture in OBS, and to a live program, from the moment OBS goes back."""
    path, secret = folder / "settings.toml", folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(obs.password)
    path.write_text(
        f'[control]\nport = {free_port()}\n[publish]\nsinks = "null"\n'
        f'[obs]\nport = {obs.port}\npassword_file = "{secret}"\n[engine]\nacceleration = "none"\n'
    )
    environment = os.environ | {"STREAMV2V_CONFIG": str(path)}
    settings = load_settings({}, path)
    link = HostLink(server_address(settings), token_of(settings))
    session = ObsSession(ObsAddress("127.0.0.1", obs.port, obs.password))
    program = begin(environment)
    results: list[dict[str, Any]] = []
    try:
        wait(lambda: is_live(link))
        command = [sys.executable, "-m", "streamv2v_cam", "obs", "setup", "--picture", "stream"]
        subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait(lambda: not is_dead(session, "Main"))
        for number in range(1, tries + 1):
            end(program)
            session.request("SetCurrentProgramScene", sceneName="Other")
            time.sleep(AWAY_S)
            program = begin(environment)
            wait(lambda: answers(link))
            session.request("SetCurrentProgramScene", sceneName="Main")
            began_s = time.monotonic()
            # a source that is about to notice the end of its old stream still has its old size
            time.sleep(0.3)
            dead_first = is_dead(session, "Main")
            live_s: float | None = None
            shown_s: float | None = None
            while (now_s := time.monotonic() - began_s) < LIMIT_S and None in (live_s, shown_s):
                if live_s is None and is_live(link):
                    live_s = round(now_s, 1)
                if shown_s is None and not is_dead(session, "Main"):
                    shown_s = round(now_s, 1)
                time.sleep(0.1)
            results.append({"try": number, "dead_first": dead_first, "shown_s": shown_s, "live_s": live_s})
            print(results[-1], flush=True)
    finally:
        end(program)
        session.close()
    return results


def begin(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """The program, with its OBS process."""
    command = [sys.executable, "-m", "streamv2v_cam", "run", "--obs", "-i", "presenter", "--no-open"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(program: subprocess.Popen[bytes]) -> None:
    """End the program as Ctrl-C does."""
    if program.poll() is None:
        program.send_signal(signal.SIGINT)
        try:
            program.wait(30)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def answers(link: HostLink) -> bool:
    """Whether the program's API answers."""
    try:
        link.get("/api/stream")
    except ObsError:
        return False
    return True


def is_live(link: HostLink) -> bool:
    """Whether the program's look is on air."""
    try:
        return link.get("/api/state")["air"]["state"] == "live"
    except ObsError:
        return False


def wait(there: Callable[[], bool]) -> None:
    """Until it is there.

    Raises:
        TimeoutError: not within the limit.
    """
    until_s = time.monotonic() + LIMIT_S
    while not there():
        if time.monotonic() > until_s:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
