"""The bounds: oracle masks against hand-made sources, and against each other where they must agree."""

from dataclasses import replace

import pytest
import torch

from tests.methods import scenes
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.methods import mixture, oracle

MASKS = ["irm", "ibm", "mwf"]


def noises(gains: list[list[float]], seed: int = 0, length: int = 6000) -> Scene:
    """White noises with the given gains [source, channel], or as many silent ones where the gain is 0."""
    matrix = torch.tensor(gains)
    signals = torch.randn(len(gains), 1, length, generator=torch.Generator().manual_seed(seed))
    references = 0.1 * signals * matrix[..., None]
    sources = tuple(f"source{j}" for j in range(len(gains)))
    return Scene(references.sum(dim=0), 8000, sources, 0, None, references)


def separate(whole: Scene, mask: str, exponent: float = 2.0, precision: str = "float32") -> torch.Tensor:
    settings = oracle.Settings(mask=mask, exponent=exponent, precision=precision)
    return oracle.separate(whole, settings, {})


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_estimates_add_up_to_the_mixture(mask, channels):
    gains = torch.rand(4, channels, generator=torch.Generator().manual_seed(1)).tolist()
    whole = noises(gains)
    torch.testing.assert_close(separate(whole, mask).sum(dim=0), whole.mixture, rtol=0, atol=1e-5)


@pytest.mark.parametrize("mask", MASKS)
def test_oracle_masks_separate_tones_that_hardly_overlap(mask):
    whole = scenes.scene(channels=2)
    assert (scenes.si_sdr(whole.references, separate(whole, mask)) > 18).all()


@pytest.mark.parametrize("mask", MASKS)
def test_one_source_that_plays_alone_gets_the_mixture_and_the_others_nothing(mask):
    whole = noises([[0.7, 0.2], [0.0, 0.0], [0.0, 0.0]])
    estimates = separate(whole, mask)
    torch.testing.assert_close(estimates[0], whole.mixture, rtol=0, atol=1e-5)
    assert estimates[1:].abs().max() < 1e-5


def test_the_wiener_filter_of_one_channel_is_the_ratio_mask_of_powers():
    whole = noises([[1.0], [0.5], [0.3]])
    torch.testing.assert_close(
        separate(whole, "mwf", precision="float64"), separate(whole, "irm", precision="float64"), rtol=0, atol=1e-6
    )


def test_the_multichannel_wiener_filter_uses_directions_where_masks_cannot():
    whole = noises([[1.0, 0.1], [0.2, 0.9]])
    spatial, spectral = (scenes.si_sdr(whole.references, separate(whole, mask)) for mask in ("mwf", "irm"))
    assert (spatial > spectral + 10).all()


def test_sources_in_one_direction_leave_the_multichannel_wiener_filter_finite():
    whole = noises([[0.5, 0.5], [0.5, 0.5]])
    estimates = separate(whole, "mwf")
    assert torch.isfinite(estimates).all()
    assert (scenes.si_sdr(whole.references, estimates) > 3).all()


def test_a_binary_mask_gives_each_bin_to_its_loudest_source():
    spectra = torch.tensor([[3.0, 1.0, 2.0], [1.0, 4.0, 2.0]]) * torch.exp(torch.tensor(0.7j))
    assert oracle.binary_mask(spectra).tolist() == [[1, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize(("exponent", "expected"), [(1.0, [0.75, 0.25]), (2.0, [0.9, 0.1])])
def test_a_ratio_mask_divides_by_the_sum_of_the_magnitudes_to_the_exponent(exponent, expected):
    masks = oracle.ratio_mask(torch.tensor([[3.0 + 0j], [1j]]), exponent, torch.tensor(3.0))
    torch.testing.assert_close(masks.squeeze(-1), torch.tensor(expected))


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_inverses_are_those_of_linear_algebra(channels):
    generator = torch.Generator().manual_seed(channels)
    roots = torch.randn(5, channels, channels, generator=generator, dtype=torch.complex128)
    matrices = roots @ roots.mH
    identity = torch.eye(channels, dtype=torch.complex128).expand(5, channels, channels)
    torch.testing.assert_close(oracle.inverse(matrices) @ matrices, identity)
    torch.testing.assert_close(oracle.inverse(matrices), torch.linalg.inv(matrices))


def test_oracles_are_no_worse_than_the_mixture_and_the_mixture_is_every_estimate():
    whole = scenes.scene()
    lower = mixture.separate(whole, mixture.Settings(), {})
    assert all(torch.equal(estimate, whole.mixture) for estimate in lower)
    assert len(lower) == 2
    bound = scenes.si_sdr(whole.references, lower)
    assert all((scenes.si_sdr(whole.references, separate(whole, mask)) > bound).all() for mask in MASKS)


def test_an_oracle_without_true_sources_says_what_to_add():
    with pytest.raises(UserError, match="references"):
        oracle.separate(replace(scenes.scene(), references=None), oracle.Settings(), {})
