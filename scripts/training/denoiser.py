"""The denoiser: the U-Net and the text encoder, trained together on photos and their targets.

Examples come as pairs of frames, the earlier one in the later one's feature bank, and where nothing moved but the
noise the later answer should be the earlier one (`remembering.py`).

Some of each batch is the model's own answer of the step before, noised again at a lower t: what
the second and later steps of the stream see. In a last stage, "polish", answers are also judged as
decoded pictures, and the decoder learns along: it draws the pictures that were wanted from the
latents that the denoiser really gives.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from transformers.models.clip.modeling_clip import CLIPTextModel
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from training.architecture import make_text_encoder, make_unet, signal_and_noise
from training.autoencoder import picture_loss
from training.data import Cache
from training.examples import Examples, fresh_examples, join, later_examples
from training.latents import Batch, latent_batch
from training.losses import latent_loss, stroke_loss
from training.optimisers import make_optimisers
from training.recognising import begin_as_recognition, first_attention, silence_the_bypass
from training.remembering import remember_pairs, steadiness_loss
from training.stage import (
    follow,
    learning_rate,
    load_checkpoint,
    mixed_precision,
    report_steps,
    save_checkpoint,
    set_learning_rate,
    step_generators,
)
from training.team import Member

# Shares of the learning rate: the decoder starts trained.
RATES = {"unet": 1.0, "text_encoder": 1.0, "decoder": 0.3}

# From so many cells a side on, a crop holds nearly the whole picture that its teacher drew.
WHOLE = 24


@dataclass(frozen=True, kw_only=True)
class DenoiserOptions:
    """How long and on what to train.

    Of each batch, `later` examples are answers of the step before. `cells` is the side of the latent crops; below
    WHOLE it is half as much again at every fourth step. With `decoded` above 0 that share of the batch is also judged
    as pictures. `steady` is the weight of steadiness against the targets, `strokes` that of the energy of detail.
    """

    steps: int
    seed: int
    batch: int = 8
    later: int = 0
    cells: int = 28
    decoded: float = 0.0
    steady: float = 6.0
    strokes: float = 1.5
    peak_rate: float = 1e-3
    save_every: int = 200


@dataclass(frozen=True)
class Trained:
    """The parts that learn in this stage; the encoder of the autoencoder stays as it is."""

    unet: UNet2DConditionModel
    text_encoder: CLIPTextModel
    decoder: torch.nn.Module

    def modules(self) -> dict[str, torch.nn.Module]:
        """The three parts by name."""
        return {"unet": self.unet, "text_encoder": self.text_encoder, "decoder": self.decoder}

    def states(self) -> dict[str, dict[str, torch.Tensor]]:
        """The weights of the three parts by name."""
        return {name: module.state_dict() for name, module in self.modules().items()}

    def load(self, states: dict[str, dict[str, torch.Tensor]]) -> None:
        """Take over weights that `states` gave."""
        for name, module in self.modules().items():
            module.load_state_dict(states[name])


def make_trained(vae: AutoencoderTiny, tokenizer: CLIPTokenizer, *, seed: int) -> Trained:
    """New networks, and a copy of the decoder."""
    torch.manual_seed(seed)
    unet, text_encoder = make_unet(), make_text_encoder(tokenizer)
    silence_the_bypass(unet)
    return Trained(unet, text_encoder, copy.deepcopy(vae.decoder))


@torch.no_grad()
def compute_first_attention(
    trained: Trained,
    caches: Sequence[Cache],
    vae: AutoencoderTiny,
    tokenizer: CLIPTokenizer,
    *,
    seed: int,
    pairs: int = 48,
) -> None:
    """Compute the attention in which the bank acts from pictures filmed twice (`recognising.py`)."""
    rng, noise_source = step_generators(seed, 0, 0)
    drawn = latent_batch(caches, vae, rng, pairs=pairs, cells=16, motions={"still": 1.0})
    examples = fresh_examples(drawn, tokens_of(tokenizer, drawn.prompts), rng)
    noise = torch.randn(examples.clean.shape[1:], generator=noise_source)
    norm = first_attention(trained.unet).norm
    features = watch_inputs(norm, lambda: predict(trained, examples, noise))
    deviation = features.unflatten(1, (norm.num_groups, -1)).std(dim=(2, 3, 4)).mean(dim=0)
    tokens = norm(features).flatten(2).transpose(1, 2).unflatten(0, (2, -1)).flatten(1, 2)
    begin_as_recognition(trained.unet, tokens, deviation.repeat_interleave(features.shape[1] // norm.num_groups))


def watch_inputs(layer: torch.nn.Module, run: Callable[[], object]) -> torch.Tensor:
    """What `layer` was given while `run` ran, in float32."""
    seen: list[torch.Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0].detach().float()))
    run()
    handle.remove()
    return torch.cat(seen)


def predict(trained: Trained, examples: Examples, noise: torch.Tensor) -> torch.Tensor:
    """The clean latent x0 that the U-Net answers to the noised one, [2, P, C, h, w]; `noise` is [P, C, h, w].

    Both frames of a pair are noised alike: the noise of a stream is fixed.
    """
    device = examples.clean.device
    signal, spread = (c.to(device)[examples.t][..., None, None, None] for c in signal_and_noise())
    noised = (signal * examples.clean + spread * noise).flatten(0, 1)
    with mixed_precision(device):
        words = trained.text_encoder(examples.tokens[0]).last_hidden_state.repeat(2, 1, 1)
        layout = noised.contiguous(memory_format=torch.channels_last)
        answer = trained.unet(layout, examples.t.flatten(), encoder_hidden_states=words).sample
    return answer.float().unflatten(0, (2, -1))


def decoded_loss(
    decoder: torch.nn.Module,
    examples: Examples,
    answer: torch.Tensor,
    batch: Batch,
    *,
    count: int,
    factor: float,
) -> torch.Tensor:
    """The picture loss of `count` later answers, and of their true latents to keep the decoder true."""
    both = batch.pixels[1, :count].to(answer.device)
    amount = examples.amount[1, :count].view(-1, 1, 1, 1)
    pixels = torch.lerp(both[:, 0], both[:, 1], amount)
    latents = torch.cat([answer[1, :count], examples.wanted[1, :count]]) / factor
    # An odd border of cells is cut off: the decoder sees zeros beyond it here, but not on air.
    cells = min(16, latents.shape[-1])
    latents, pixels = latents[..., :cells, :cells], pixels[..., : 8 * cells, : 8 * cells]
    with mixed_precision(answer.device):
        drawn = decoder(latents.contiguous(memory_format=torch.channels_last)).float()
    guessed, true = drawn.chunk(2)
    return picture_loss(guessed, pixels) + 0.5 * picture_loss(true, pixels)


@dataclass
class _Run:
    """The moving state of a training run."""

    fast: Trained
    slow: Trained
    optimisers: tuple[torch.optim.Optimizer, ...]
    device: torch.device
    first: int = 0
    carried: tuple[Examples, torch.Tensor] | None = None

    def parameters(self) -> list[torch.nn.Parameter]:
        return [p for optimiser in self.optimisers for group in optimiser.param_groups for p in group["params"]]

    def learn(self, loss: torch.Tensor, member: Member, *, rate: float) -> None:
        """One step down the gradient of a loss."""
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        member.average_gradients(self.parameters())
        torch.nn.utils.clip_grad_norm_(self.parameters(), 1.0)
        for optimiser in self.optimisers:
            set_learning_rate(optimiser, rate)
            optimiser.step()

    def follow(self, step: int) -> None:
        """Move the averages; early on they forget faster."""
        decay = min(0.998, (step + 1) / (step + 10))
        for slow, fast in zip(self.slow.modules().values(), self.fast.modules().values(), strict=True):
            follow(slow, fast, decay=decay)

    def save(self, path: Path, *, step: int) -> None:
        state: dict[str, Any] = {"fast": self.fast.states(), "slow": self.slow.states()}
        save_checkpoint(path, state | {"optimisers": [o.state_dict() for o in self.optimisers], "step": step})


def _start(fast: Trained, path: Path, *, peak_rate: float, device: torch.device, member: Member) -> _Run:
    """Networks, averages and optimisers, as the checkpoint has them if there is one."""
    slow = copy.deepcopy(fast)
    for module in fast.modules().values():
        module.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    for module in slow.modules().values():
        module.to(device).eval()
    optimisers = make_optimisers(fast.modules(), RATES, rate=peak_rate, member=member)
    run = _Run(fast, slow, optimisers, device)
    if state := load_checkpoint(path):
        fast.load(state["fast"])
        slow.load(state["slow"])
        for optimiser, known in zip(run.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(known)
        run.first = state["step"]
    return run


def tokens_of(tokenizer: CLIPTokenizer, prompts: list[str]) -> torch.Tensor:
    """The prompts as token ids, [P, L]."""
    return tokenizer(prompts, padding="max_length", truncation=True, return_tensors="pt").input_ids  # type: ignore[return-value]


def train_denoiser(
    caches: Sequence[Cache],
    vae: AutoencoderTiny,
    fast: Trained,
    tokenizer: CLIPTokenizer,
    path: Path,
    options: DenoiserOptions,
    *,
    device: torch.device,
    member: Member,
) -> Trained:
    """Train `fast` on, or go on from the checkpoint at `path`.

    Returns the averages of the weights, which only the leader of the team keeps.
    """
    run = _start(fast, path, peak_rate=options.peak_rate, device=device, member=member)
    memory = remember_pairs(fast.unet)
    pairs, later = options.batch // 2 // member.size, options.later // 2 // member.size
    for step, facts in report_steps(path.stem, run.first, options.steps, quiet=not member.leads):
        rng, noise_source = step_generators(options.seed + 1, step, member.rank)
        memory.set(rng, noise_source)
        wide = options.cells < WHOLE and step % 4 == 3
        count, cells = (
            (max(1, (pairs - later) // 2), options.cells * 3 // 2) if wide else (pairs - later, options.cells)
        )
        drawn = latent_batch(caches, vae, rng, pairs=count, cells=cells)
        examples = fresh_examples(drawn, tokens_of(tokenizer, drawn.prompts), rng).to(device)
        if run.carried is not None and not wide:
            examples = join(examples, later_examples(*run.carried, rng))
        noise = torch.randn(examples.clean.shape[1:], generator=noise_source).to(device)
        answer = predict(fast, examples, noise)
        loss, strokes = latent_loss(answer, examples.wanted, examples.weight), stroke_loss(answer, examples.wanted)
        steadiness = steadiness_loss(answer, examples.shift[1], examples.same[1])
        facts |= {"latent": loss.detach(), "strokes": strokes.detach(), "steady": steadiness.detach()}
        loss = loss + options.strokes * strokes + options.steady * steadiness
        if options.decoded > 0:
            judged = max(1, round(count * options.decoded))
            factor = vae.config.scaling_factor  # type: ignore[attr-defined]
            picture = decoded_loss(fast.decoder, examples, answer, drawn, count=judged, factor=factor)
            facts["picture"] = float(picture.detach())
            loss = loss + 0.5 * picture
        run.learn(loss, member, rate=learning_rate(step, options.steps, peak=options.peak_rate))
        if later and not wide:
            run.carried = (examples.first(later), answer[:, :later].detach())
        kept = (step + 1) % options.save_every == 0 or step + 1 == options.steps
        if kept:
            # Nothing is carried past a checkpoint: a resumed run then equals an unbroken one.
            run.carried = None
        if member.leads:
            run.follow(step)
            if kept:
                run.save(path, step=step + 1)
    return run.slow
