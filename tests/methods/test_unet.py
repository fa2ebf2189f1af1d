"""The U-Net, steered by the F0 and plain: sizes, conditioners, training steps, masks."""

from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from accelerate import Accelerator

from tests.methods import scenes
from tests.methods.given import Given
from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.methods import unet
from workflow_scripts.lib.networks.unet import (
    ConditionedUNet,
    HarmonicConditioner,
    PitchConditioner,
    PlainUNet,
    UNet,
    harmonic_tone,
    pitch_vector,
)

SMALL = unet.Settings(width=2, window=256, hop=128, chunk_seconds=0.5)
conditions = pytest.mark.parametrize("condition", ["pitch", "harmonics", "none"])


def count(module: torch.nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def trainee(settings: unet.Settings = SMALL, seed: int = 0, references: bool = True):
    given = Given([scenes.scene(seed=each, length=4000) for each in range(2)], references=references)
    return unet.trainee(TrainingData(given, given), settings, seed, torch.device("cpu"), Accelerator(cpu=True))


def step(learner, number: int) -> float:
    torch.manual_seed(number)  # the dropout's generator, which the training loop seeds for each step
    return learner.step(number)["loss"]


# The networks


def test_the_published_sizes_have_the_published_numbers_of_parameters():
    assert count(UNet()) == 9_823_313
    assert count(ConditionedUNet(PitchConditioner(513))) == 10_319_171
    assert count(ConditionedUNet(HarmonicConditioner(513, 256, 16000))) == 10_878_041


@pytest.mark.parametrize("shape", [(513, 1), (129, 2), (65, 63), (64, 64), (513, 254)])
def test_masks_have_the_shape_of_any_spectrogram_and_lie_between_0_and_1(shape):
    torch.manual_seed(0)
    masks = PlainUNet(3, width=2).eval()(torch.rand(2, *shape))
    assert masks.shape == (2, 3, *shape)
    assert masks.min() > 0
    assert masks.max() < 1


def test_a_leak_of_one_makes_the_encoder_linear_as_published():
    torch.manual_seed(0)
    fixed, published = (UNet(1, 2, leak).eval().down for leak in (0.2, 1.0))
    x, y = torch.randn(2, 1, 1, 64, 64)
    linear = [torch.allclose(down(x) + down(y), down(x + y) + down(0 * x), atol=1e-4)
              for down in (torch.nn.Sequential(*fixed), torch.nn.Sequential(*published))]  # fmt: skip
    assert linear == [False, True]


def test_masks_do_not_depend_on_the_level_of_the_mixture():
    torch.manual_seed(0)
    network, magnitudes = PlainUNet(1, width=2).eval(), torch.rand(1, 65, 20)
    torch.testing.assert_close(network(magnitudes / 1000), network(magnitudes))
    assert torch.isfinite(network(0 * magnitudes)).all()


def test_the_pitch_vector_has_its_peak_at_the_bin_of_the_pitch():
    hz = torch.tensor([0.0, 32.7, 65.4, 440.0, 1e4])
    vectors = pitch_vector(hz)
    assert vectors.shape == (5, 361)
    assert vectors.argmax(dim=-1).tolist() == [0, 1, 61, round(60 * np.log2(440 / 32.7)) + 1, 360]
    torch.testing.assert_close(vectors.amax(dim=-1), torch.ones(5))
    torch.testing.assert_close(vectors[2, 59:64], torch.exp(-0.5 * torch.tensor([4.0, 1.0, 0.0, 1.0, 4.0])))


def test_the_harmonic_tone_is_the_explicit_sum_of_sines_and_silent_where_unvoiced():
    f0 = torch.tensor([[200.0, 210.0, 205.0, 0.0, 0.0, 300.0, 300.0]], dtype=torch.float64)
    tone = harmonic_tone(f0, 64, 8000)[0]
    voiced = np.concatenate([np.linspace(200, 210, 64, endpoint=False), np.linspace(210, 205, 64, endpoint=False)])
    phase = 2 * np.pi * np.cumsum(voiced) / 8000
    most = np.ceil(4000 / voiced) - 1
    expected = sum(np.sin(k * phase) * (k <= most) for k in range(1, 102)) / np.floor(4000 / voiced)
    assert len(tone) == 6 * 64
    np.testing.assert_allclose(tone[:128].numpy(), expected, atol=2e-2)
    assert not tone[3 * 64 : 4 * 64].any()
    assert tone[5 * 64 :].any()


# A training step


@conditions
def test_gradients_are_finite_for_silence_and_without_a_pitch(condition):
    settings = replace(SMALL, condition=condition)
    quiet = scenes.silence(scenes.scene(length=4000))
    quiet = replace(quiet, f0=F0(quiet.f0.voices, 0 * quiet.f0.hz, quiet.f0.confidence))
    learner = trainee(settings)
    example = unet.all_sources if condition == "none" else unet.one_voice
    unet.loss_of(learner.network, example(settings, [quiet], generator_of(0))).backward()
    gradients = [each.grad for each in learner.network.parameters()]
    assert len(gradients) > 20
    assert all(torch.isfinite(each).all() for each in gradients)


@conditions
def test_some_steps_lower_the_validation_loss(condition):
    learner = trainee(replace(SMALL, condition=condition, learning_rate=1e-2))
    for number in range(3):  # the statistics of the batch normalisation
        step(learner, number)
    before = learner.validate()["loss"]
    for number in range(40):
        step(learner, number)
    assert learner.validate()["loss"] < 0.9 * before


@conditions
def test_the_same_seed_takes_the_same_step_to_the_last_bit(condition):
    settings = replace(SMALL, condition=condition)
    first, second, other = trainee(settings), trainee(settings), trainee(settings, seed=1)
    losses = [[step(each, number) for number in (5, 6)] for each in (first, second, other)]
    assert losses[0] == losses[1] != losses[2]
    one, two = first.weights(), second.weights()
    assert len(one) > 20
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_each_excerpt_teaches_one_of_its_voices_and_all_are_met():
    scene = scenes.scene(length=4000)
    given = unet.one_voice(SMALL, [scene] * 20, generator_of(0))
    known = unet.every_voice(SMALL, [scene], generator_of(0))
    assert given.targets.shape[:2] == (20, 1)
    chosen = {min((0, 1), key=lambda v: (target - known.targets[v]).abs().sum()) for target in given.targets}
    assert chosen == {0, 1}
    for target, f0 in zip(given.targets, given.f0, strict=True):
        voice = min((0, 1), key=lambda v: (target - known.targets[v]).abs().sum())
        assert torch.equal(f0, known.f0[voice])


def test_training_without_stems_is_refused():
    with pytest.raises(UserError, match="without them"):
        trainee(references=False).step(0)


# Separation


@conditions
def test_weights_that_were_saved_and_loaded_separate_into_parts_of_the_mixture(condition, tmp_path):
    settings = replace(SMALL, condition=condition)
    learner = trainee(settings)
    step(learner, 0)
    safetensors.torch.save_file(learner.weights(), tmp_path / "model.safetensors")
    whole = scenes.scene(channels=2)
    estimates = unet.separate(whole, settings, safetensors.torch.load_file(tmp_path / "model.safetensors"))
    assert estimates.shape == whole.references.shape
    assert torch.equal(estimates, unet.separate(whole, settings, learner.weights()))
    torch.testing.assert_close(estimates.sum(dim=0), whole.mixture, atol=1e-4, rtol=0)


def test_one_network_separates_any_number_of_voices_in_any_order():
    weights, whole = trainee().weights(), scenes.scene(length=3000)
    hz = np.outer([110.0, 220.0, 150.0], np.ones(30))
    three = Scene(whole.mixture, 8000, ("a", "b", "c"), 0, F0(("a", "b", "c"), hz, np.ones_like(hz)))
    estimates = unet.separate(three, SMALL, weights)
    swapped = unet.separate(replace(three, sources=("c", "a", "b")), SMALL, weights)
    assert estimates.shape == (3, 1, 3000)
    torch.testing.assert_close(swapped, estimates[[2, 0, 1]])
    assert not torch.allclose(estimates[0], estimates[1])


def test_the_plain_network_refuses_sources_in_another_order():
    settings = replace(SMALL, condition="none")
    whole = scenes.scene(length=3000)
    with pytest.raises(UserError, match="vocals, accompaniment"):
        unet.separate(replace(whole, sources=whole.sources[::-1]), settings, trainee(settings).weights())


def test_a_long_track_is_masked_without_a_seam():
    """Masks of a stationary noise: the share of a source changes as little at the ends of chunks as within them."""
    weights, length = trainee().weights(), 20000
    noise = torch.randn(1, length, generator=torch.Generator().manual_seed(0))
    f0 = F0(("a", "b"), np.outer([150.0, 220.0], np.ones(160)), np.ones((2, 160)))
    estimates = unet.separate(Scene(noise, 8000, ("a", "b"), 0, f0), SMALL, weights)
    share = estimates.square().unfold(-1, 500, 500).mean(dim=-1) / noise.square().unfold(-1, 500, 500).mean(dim=-1)
    assert share.shape == (2, 1, 40)
    assert 10 * torch.log10(share[..., 1:] / share[..., :-1]).abs().max() < 1.5
