"""Draw a look on a part of the picture of some clips, and measure what that costs.

    python scripts/regions.py CLIP... --to regions.png
    python scripts/regions.py CLIP --look comic --every 6

Each clip gets a row of the sheet for every region, with moments of the clip in its columns. The engine draws each
`--every`-th frame, the picture is moved between, and somebody is sought in each `--seek`-th, as on air. Times are
processor time of one thread; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from streamv2v_cam.capture.framing import frame as framed
from streamv2v_cam.frame import Frame, Pixels
from streamv2v_cam.looks import load_looks
from streamv2v_cam.publish.motion import Reprojector
from streamv2v_cam.publish.region import Region
from streamv2v_cam.publish.region.seeking import Found, Seeker
from streamv2v_cam.settings.loading import EMBEDDED_SLOTS
from streamv2v_cam.sizes import EMBEDDED_SIZE
from streamv2v_cam.system.opencv import cv2
from streamv2v_cam.system.shrinking import shrunk

from streamv2v import Controls, StreamConfig, StreamV2V
from streamv2v.config import BEST_CONTROLS, BankConfig

SIZE, RATE = (1280, 720), 30.0
SHOWN = (480, 270)
MOMENTS = (0.3, 0.6, 0.9)
ASKED: dict[str, dict[str, object]] = {
    "behind you": {"region": "background"},
    "on you, the rest blurred": {"region": "person", "outside": "blur"},
    "on you, the rest one colour": {"region": "person", "outside": "colour"},
    "on your face": {"region": "face"},
}


@dataclass
class Costs:
    """Processor time of each step, ms."""

    move: list[float] = field(default_factory=list)
    region: list[float] = field(default_factory=list)
    seek: list[float] = field(default_factory=list)


class Stepped(Seeker):
    """Seeks in the frame it is told to, and not in a thread."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self._kind = ""

    def want(self, kind: str) -> None:
        if kind != self._kind:
            self.found, self._kind = None, kind

    def step(self, frame: Frame) -> Found:
        return self.sought("face" if self._kind == "face" else "person", frame)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("clips", nargs="+", type=Path)
    arguments.add_argument("--to", type=Path, help="the sheet, a PNG")
    arguments.add_argument("--look", default="comic")
    arguments.add_argument("--frames", type=int, default=60)
    arguments.add_argument("--every", type=int, default=4, help="frames from one drawing to the next")
    arguments.add_argument("--seek", type=int, default=6, help="frames from one search to the next")
    asked = arguments.parse_args()
    look = load_looks("embedded").get(asked.look)
    width, height = EMBEDDED_SIZE
    config = StreamConfig(width=width, height=height, slots=EMBEDDED_SLOTS, bank=BankConfig.best())
    rows, told = [], []
    with StreamV2V.from_pretrained(config) as engine:
        controls = Controls(transition_s=0.0).patched({**BEST_CONTROLS, **look.patch()})
        for clip in asked.clips:
            frames = list(read(clip, asked.frames))
            engine.reset()
            sources = [shrunk(frame.pixels, width, height) for frame in frames]
            drawn = {at: engine(sources[at], controls).copy() for at in range(0, len(frames), asked.every)}
            for title, region in ASKED.items():
                shown, costs = played(frames, drawn, controls.patched(region), asked.seek)
                rows.append(np.hstack([cv2.resize(shown[at], SHOWN, interpolation=cv2.INTER_AREA) for at in shown]))
                told.append({"clip": clip.name, "region": title, **medians(costs)})
    if asked.to:
        cv2.imwrite(str(asked.to), np.vstack(rows)[..., ::-1])
    print_table(told)
    print(json.dumps(told))


def read(clip: Path, count: int) -> Iterator[Frame]:
    """The first frames of a clip at the published size."""
    opened = cv2.VideoCapture(str(clip))
    for number in range(count):
        there, picture = opened.read()
        if not there:
            break
        yield Frame(framed(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), *SIZE), number, number / RATE)


def played(
    frames: list[Frame], drawn: dict[int, Pixels], controls: Controls, each: int
) -> tuple[dict[int, Pixels], Costs]:
    """The moments of a clip as on air, and what they cost."""
    costs, shown, seeker = Costs(), {}, Stepped()
    region, motion = Region(lambda: None, seeker=seeker), Reprojector(width=SIZE[0], height=SIZE[1])
    moments = {int(share * (len(frames) - 1)) for share in MOMENTS}
    for at, frame in enumerate(frames):
        if at in drawn:
            motion.arrived(drawn[at], frame.pixels)
        seeker.want("face" if controls.region == "face" else "person")
        if at % each == 0:
            began_s = time.thread_time()
            seeker.found = seeker.step(frame)
            costs.seek.append(time.thread_time() - began_s)
        began_s = time.thread_time()
        look = motion.picture(frame.pixels, now_s=frame.captured_at_s)
        moved_s = time.thread_time()
        picture = region.picture(look, frame, controls, may_borrow=True)
        costs.move.append(moved_s - began_s)
        costs.region.append(time.thread_time() - moved_s)
        if at in moments:
            shown[at] = picture
    return shown, costs


def medians(costs: Costs) -> dict[str, float]:
    return {f"{name}_ms": round(1000 * float(np.median(values)), 2) for name, values in vars(costs).items()}


def print_table(rows: list[dict[str, object]]) -> None:
    print(f"{'clip':36} {'region':28} {'moving':>8} {'region':>8} {'seeking':>8}   ms of a core, median")
    for row in rows:
        figures = " ".join(f"{row[name]:8}" for name in ("move_ms", "region_ms", "seek_ms"))
        print(f"{row['clip']!s:36} {row['region']!s:28} {figures}")


if __name__ == "__main__":
    main()
