"""Is the picture steady, and at what price? The temporal bench, for any clips, model and settings of the bank.

    python scripts/evaluate.py CLIP... --settings main --prompts "pencil sketch" cartoon --out RESULTS
    python scripts/evaluate.py CLIP... --settings off paper --setting "calm: bank.kind=paper, feedback=0.5"
    python scripts/evaluate.py motion CLIP... --cache STYLED --out SHEETS

For each setting, clip and prompt: warp error along the source's own motion, flicker of what stands still, the ghost of
a hand that crossed, frames to settle after a change of prompt, agreement with the input and sharpness; long-run drift
and CLIP figures where asked for. docs/temporal-bench.md says what each figure is. A table for people, JSON on the last
line; with --out also results.json, results.md, side-by-side pictures and curves, and a run that was stopped goes on.
"motion" imitates a live run with a slow engine: its pictures held, or moved with the camera (docs/reprojection.md).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

# as in the engine process: threads that spin at barriers starve each other on a busy machine
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "5000")

if TYPE_CHECKING:
    from evaluation.bench import ClipResults, Order
    from evaluation.cells import Cell


def main(argv: list[str] | None = None) -> None:
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["motion"]:
        from evaluation.reprojection.command import main as motion

        motion(words[1:])
        return
    arguments = parse(argv)
    from evaluation.table import report, tables

    from streamv2v import StreamV2VError

    try:
        cells, facts = measure(arguments)
    except (StreamV2VError, ValueError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    summary = {title: {"columns": [c.path for c in columns], "rows": rows} for title, columns, rows in tables(cells)}
    record = {"asked": {name: value for name, value in vars(arguments).items() if name != "out"}, **facts}
    record |= {"summary": summary, "results": cells}
    if arguments.out:
        write(arguments.out, record, report(cells, markdown=True))
    print("\n" + report(cells, markdown=False))
    print(json.dumps(record | {"results": [without_curves(cell) for cell in cells]}))


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("clips", nargs="+")
    add("--settings", nargs="*", help="groups main (if none is named), paper-ablation, weights, beyond; or names")
    add("--setting", action="append", default=[], help='a free one: "name: bank.kind=paper, feedback=0.5"')
    add("--prompts", nargs="+", default=["pencil sketch", "cartoon", "watercolour"])
    add("--old-prompt", default="neon", help="the prompt before the change that has to settle")
    add("--model", default="embedded", help="embedded, a diffusers folder, a file or a hub id")
    add("--vae", help="another VAE: a folder or a hub id")
    add("--device", default="auto")
    add("--dtype", default="auto")
    add("--slots", type=int, default=2)
    add("--strength", type=float, default=0.5)
    add("--size", type=int, default=65536, help="about how many pixels the engine's picture has")
    add("--frames", type=int, default=40, help="at most so many frames of each clip")
    add("--still-frames", type=int, default=40, help="length of the held scenes")
    add("--grain", type=float, default=4.0, help="independent noise on held scenes, grey levels")
    add("--blotches", type=float, default=2.0, help="smooth noise on held scenes, grey levels")
    add("--jpeg", type=int, default=0, help="quality of a JPEG that held scenes pass, 1..100; 0 leaves it out")
    add("--seed", type=int, default=0, help="of the noise on held scenes")
    add("--measures", nargs="+", help="of warp, still, ghost, settle, fidelity; all unless named")
    add("--drift-minutes", type=float, default=0.0, help="length of the looped long run; 0 leaves it out")
    add("--raft", metavar="FILE", help="weights of torchvision's raft_large, instead of DIS flow")
    add("--clip", metavar="FOLDER", help="a transformers CLIPModel, for frame consistency and text agreement")
    add("--show", type=int, nargs="+", default=[], help="frames on the sheets; three unless named")
    add("--out", type=Path, metavar="FOLDER", help="results, pictures, and finished cells to go on from")
    return parser.parse_args(argv)


def order_of(arguments: argparse.Namespace) -> Order:
    from evaluation.bench import Order
    from evaluation.cells import MEASURES, Ask
    from evaluation.settings import choose
    from evaluation.still import Noise

    named = arguments.settings
    if named is None:
        named = ["off", "paper"] if arguments.setting else ["main"]
    return Order(
        clips=arguments.clips,
        settings=choose(named, arguments.setting),
        prompts=arguments.prompts,
        ask=Ask(
            strength=arguments.strength,
            measures=tuple(arguments.measures or MEASURES),
            old_prompt=arguments.old_prompt,
            drift_minutes=arguments.drift_minutes,
            show=tuple(arguments.show),
        ),
        noise=Noise(arguments.grain, arguments.blotches, arguments.jpeg, arguments.seed),
        pixels=arguments.size,
        frames=arguments.frames,
        still_frames=arguments.still_frames,
        flow_files=(arguments.raft,) if arguments.raft else (),
        clip_folder=arguments.clip,
    )


def measure(arguments: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The figures of all cells, and what the engines ran on."""
    order = order_of(arguments)
    from evaluation.bench import run
    from evaluation.flow import dis, raft
    from evaluation.store import Store
    from evaluation.streams import Engines

    from streamv2v import StreamConfig

    base = StreamConfig(
        model=arguments.model, vae=arguments.vae, slots=arguments.slots, device=arguments.device, dtype=arguments.dtype
    )
    with Engines(base) as engines:
        flow = raft(arguments.raft, str(engines.components.unet.device)) if arguments.raft else dis
        cells: list[dict[str, Any]] = []
        for result in run(order, engines, Store(arguments.out), flow, say):
            cells += [cell.figures for cell in result.cells]
            if arguments.out:
                draw(arguments.out, result)
        return cells, {"engine": engines.components.facts}


