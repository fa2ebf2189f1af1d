"""Line spectral frequencies: from a network's outputs, to filter coefficients, to a frequency response.

arXiv 2201.09592, Section III: the vocal tract is an all-pole filter of even order 1 / A(z), A = (P + Q) / 2, where the
zeros of P and Q lie on the unit circle at alternating angles w_1 < w_2 < ... < w_order (P has the odd ones).
"""

import math

import torch

GAP = 1e-3  # rad, 2.5 Hz at 16 kHz: far narrower than any formant


def exponential_sigmoid(logits: torch.Tensor, largest: float) -> torch.Tensor:
    """E(x; m) = m sigmoid(x)^(ln 10) + 1e-7, the activation of all controls: values in (1e-7, m + 1e-7), any shape."""
    return largest * torch.exp(math.log(10) * torch.nn.functional.logsigmoid(logits)) + 1e-7


def lsf_from_logits(logits: torch.Tensor, gap: float = GAP) -> torch.Tensor:
    """Logits [..., order + 1] -> ascending line spectral frequencies [..., order] in (0, pi) rad.

    E(x; 2) of the logits are the shares of pi that the intervals 0 ... w_1 ... w_order ... pi get. Departs from the
    published form by the least interval `gap` in rad: without it two frequencies can meet, and the filter has a pole
    on the unit circle. gap = 0 is as published.
    """
    share = exponential_sigmoid(logits, 2.0)
    share = share / share.sum(-1, keepdim=True)
    return (gap + (math.pi - gap * logits.shape[-1]) * share).cumsum(-1)[..., :-1]


def lpc_from_lsf(lsf: torch.Tensor) -> torch.Tensor:
    """Line spectral frequencies [..., order] in rad, order even -> a[1] ... a[order] of A(z), [..., order].

    Computed in float64, as published, and returned in the dtype given. Raises ValueError for an odd order.
    """
    order = lsf.shape[-1]
    if order % 2:
        raise ValueError(f"lpc_from_lsf: the order must be even, {order} was given")
    # One factor 1 - 2 cos(w) z^-1 + z^-2 a pair of frequencies; P stands in row 0 and Q in row 1.
    middle = -2 * lsf.double().cos().unflatten(-1, (order // 2, 2))
    product = torch.ones_like(middle[..., :1, :])
    for index in range(order // 2):
        product = _times_quadratic(product, middle[..., index, :].unsqueeze(-2))
    ends = torch.tensor([1.0, -1.0], dtype=torch.float64, device=lsf.device)  # the factors 1 + z^-1 and 1 - z^-1
    inner = product[..., 1:, :] + ends * product[..., :-1, :]  # a[1] ... a[order]; the last one cancels
    return inner.mean(-1).to(lsf.dtype)


def _times_quadratic(polynomial: torch.Tensor, middle: torch.Tensor) -> torch.Tensor:
    """Polynomials [..., coefficient, 2] times 1 + middle z^-1 + z^-2, middle [..., 1, 2]."""
    pad = torch.nn.functional.pad
    return pad(polynomial, (0, 0, 0, 2)) + middle * pad(polynomial, (0, 0, 1, 1)) + pad(polynomial, (0, 0, 2, 0))


def response_from_lsf(lsf: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """A(e^jw) straight from the line spectral frequencies: lsf [..., order], angles [bin] in rad -> complex [..., bin].

    The vocal tract's response is 1 / A. Closed form:
    A = exp(-j (order + 1) w / 2) [cos(w/2) prod_odd 2 (cos w - cos w_i) + j sin(w/2) prod_even 2 (cos w - cos w_i)].
    """
    order = lsf.shape[-1]
    angles = angles.to(lsf.dtype)
    factors = 2 * (angles.cos()[:, None, None] - lsf.cos().unflatten(-1, (order // 2, 2))[..., None, :, :])
    odd, even = factors.prod(-2).unbind(-1)
    phase = -(order + 1) * angles / 2
    real, imaginary = (angles / 2).cos() * odd, (angles / 2).sin() * even
    return torch.complex(real * phase.cos() - imaginary * phase.sin(), real * phase.sin() + imaginary * phase.cos())
