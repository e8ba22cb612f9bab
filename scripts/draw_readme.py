"""Draw the pictures of README.md that show the model: a person in seven looks, what moves, and the dock.

    python scripts/draw_readme.py hero CLIP      # writes docs/images/hero.jpg
    python scripts/draw_readme.py motion CLIP    # writes docs/images/motion.jpg
    python scripts/draw_readme.py dock           # writes docs/images/dock.jpg; needs Chromium and Playwright

Run all after a change of the embedded model or of its looks, the last after `draw_samples.py`. The clip shows a
person the model never saw, and its licence lets pictures of it be shown. Each takes about a minute on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from training.held_out import frames_of

if TYPE_CHECKING:
    from streamv2v_cam.looks import Look

    from streamv2v import Controls, StreamV2V

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
QUALITY = 85
CELL = (480, 270)
"""Of the first picture, width and height, px."""
COLUMNS = 4
SHOWN = 7
"""So many looks stand beside the camera's own picture, the first ones unless others are named."""
FRAMES = 8
"""So many frames lead up to the moment that is shown: the slots are full and the bank has settled."""
RATE, FPS, LED = 5.0, 30.0, 60
"""Pictures a second of the engine that is slow and of the camera, and how many of the camera's it is shown."""
FONT = cv2.FONT_HERSHEY_SIMPLEX
TITLE = 24
"""Height of a title, px."""
DOCK = {"width": 360, "height": 700}
LIMIT_S = 240.0
SETTLE_S = 5.0
SETTINGS = {
    "capture.source": "presenter",
    "publish.sinks": "null",
    "control.port": 0,
    "control.open_browser": "never",
    "engine.spare": False,
}


def hero(clip: Path, to: Path, *, moment: float, top: float, names: list[str]) -> None:
    """The camera's picture and `SHOWN` looks at one moment of a clip, as viewers see them, in rows of four.

    Args:
        clip: a video file.
        to: picture file to write.
        moment: where in the clip, 0..1.
        top: which rows are kept of a clip of another shape, 0 (the uppermost) to 1.
        names: of the looks; empty for the first ones.

    Raises:
        ValueError: the clip cannot be read, or the picture not written.
        StreamV2VError, LookError: the model or a look that is not there.
    """
    from streamv2v_cam.publish.motion.reprojector import Reprojector
    from streamv2v_cam.system.shrinking import shrunk

    frames = frames_up_to(clip, moment, top)
    cells = [titled(cv2.resize(frames[-1], CELL, interpolation=cv2.INTER_CUBIC), "as filmed")]
    with embedded_engine() as engine:
        small = [shrunk(frame, engine.config.width, engine.config.height) for frame in frames]
        for look in known_looks(names):
            controls = look_controls(look)
            engine.reset()
            drawn = list(engine.translate(small, controls))[-1]
            on_air = Reprojector(width=CELL[0], height=CELL[1])
            on_air.arrived(drawn, frames[-1])
            seen = on_air.picture(frames[-1], detail=controls.detail, borrow=controls.borrow, now_s=0.0)
            cells.append(titled(seen, look.title))
            print(look.name, flush=True)
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % COLUMNS)
    write(to, np.vstack([np.hstack(cells[row : row + COLUMNS]) for row in range(0, len(cells), COLUMNS)]))


def motion(clip: Path, to: Path, *, moment: float, top: float, names: list[str]) -> None:
    """Two moments of much motion, as filmed and as an engine of `RATE` shows them: held, moved, every frame drawn.

    Args:
        moment: where in the clip the frames end that are looked at, 0..1.
        names: the look, the first one unless given; the rest as of `hero`.

    Raises:
        ValueError: the clip cannot be read or is too short, or the picture not written.
        StreamV2VError, LookError: the model or a look that is not there.
    """
    from evaluation.reprojection.imitation import EnginePace, imitate
    from evaluation.reprojection.sheet import moments
    from streamv2v_cam.system.shrinking import shrunk

    frames = frames_up_to(clip, moment, top, most=LED)
    with embedded_engine() as engine:
        controls = look_controls(known_looks(names)[0])
        config = engine.config
        styled = list(engine.translate([shrunk(frame, config.width, config.height) for frame in frames], controls))
    frames = [cv2.resize(frame, CELL, interpolation=cv2.INTER_AREA) for frame in frames]
    ways = {"held": "hold", "moved": "reproject+borrow"}
    seen = {
        f"{title} ({RATE:g} a second)": imitate(
            frames, styled, FPS, EnginePace(RATE), way, size=CELL, detail=controls.detail
        )
        for title, way in ways.items()
    }
    first = next(iter(seen.values())).first
    rows = []
    for number in moments(frames, first, most=2):
        row = {"as filmed": frames[number]} | {title: shown.pictures[number - first] for title, shown in seen.items()}
        row["every frame drawn"] = cv2.resize(styled[number], CELL, interpolation=cv2.INTER_CUBIC)
        rows.append(np.hstack([titled(picture, title) for title, picture in row.items()]))
    write(to, np.vstack(rows))


def known_looks(names: list[str]) -> list[Look]:
    """The looks of these names, or the first `SHOWN`.

    Raises:
        LookError: one of them is not there.
    """
    from streamv2v_cam.looks import load_looks

    looks = load_looks("embedded")
    return [looks.get(name) for name in names or looks.names[:SHOWN]]


