"""Does every broken input end in a result or in one clear line?

    python scripts/fuzz_inputs.py --clips 500 --settings 500 --seed 1

Clips (five containers, with sound) are cut short, get bytes flipped and pieces exchanged, and go through reader and
writer of `translate`, pictures unchanged; settings files are mutated in the same ways and loaded. A table for people,
then JSON on the last line; exit code 1 if anything ended in an error that is no line for a person, hung, or left a
half file. What the same seed does is the same.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from streamv2v_cam.errors import CamError
from streamv2v_cam.settings import load_settings
from streamv2v_cam.settings.file import commented_file
from streamv2v_cam.translate.reader import ClipReader
from streamv2v_cam.translate.writer import ClipWriter, PictureFormat

ENDINGS = (".mp4", ".mkv", ".ts", ".avi", ".flv")
LONGEST_S = 30.0


def clip(path: Path) -> bytes:
    """A second of moving squares with a tone, in the container that the name says."""
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        sound: Any = container.add_stream("aac", rate=44100, layout="mono")
        for number in range(15):
            picture = np.full((48, 64, 3), 40, np.uint8)
            picture[10:30, 2 * number : 2 * number + 20] = 220
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 15)
            container.mux(stream.encode(frame))
        wave = (np.sin(np.arange(44100) / 16) * 9000).astype(np.int16).reshape(1, -1)
        tone = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
        tone.sample_rate = 44100
        container.mux(sound.encode(tone))
        container.mux(sound.encode(None))
        container.mux(stream.encode(None))
    return path.read_bytes()


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """The bytes cut, flipped, exchanged or doubled in places."""
    data = bytearray(raw)
    kind = chance.randrange(4)
    if kind == 0:
        return bytes(data[: chance.randrange(len(data))])
    for _ in range(chance.choice((1, 4, 32)) if kind == 1 else 0):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    if kind >= 2:
        size = chance.randrange(1, max(2, len(data) // 8))
        first, second = (chance.randrange(max(1, len(data) - size)) for _ in range(2))
        piece = data[first : first + size]
        if kind == 2:
            data[first : first + size], data[second : second + size] = data[second : second + size], piece
        else:
            data[second:second] = piece
    return bytes(data)


def through(source: Path, target: Path) -> None:
    """A clip through reader and writer, pictures as they are."""
    with ClipReader(str(source)) as reader:
        size = reader.width + reader.width % 2, reader.height + reader.height % 2
        picture = PictureFormat(*size, reader.sample_aspect, reader.time_base, reader.rate, 1, 1, 1)
        around = (reader.container, reader.subtitles)
        with ClipWriter(str(target), picture, reader.audio, surroundings=around, replace=True) as writer:
            for timed in reader.frames(on_other=writer.other):
                pixels = timed.item.repeat(1 + size[0] % 2, axis=0)[: size[1]]
                if pixels.shape[:2] == (size[1], size[0]):
                    writer.write(pixels, pts=timed.pts, duration=timed.duration)


def outcome(work: Callable[[], Any]) -> tuple[str, str]:
    """ "result", "one line", or what is wrong, with its words."""
    began_s = time.monotonic()
    try:
        work()
        found = "result", ""
    except CamError as refusal:
        found = ("a line of several", str(refusal)) if "\n" in str(refusal).strip() else ("one line", "")
    except Exception as error:
        found = "raw error", f"{type(error).__name__}: {error}"
    return found if time.monotonic() - began_s < LONGEST_S else ("too long", "")


def clips(count: int, chance: random.Random, folder: Path, wrong: list[str]) -> Counter[str]:
    """Outcomes of `count` mutated clips."""
    seen: Counter[str] = Counter()
    whole = {ending: clip(folder / f"whole{ending}") for ending in ENDINGS}
    for number in range(count):
        ending = chance.choice(ENDINGS)
        source, target = folder / f"in{ending}", folder / f"out{chance.choice(ENDINGS[:4])}"
        source.write_bytes(mutated(whole[ending], chance))
        kind, words = outcome(lambda source=source, target=target: through(source, target))
        left = [path.name for path in folder.iterdir() if path.suffix == ".part"]
        if left or (kind != "result" and target.exists()):
            kind, words = "half file", str(left)
        target.unlink(missing_ok=True)
        seen[kind] += 1
        if kind not in ("result", "one line"):
            wrong.append(f"clip {number} ({ending}): {kind}: {words}")
    return seen


def settings(count: int, chance: random.Random, folder: Path, wrong: list[str]) -> Counter[str]:
    """Outcomes of `count` mutated settings files."""
    seen: Counter[str] = Counter()
    text = commented_file()
    for number in range(count):
        lines = [
            line[2:] if line.startswith("# ") and " = " in line and chance.random() < 0.05 else line
            for line in text.splitlines()
        ]
        raw = mutated("\n".join(lines).encode(chance.choice(("utf-8", "utf-8-sig", "utf-16"))), chance)
        path = folder / "settings.toml"
        path.write_bytes(raw)
        kind, words = outcome(lambda path=path: load_settings({}, path))
        seen[kind] += 1
        if kind not in ("result", "one line"):
            wrong.append(f"settings {number}: {kind}: {words}")
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--settings", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {
            "clips": clips(asked.clips, random.Random(asked.seed), folder, wrong),
            "settings": settings(asked.settings, random.Random(asked.seed), folder, wrong),
        }
    for what, seen in found.items():
        print(f"{what:10}", ", ".join(f"{count} {kind}" for kind, count in seen.most_common()))
    for line in wrong:
        print(" ", line[:200])
    print(json.dumps({what: dict(seen) for what, seen in found.items()} | {"seed": asked.seed, "wrong": len(wrong)}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
