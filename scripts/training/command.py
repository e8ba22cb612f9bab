"""The command line of the training."""

from __future__ import annotations

import argparse
from pathlib import Path

STAGES = ("render", "autoencoder", "denoiser", "polish", "decoder", "finish", "export", "check", "sheet")


def parse(arguments: list[str], *, about: str) -> argparse.Namespace:
    """Read the command line; `about` is its help."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=(*STAGES, "all"))
    parser.add_argument("--photos", type=Path, help="folder of JPEG or PNG photos to learn from")
    parser.add_argument("--work", type=Path, required=True, help="folder for cache and checkpoints")
    parser.add_argument("--out", type=Path, help="the diffusers folder to write, or to draw with")
    parser.add_argument("--start", type=Path, help="an exported model to go on from")
    parser.add_argument("--hold-attention", action="store_true", help="compute the first attention anew and keep it")
    parser.add_argument("--hold-out", nargs="*", default=[], help="patterns of file stems to leave out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--processes", type=int, default=1, help="CPU processes that share the work")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 384], help="sides of the rendered crops, pixels")
    parser.add_argument("--crops", type=int, help="render so many crops of each size; more of them later")
    parser.add_argument("--autoencoder-steps", type=int, default=3600)
    parser.add_argument("--word-steps", type=int, default=400, help="steps on captions alone, going on from a model")
    parser.add_argument(
        "--new-words", nargs="*", default=[], help="words that meant something else to the model of --start"
    )
    parser.add_argument("--denoiser-steps", type=int, default=6000)
    parser.add_argument("--rate", type=float, help="highest learning rate of the denoiser; 0.001, 0.0005 with --start")
    parser.add_argument("--batch", type=int, default=8, help="examples a denoiser step, all processes")
    parser.add_argument("--cells", type=int, default=28, help="side of the crops that are learned from, 8 pixels each")
    parser.add_argument("--strokes", type=float, default=1.5, help="how much the energy of detail counts")
    parser.add_argument("--save-every", type=int, default=200, help="steps of denoiser and polish between checkpoints")
    parser.add_argument("--polish-steps", type=int, default=600)
    parser.add_argument("--decoder-steps", type=int, default=1600)
    parser.add_argument("--finish-steps", type=int, default=600)
    parser.add_argument(
        "--finished",
        type=float,
        default=0.75,
        help="share of the way to the finished decoder that export goes",
    )
    parser.add_argument("--sheet", type=Path, help="picture file the stage 'sheet' writes")
    parser.add_argument("--teachers", action="store_true", help="show on the sheet what the teachers draw, too")
    parser.add_argument("--before", type=Path, help="a model that the sheet shows beside --out")
    parser.add_argument("--prompts", nargs="*", default=[], help="sentences that the sheet shows instead of the styles")
    parser.add_argument("--cell", type=int, help="side of the sheet's cells, pixels; 256 unless given")
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], help="photos and clips of people it never saw")
    return parser.parse_args(arguments)


def missing(options: argparse.Namespace, stages: tuple[str, ...]) -> str:
    """The flags that the stages need and were not given, as one word list."""
    needs = {
        "decoder": ("start",),
        "render": ("photos",),
        "export": ("out",),
        "check": ("out", "pictures"),
        "sheet": ("out", "sheet", "pictures"),
    }
    names = {n for stage in stages for n in needs.get(stage, ()) if not getattr(options, n)}
    return ", ".join(f"--{name}" for name in sorted(names))