def look_controls(look: Look) -> Controls:
    """The controls of a look as it is when it has stood for a while."""
    from streamv2v import Controls
    from streamv2v.config import BEST_CONTROLS

    return Controls().patched({**BEST_CONTROLS, **look.patch(), "transition_s": 0.0})


def embedded_engine() -> StreamV2V:
    """An engine as the program sets it up for the model that ships."""
    from streamv2v_cam.settings.loading import EMBEDDED_SLOTS
    from streamv2v_cam.sizes import EMBEDDED_SIZE

    from streamv2v import StreamConfig, StreamV2V
    from streamv2v.config import BankConfig

    width, height = EMBEDDED_SIZE
    bank = BankConfig.best()
    return StreamV2V.from_pretrained(
        StreamConfig(width=width, height=height, slots=EMBEDDED_SLOTS, bank=bank, acceleration="none")
    )


def titled(picture: np.ndarray, title: str) -> np.ndarray:
    """A copy with a title in its lower left corner, white on black."""
    width, out = cv2.getTextSize(title, FONT, 0.55, 1)[0][0], picture.copy()
    out[-TITLE:, : width + 12] = 0
    cv2.putText(out, title, (6, picture.shape[0] - 8), FONT, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    return out


def frames_up_to(clip: Path, moment: float, top: float, *, most: int = FRAMES) -> list[np.ndarray]:
    """The last frames up to a moment of a clip, cut to the shape of `CELL`, RGB uint8 [H, W, 3] each.

    Raises:
        ValueError: no frame came out of it.
    """
    frames = frames_of(clip)
    last = round(moment * (len(frames) - 1))
    height, width = frames[0].shape[:2]
    high = min(height, round(width * CELL[1] / CELL[0]))
    wide = min(width, round(height * CELL[0] / CELL[1]))
    first, left = round((height - high) * top), (width - wide) // 2
    chosen = frames[max(0, last + 1 - most) : last + 1]
    return [np.ascontiguousarray(frame[first : first + high, left : left + wide]) for frame in chosen]


def write(to: Path, picture: np.ndarray) -> None:
    """An RGB picture as a JPEG.

    Raises:
        ValueError: it cannot be written.
    """
    if not cv2.imwrite(str(to), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
        raise ValueError(f"the picture could not be written: {to}")
    print(f"wrote {to}: {picture.shape[1]}x{picture.shape[0]}")


def dock(to: Path) -> None:
    """The first screen of the dock while the program draws the presenter.

    Raises:
        ValueError: there is no browser.
    """
    from playwright.sync_api import sync_playwright
    from streamv2v_cam.run.app import App
    from streamv2v_cam.settings import load_settings

    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise ValueError("no Chromium or Chrome is installed here: the picture of the dock is made with one")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as play:
        os.environ["STREAMV2V_CONFIG"] = str(Path(place) / "settings.toml")
        app = App(load_settings(SETTINGS, None))
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        try:
            app.start()
            page = chromium.new_page(viewport=DOCK, color_scheme="dark")  # type: ignore[arg-type]
            page.set_default_timeout(LIMIT_S * 1000)
            page.goto(app.panel.server.dock_address)
            page.click("#welcome-skip")
            page.mouse.move(0, 0)  # nothing is lit because the mouse happens to be over it
            page.wait_for_selector("#state:text('live')")
            page.wait_for_function("[...document.querySelectorAll('#looks canvas')].every((c) => c.dataset.drawn)")
            time.sleep(SETTLE_S)  # the picture is that of a bank that has filled
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=str(to), type="jpeg", quality=QUALITY)
        finally:
            app.stop()
            chromium.close()
    print(f"wrote {to}")


OF_A_CLIP = {"hero": (hero, 0.5), "motion": (motion, 1.0)}
"""How each is drawn, and up to which moment of the clip unless told."""


def main(arguments: list[str]) -> int:
    """Draw one of them; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="picture", required=True)
    for name, (_, ends) in OF_A_CLIP.items():
        kind = kinds.add_parser(name)
        kind.add_argument("clip", type=Path, help="a video of a person before a webcam")
        kind.add_argument("--moment", type=float, default=ends, help="where in the clip, 0 to 1")
        kind.add_argument("--top", type=float, default=0.5, help="which rows are kept, 0 (the uppermost) to 1")
        kind.add_argument("--looks", nargs="+", default=[], help="names of looks; the first ones unless given")
    kinds.add_parser("dock")
    for kind in kinds.choices.values():
        kind.add_argument("--to", type=Path, help="picture file; the one of README.md unless given")
    asked = parser.parse_args(arguments)
    to = asked.to or IMAGES / f"{asked.picture}.jpg"
    from streamv2v_cam.errors import CamError

    from streamv2v import StreamV2VError

    try:
        if asked.picture in OF_A_CLIP:
            draw, _ = OF_A_CLIP[asked.picture]
            moment, top = (min(1.0, max(0.0, share)) for share in (asked.moment, asked.top))
            draw(asked.clip, to, moment=moment, top=top, names=asked.looks)
        else:
            dock(to)
    except (ValueError, CamError, StreamV2VError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
