"""Train the embedded model from a folder of photos, stage by stage.

    python scripts/train_embedded.py all --photos PHOTOS --work WORK --out FOLDER

Stages, each resumable (run the same command again after an interruption):

    render       crop the photos, draw each crop by some of the teachers (WORK/cache-SIZE)
    autoencoder  compute the encoder, train the decoder (WORK/autoencoder.pt)
    denoiser     train the U-Net and the text encoder (WORK/denoiser.pt) on pairs of frames, the earlier
                 in the later one's feature bank; needs no trained decoder
    polish       train all three on decoded pictures for a while (WORK/polish.pt)
    decoder      train a decoder of the present shape to draw what the one of --start draws (WORK/decoder.pt);
                 not a part of "all"
    finish       train the decoder alone to draw what the denoiser answers (WORK/finish.pt)
    export       write the diffusers folder (--out), also from a denoiser still in training
    check        hold the exported folder (--out) against the gates, on --pictures of people it never saw
    sheet        draw styles x pictures with the exported folder (--sheet)

With --start FOLDER training goes on from an exported model: its autoencoder is taken as it is (that stage is
left out), and the denoiser begins with its weights. --hold-attention computes the attention that the bank acts in
anew and trains everything else.

The same photos, seed, number of processes, library versions and kind of processor give the same weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch
from training.architecture import make_scheduler
from training.asking import Request
from training.autoencoder import start_autoencoder, train_autoencoder
from training.checkpoints import learned, trained_autoencoder, trained_denoiser
from training.command import STAGES, missing, parse
from training.data import list_photos, open_caches, render_cache
from training.denoiser import (
    WHOLE,
    DenoiserOptions,
    compute_first_attention,
    make_trained,
    tokens_of,
    train_denoiser,
)
from training.export import export_folder
from training.finishing import finish_decoder, go_towards
from training.gates import KEPT_DB, check_model
from training.held_out import judged_frames
from training.imitating import train_smaller_decoder
from training.recognising import hold_first_attention
from training.report import report
from training.sheet import draw_sheet
from training.stage import choose_device, load_checkpoint
from training.start import given_autoencoder, has_first_attention, take_over
from training.team import Member, run_team
from training.tokenizer import make_tokenizer
from training.wording import learn_words


def render(options: argparse.Namespace) -> None:
    """Draw the cache of photos and targets."""
    photos = list_photos(options.photos, hold_out=options.hold_out)
    for size in options.sizes:
        folder, seed = options.work / f"cache-{size}", options.seed + size - options.sizes[0]
        render_cache(photos, folder, seed=seed, size=size, processes=options.processes, most=options.crops)


def autoencoder(member: Member, options: argparse.Namespace) -> None:
    """Train the autoencoder in one process of a team."""
    train_autoencoder(
        open_caches(options.work)[0],
        options.work,
        steps=options.autoencoder_steps,
        seed=options.seed,
        device=choose_device(options.device),
        member=member,
    )


def denoiser(member: Member, options: argparse.Namespace) -> None:
    """Train U-Net and text encoder on latents, in one process of a team."""
    caches = open_caches(options.work)
    vae = given_autoencoder(options.start) if options.start else start_autoencoder(caches[0], seed=options.seed)
    fast = make_trained(vae, make_tokenizer(), seed=options.seed)
    if options.start:
        take_over(fast, options.start, make_tokenizer())
        if not (options.work / "denoiser.pt").exists():
            words = partial(tokens_of, make_tokenizer())
            known = partial(was_known, new_words=frozenset(options.new_words))
            learn_words(fast.text_encoder, words, steps=options.word_steps, seed=options.seed, known=known)
    if options.hold_attention or not (options.start and has_first_attention(options.start)):
        compute_first_attention(fast, caches, vae, make_tokenizer(), seed=options.seed)
    if options.hold_attention:
        hold_first_attention(fast.unet)
    settings = DenoiserOptions(
        steps=options.denoiser_steps,
        seed=options.seed,
        **shared(options),
        peak_rate=options.rate or (5e-4 if options.start else 1e-3),
    )
    _train(caches, vae, fast, options.work / "denoiser.pt", settings, options, member)


def shared(options: argparse.Namespace) -> dict[str, Any]:
    """What denoiser and polish have in common."""
    return {
        "batch": options.batch,
        "later": options.batch // 4 if options.cells < WHOLE else 0,
        "cells": options.cells,
        "strokes": options.strokes,
        "save_every": options.save_every,
    }


def was_known(request: Request, *, new_words: frozenset[str] = frozenset()) -> bool:
    """Whether the model that training starts from read a sentence as it is meant now.

    Without words that are new to it that is the model before the painters. None so far read two inks as two.
    """
    if "+" in request.palette:
        return False
    if new_words:
        return not new_words & set(request.words.replace(",", " ").split())
    return request.style in KEPT_DB


def polish(member: Member, options: argparse.Namespace) -> None:
    """Train U-Net, text encoder and decoder on decoded pictures, in one process of a team."""
    caches, vae = open_caches(options.work), trained_autoencoder(options)
    fast = trained_denoiser(options, vae)
    if options.hold_attention:
        hold_first_attention(fast.unet)
    settings = DenoiserOptions(
        steps=options.polish_steps,
        seed=options.seed + 1000,
        **shared(options),
        decoded=0.4,
        peak_rate=3e-4,
    )
    _train(caches, vae, fast, options.work / "polish.pt", settings, options, member)


def decoder(member: Member, options: argparse.Namespace) -> None:
    """Train a smaller decoder for the model in --start, in one process of a team."""
    vae, tokenizer = given_autoencoder(options.start), make_tokenizer()
    trained = make_trained(vae, tokenizer, seed=options.seed)
    take_over(trained, options.start, make_tokenizer())
    train_smaller_decoder(
        open_caches(options.work),
        vae,
        trained,
        tokenizer,
        options.work / "decoder.pt",
        steps=options.decoder_steps,
        seed=options.seed,
        device=choose_device(options.device),
        member=member,
        batch=options.batch,
    )


def finish(member: Member, options: argparse.Namespace) -> None:
    """Train the decoder on what the denoiser answers, in one process of a team."""
    trained, vae = learned(options)
    finish_decoder(
        open_caches(options.work),
        vae,
        trained,
        make_tokenizer(),
        options.work / "finish.pt",
        steps=options.finish_steps,
        seed=options.seed + 2000,
        device=choose_device(options.device),
        member=member,
        cells=options.cells,
    )


def _train(caches, vae, fast, path: Path, settings: DenoiserOptions, options, member) -> None:
    train_denoiser(
        caches,
        vae,
        fast,
        make_tokenizer(),
        path,
        settings,
        device=choose_device(options.device),
        member=member,
    )


def export(options: argparse.Namespace) -> None:
    """Write the diffusers folder from the last checkpoints."""
    trained, vae = learned(options)
    if state := load_checkpoint(options.work / "finish.pt"):
        go_towards(vae.decoder, state["average"], share=options.finished)
    size_bytes = export_folder(
        options.out,
        unet=trained.unet,
        vae=vae,
        text_encoder=trained.text_encoder,
        tokenizer=make_tokenizer(),
        scheduler=make_scheduler(),
    )
    print(f"wrote {options.out}: {size_bytes / 1e6:.1f} MB")


def check(options: argparse.Namespace) -> bool:
    """Print how the exported folder does at the gates, for people and as JSON; returns whether it passes all."""
    facts = check_model(options.out.resolve(), judged_frames(options.pictures))
    print(report(facts))
    print(json.dumps(facts))
    return all(gate["passed"] for gate in facts.values())


def sheet(options: argparse.Namespace) -> None:
    """Draw the sheet with the exported folder."""
    draw_sheet(
        options.out,
        judged_frames(options.pictures, each=1),
        options.sheet,
        prompts=options.prompts,
        cell=options.cell,
        teachers=options.teachers,
        before=options.before,
    )


def main(arguments: list[str]) -> int:
    """Run the stages asked for; returns the exit code: 1 where a gate is not passed, 2 for a wrong command."""
    options = parse(arguments, about=__doc__ or "")
    left_out = {"decoder"} | ({"autoencoder"} if options.start else set())
    left_out |= set() if options.pictures else {"check", "sheet"}
    left_out |= set() if options.sheet else {"sheet"}
    stages = tuple(s for s in STAGES if s not in left_out) if options.stage == "all" else (options.stage,)
    if names := missing(options, stages):
        print(f"the stage {options.stage!r} needs {names}", file=sys.stderr)
        return 2
    torch.set_num_threads(max(1, torch.get_num_threads() // options.processes))
    passed = True
    try:
        for stage in stages:
            if stage == "render":
                render(options)
            elif stage == "autoencoder":
                run_team(autoencoder, options.processes, options)
            elif stage == "denoiser":
                run_team(denoiser, options.processes, options)
            elif stage == "polish":
                run_team(polish, options.processes, options)
            elif stage == "decoder":
                run_team(decoder, options.processes, options)
            elif stage == "finish":
                run_team(finish, options.processes, options)
            elif stage == "export":
                export(options)
            elif stage == "check":
                passed = check(options)
            else:
                sheet(options)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
