"""Strength to timesteps and LCM coefficients, held in tensors so that strength is a live control.

The grid of latent consistency models (arXiv:2310.04378) is t(idx) = T - 1 - (T/50) idx, and the
stream's indices are first = 50 (1 - strength), stride = 50 strength / n. Put together, and without
their rounding to whole indices, slot k of n stands at

    t_k = T strength (n - k) / n - 1,

which is defined for every strength in 0..1, not only for multiples of 1/50: at strength 0.4 and
n = 4 it gives 399, 299, 199, 99. A spread other than 0 puts ((n - k) / n)^(2^spread) in
the place of (n - k) / n. At strength 0 all slots stand at t = -1, where alphabar is 1 by
definition: nothing is noised and the stream returns its input.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..device.host_transfer import overwrite


def slot_timesteps(strength: float, slots: int, train_steps: int, spread: float = 0.0) -> Tensor:
    """Real-valued timesteps of all slots, `[n]` float64, falling, -1..T-1.

    Args:
        spread: where the later ones lie between the first and the clean picture: 0 evenly, above 0 nearer to the
            picture, below 0 nearer to the first.
    """
    slot = torch.arange(slots, dtype=torch.float64)
    return train_steps * strength * ((slots - slot) / slots) ** (2.0**spread) - 1.0


def alphabar_at(timesteps: Tensor, alphas_cumprod: Tensor) -> Tensor:
    """Cumulative alpha at real-valued timesteps, linear between whole ones, 1 at t = -1.

    Args:
        timesteps: `[n]`, -1..T-1.
        alphas_cumprod: the model's own table, `[T]`.
    """
    table = torch.cat([torch.ones(1, dtype=torch.float64), alphas_cumprod.double().cpu()])
    position = (timesteps.double() + 1.0).clamp(0, len(table) - 1)
    below = position.floor().long().clamp(max=len(table) - 2)
    share = position - below
    return table[below] * (1 - share) + table[below + 1] * share


def boundary_scalings(timesteps: Tensor, timestep_scaling: float, sigma_data: float = 0.5) -> tuple[Tensor, Tensor]:
    """`c_skip` and `c_out` of a consistency model (arXiv:2303.01469, appendix C), `[n]` each."""
    scaled = timesteps.clamp(min=0) * timestep_scaling
    c_skip = sigma_data**2 / (scaled**2 + sigma_data**2)
    c_out = scaled / (scaled**2 + sigma_data**2).sqrt()
    return c_skip, c_out


class Schedule:
    """Timesteps and coefficients of the n slots at the present strength.

    Attributes (all of fixed shape and address; `set_strength` only overwrites their numbers):
        timesteps: what the U-Net is told, `[n]` float32, 0..T-1.
        signal, noise: a = sqrt(alphabar), s = sqrt(1 - alphabar), `[n, 1, 1, 1]`.
        c_skip, c_out: boundary scalings, `[n, 1, 1, 1]`.
    """

    def __init__(
        self,
        alphas_cumprod: Tensor,
        slots: int,
        *,
        timestep_scaling: float = 10.0,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.slots = slots
        self.strength, self.spread = -1.0, 0.0
        self._alphas_cumprod = alphas_cumprod.double().cpu()
        self._timestep_scaling = timestep_scaling
        self.timesteps = torch.zeros(slots, device=device, dtype=torch.float32)
        column = torch.zeros(4, slots, 1, 1, 1, device=device, dtype=dtype)
        self._columns = column
        self.signal, self.noise, self.c_skip, self.c_out = column.unbind(0)
        self.set_strength(0.5)

    def set_strength(self, strength: float, spread: float = 0.0) -> bool:
        """Move all slots to `strength` (0..1), spread as in `slot_timesteps`; returns whether anything changed."""
        if (strength, spread) == (self.strength, self.spread):
            return False
        self.strength, self.spread = strength, spread
        timesteps = slot_timesteps(strength, self.slots, len(self._alphas_cumprod), spread)
        alphabar = alphabar_at(timesteps, self._alphas_cumprod)
        c_skip, c_out = boundary_scalings(timesteps, self._timestep_scaling)
        columns = torch.stack([alphabar.sqrt(), (1 - alphabar).clamp(min=0).sqrt(), c_skip, c_out])
        overwrite(self.timesteps, timesteps.clamp(min=0))
        overwrite(self._columns, columns.view_as(self._columns))
        return True


def lcm_step(
    model_output: Tensor,
    sample: Tensor,
    *,
    signal: Tensor,
    noise: Tensor,
    c_skip: Tensor,
    c_out: Tensor,
    prediction_type: str,
) -> Tensor:
    """One consistency step x_t -> x_0 (arXiv:2310.04378, equation 9), row by row.

    Args:
        model_output: epsilon, v or x_0 as `prediction_type` says, `[B, C, h, w]`.
        sample: x_t, `[B, C, h, w]`.
        signal, noise, c_skip, c_out: `[B, 1, 1, 1]`.
        prediction_type: "epsilon", "v_prediction" or "sample".
    """
    return c_out * predicted_x0(model_output, sample, signal, noise, prediction_type) + c_skip * sample


def predicted_x0(model_output: Tensor, sample: Tensor, signal: Tensor, noise: Tensor, prediction_type: str) -> Tensor:
    """The clean latent a prediction stands for, `[B, C, h, w]`."""
    if prediction_type == "epsilon":
        return (sample - noise * model_output) / signal.clamp(min=1e-4)
    if prediction_type == "v_prediction":
        return signal * sample - noise * model_output
    return model_output


def predicted_noise(
    model_output: Tensor, sample: Tensor, signal: Tensor, noise: Tensor, prediction_type: str
) -> Tensor:
    """The noise a prediction stands for (epsilon form), `[B, C, h, w]`."""
    if prediction_type == "epsilon":
        return model_output
    if prediction_type == "v_prediction":
        return signal * model_output + noise * sample
    return (sample - signal * model_output) / noise.clamp(min=1e-4)
