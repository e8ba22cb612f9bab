"""What the stages so far have learned, from the last checkpoints of a work folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from diffusers import AutoencoderTiny

from training.autoencoder import make_autoencoder
from training.denoiser import Trained, make_trained
from training.imitating import smaller_autoencoder
from training.stage import load_checkpoint
from training.start import given_autoencoder, take_over
from training.tokenizer import make_tokenizer


def learned(options: argparse.Namespace) -> tuple[Trained, AutoencoderTiny]:
    """Denoiser and autoencoder of the last checkpoints, as they are before the decoder is finished."""
    vae = trained_autoencoder(options)
    trained = trained_denoiser(options, vae)
    if state := load_checkpoint(options.work / "polish.pt"):
        trained.load(state["slow"])
    vae.decoder.load_state_dict(trained.decoder.state_dict())
    if state := load_checkpoint(options.work / "decoder.pt"):
        vae = smaller_autoencoder(vae, seed=options.seed)
        vae.decoder.load_state_dict(state["average"])
    return trained, vae


def trained_autoencoder(options: argparse.Namespace) -> AutoencoderTiny:
    """The autoencoder of the last checkpoint, or of the folder that training started from."""
    if options.start:
        return given_autoencoder(options.start)
    vae, state = make_autoencoder(), _checkpoint(options.work / "autoencoder.pt", stage="autoencoder")
    vae.encoder.load_state_dict(state["encoder"])
    vae.decoder.load_state_dict(state["average"])
    return vae


def trained_denoiser(options: argparse.Namespace, vae: AutoencoderTiny) -> Trained:
    """The denoiser of the last checkpoint, or of the folder that training started from, with the decoder of `vae`."""
    trained = make_trained(vae, make_tokenizer(), seed=options.seed)
    if options.start and not (options.work / "denoiser.pt").exists():
        take_over(trained, options.start, make_tokenizer())
        return trained
    state = _checkpoint(options.work / "denoiser.pt", stage="denoiser")["slow"]
    trained.load(state | {"decoder": vae.decoder.state_dict()})
    return trained


def _checkpoint(path: Path, *, stage: str) -> dict:
    state = load_checkpoint(path)
    if state is None:
        raise FileNotFoundError(f"no checkpoint at {path}: run the stage '{stage}' first")
    return state