def say(place: str, cell: Cell, fresh: bool) -> None:
    """One line for each cell, so that a long run shows that it lives."""
    print(f"{place}  {cell.figures['seconds']:.1f} s" if fresh else f"{place}  (measured before)", flush=True)


def draw(folder: Path, result: ClipResults) -> None:
    """Sheets and curves of one clip, a set for each prompt."""
    from evaluation.pictures import plot, save, sheets

    frames, clip = result.scene.clip.frames, result.scene.clip.name
    for number, prompt in enumerate(dict.fromkeys(cell.figures["prompt"] for cell in result.cells)):
        own = [cell for cell in result.cells if cell.figures["prompt"] == prompt]
        name = f"{clip}-{number}-{''.join(c if c.isalnum() else '-' for c in prompt.lower())[:40]}"
        source = {shown: (frames[shown], frames[shown - 1]) for shown in own[0].pictures}
        columns = {"source": source} | {cell.figures["setting"]: cell.pictures for cell in own}
        for page, sheet in enumerate(sheets(columns) if source else []):
            save(folder / f"{name}-sheet-{page}.png", sheet)
        curves = {"source": [error.l1 for error in result.scene.errors]}
        curves |= {cell.figures["setting"]: cell.figures.get("warp", {}).get("per_frame", []) for cell in own}
        if "warp" in own[0].figures:
            save(folder / f"{name}-warp.png", plot(f"warp error, grey levels: {clip}, {prompt}", curves, first=1))
        ghosts = {cell.figures["setting"]: cell.figures.get("ghost", {}).get("per_frame", []) for cell in own}
        if "ghost" in own[0].figures:
            save(folder / f"{name}-ghost.png", plot(f"ghost after the hand has left: {clip}, {prompt}", ghosts))


def write(folder: Path, record: dict[str, Any], tables: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(record, indent=1), "utf-8")
    (folder / "results.md").write_text(tables, "utf-8")


def without_curves(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures without their values frame by frame, for one line of JSON."""
    return {
        name: without_curves(value) if isinstance(value, dict) else value
        for name, value in figures.items()
        if name != "per_frame"
    }


if __name__ == "__main__":
    main()
