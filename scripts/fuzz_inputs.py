"""Does every broken input end in a result or in one clear line?

    python scripts/fuzz_inputs.py --clips 500 --settings 500 --weights 200 --prompts 2000 --seed 1

Clips (five containers with sound, and moving WebP, GIF and PNG) are cut short, get bytes flipped and pieces exchanged,
and go through reader and writer of `translate`, pictures unchanged; settings files are mutated in the same ways and
loaded. Of a tiny model made here the weights of U-Net and text encoder, LoRAs of several kinds and a VAE in one file
are mutated, table and numbers alike, looked at as the host does, loaded and asked for a picture. Prompts made of signs
and words at random are read and counted.
A table for people, then JSON on the last line; exit code 1 if anything ended in an error that is no line for a person,
hung, or left a half file. What the same seed does is the same.
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
from pathlib import Path
from typing import Any

from fuzzing.mutations import mutated, mutated_weights
from fuzzing.samples import clip, moving, tiny_model
from streamv2v_cam.errors import CamError
from streamv2v_cam.promptnotes import PromptNotes
from streamv2v_cam.settings import load_settings
from streamv2v_cam.settings.file import commented_file
from streamv2v_cam.translate.reader import ClipReader
from streamv2v_cam.translate.writer import ClipWriter, PictureFormat

from streamv2v.config import EMBEDDED_FOLDER, Lora, StreamConfig
from streamv2v.errors import StreamV2VError
from streamv2v.models.checks import check_config
from streamv2v.prompts.reading import PromptReader, TextModel

ENDINGS = (".mp4", ".mkv", ".ts", ".avi", ".flv")
MOVING = (".webp", ".gif", ".png")
LONGEST_S = 30.0
WORDS = (":1.3)", ":-.5)", ":1e9)", "BREAK", " AND ", "<lora:x:0.8>", "<lora:", "ink", "oil painting")
PIECES = [*"()[]<>:\\|,.\"' ", *WORDS]
"""What prompts are made of, besides letters of any script."""


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


def draws(config: StreamConfig) -> None:
    """Look at what is asked for, load it, draw a picture."""
    import numpy as np

    from streamv2v import StreamV2V, load_components

    check_config(config)
    with StreamV2V(config, load_components(config)) as engine:
        engine.warm_up()
        engine(np.full((64, 64, 3), 90, np.uint8))


def weights(count: int, chance: random.Random, folder: Path, wrong: list[str]) -> Counter[str]:
    """Outcomes of `count` mutated weight files."""
    seen: Counter[str] = Counter()
    if not count:
        return seen
    files = tiny_model(folder / "model")
    whole = {what: path.read_bytes() for what, path in files.items()}
    model = {"model": str(folder / "model"), "width": 64, "height": 64, "device": "cpu", "acceleration": "none"}
    for number in range(-len(files), count):
        # first each file as it was made, which has to draw: a refusal of everything would prove nothing
        what = tuple(files)[number] if number < 0 else chance.choice(tuple(files))
        files[what].write_bytes(mutated_weights(whole[what], chance) if number >= 0 else whole[what])
        beside: dict[str, Any] = {"vae": str(files["vae"])} if what == "vae" else {}
        beside |= {"loras": (Lora(str(files[what])),)} if what in ("lora", "lycoris") else {}
        config = StreamConfig(**model, **beside, slots=1, offline=True)
        kind, words = outcome(lambda config=config: draws(config))
        files[what].write_bytes(whole[what])
        seen[kind] += number >= 0
        if kind not in ("result", "one line")[: 1 if number < 0 else 2]:
            wrong.append(f"weights {number} ({what}): {kind}: {words}")
    return seen


def outcome(work: Callable[[], Any]) -> tuple[str, str]:
    """ "result", "one line", or what is wrong, with its words."""
    began_s = time.monotonic()
    try:
        work()
        found = "result", ""
    except (CamError, StreamV2VError) as refusal:
        found = ("a line of several", str(refusal)) if "\n" in str(refusal).strip() else ("one line", "")
    except Exception as error:
        found = "raw error", f"{type(error).__name__}: {error}"
    return found if time.monotonic() - began_s < LONGEST_S else ("too long", "")


def clips(count: int, chance: random.Random, folder: Path, wrong: list[str]) -> Counter[str]:
    """Outcomes of `count` mutated clips."""
    seen: Counter[str] = Counter()
    whole = {ending: clip(folder / f"whole{ending}") for ending in ENDINGS}
    whole |= {ending: moving(folder / f"whole{ending}") for ending in MOVING}
    for number in range(count):
        ending = chance.choice(tuple(whole))
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


def prompts(count: int, chance: random.Random, wrong: list[str]) -> Counter[str]:
    """Outcomes of `count` prompts made of signs and words at random, read and counted for the embedded model."""
    seen: Counter[str] = Counter()
    folder = EMBEDDED_FOLDER / "tokenizer"
    ids = json.loads((folder / "vocab.json").read_text("utf-8"))
    begin, end = ids["<|startoftext|>"], ids["<|endoftext|>"]
    written = (folder / "tokenizer.json").read_text("utf-8")
    model = TextModel(written, begin, end, end, 32, {"ink": (len(ids), len(ids) + 1)})
    notes = PromptNotes(text_model=lambda: model)
    reader = PromptReader(model)
    for number in range(count):
        letters = [chr(chance.choice((chance.randrange(32, 127), chance.randrange(0x3000, 0xD000)))) for _ in range(4)]
        text = "".join(chance.choice(PIECES + letters) for _ in range(chance.choice((3, 30, 400))))

        def work(text: str = text) -> None:
            reading = reader.read(text)
            assert all(len(reader.model.padded(chunk)[0]) == 32 for chunk in reading.chunks)
            assert all("\n" not in line for line in notes.told(text)["remarks"])

        kind, words = outcome(work)
        seen[kind] += 1
        if kind != "result":
            wrong.append(f"prompt {number} {text[:60]!r}: {kind}: {words}")
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--settings", type=int, default=500)
    parser.add_argument("--weights", type=int, default=200)
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {
            "clips": clips(asked.clips, random.Random(asked.seed), folder, wrong),
            "settings": settings(asked.settings, random.Random(asked.seed), folder, wrong),
            "weights": weights(asked.weights, random.Random(asked.seed), folder, wrong),
            "prompts": prompts(asked.prompts, random.Random(asked.seed), wrong),
        }
    for what, seen in found.items():
        print(f"{what:10}", ", ".join(f"{count} {kind}" for kind, count in seen.most_common()))
    for line in wrong:
        print(" ", line[:200])
    print(json.dumps({what: dict(seen) for what, seen in found.items()} | {"seed": asked.seed, "wrong": len(wrong)}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
