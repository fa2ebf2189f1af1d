"""Conv-TasNet: sizes, norms by hand, reach, augmentation, separation in chunks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from tests.methods import scenes
from tests.methods.given import Given
from workflow_scripts.lib.audio import waveform
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.methods import conv_tasnet
from workflow_scripts.lib.networks.conv_tasnet import (
    ConvTasNet,
    FrameNorm,
    GlobalNorm,
    LibraryConvTasNet,
    Sizes,
    network_like,
)

TINY = Sizes(filters=12, length=20, bottleneck=8, hidden=10, blocks=3, repeats=2)
SMALL = conv_tasnet.Settings(
    filters=12, bottleneck=8, hidden=10, blocks=3, repeats=2, chunk_seconds=0.5, overlap=0.5, offset_seconds=0.1
)


def count(module: torch.nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def network(sources: int = 4, channels: int = 2, sizes: Sizes = TINY, seed: int = 0, **options: bool) -> ConvTasNet:
    torch.manual_seed(seed)
    return ConvTasNet(sources, channels, sizes, **options)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def trainee(settings: conv_tasnet.Settings = SMALL, references: bool = True, channels: int = 2):
    given = Given([scenes.scene(seed=each, length=4000, channels=channels) for each in range(2)], 4, references)
    return conv_tasnet.trainee(TrainingData(given, given), settings, 0, torch.device("cpu"), Accelerator(cpu=True))


# The network


def test_the_published_size_has_the_published_number_of_parameters_part_by_part():
    with torch.device("meta"):
        whole = ConvTasNet(4, 2, Sizes())
    assert count(whole) == 10_977_872
    assert count(whole.encoder) == count(whole.decoder) == 10_240
    assert count(whole.normalise) == 512
    assert count(whole.bottleneck) == 65_536
    assert {count(block) for repeat in whole.repeats for block in repeat} == {265_730}
    assert [count(repeat) for repeat in whole.repeats] == [2_657_300] * 4
    assert count(whole.mask) == 262_144


def test_the_small_size_and_the_library_have_the_numbers_of_parameters_that_their_descriptions_say():
    with torch.device("meta"):
        assert count(ConvTasNet(4, 2, Sizes(64, 20, 48, 96, 3, 6, 4))) == 257_968
        assert count(ConvTasNet(4, 1, Sizes())) == 10_967_632
        assert count(LibraryConvTasNet(4, 1, Sizes())) == 16_141_905


@pytest.mark.parametrize("length", [1, 19, 20, 25, 400, 1007])
@pytest.mark.parametrize("channels", [1, 2])
def test_estimates_are_as_long_as_the_mixture_and_zero_behind_the_last_whole_frame(length, channels):
    found = network(3, channels)(noise(2, channels, length))
    assert found.shape == (2, 3, channels, length)
    whole = 20 + (length - 20) // 10 * 10 if length >= 20 else 0
    assert not found[..., whole:].any() or length < 20
    assert torch.isfinite(found).all()


def test_the_global_norm_is_that_of_a_hand_computation():
    values = noise(2, 5, 30).double().numpy() * 3 + 1
    norm = GlobalNorm(5).double()
    gain, offset = np.arange(1.0, 6.0)[:, None], np.linspace(-1, 1, 5)[:, None]
    with torch.no_grad():
        norm.gain.copy_(torch.tensor(gain)[None])
        norm.offset.copy_(torch.tensor(offset)[None])
        found = norm(torch.tensor(values)).numpy()
    for item, given in zip(found, values, strict=True):
        expected = gain * (given - given.mean()) / np.sqrt(given.var() + 1e-8) + offset
        np.testing.assert_allclose(item, expected, rtol=1e-10, atol=1e-12)


def test_the_norm_at_the_input_is_that_of_a_hand_computation_frame_by_frame():
    values = noise(2, 5, 30).double().numpy() * 3 + 1
    found = FrameNorm(5).double()(torch.tensor(values)).detach().numpy()
    expected = (values - values.mean(1, keepdims=True)) / np.sqrt(values.var(1, keepdims=True) + 1e-8)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_norms_start_with_unit_gain_and_no_offset():
    for name, parameter in network().named_parameters():
        if name.endswith("gain"):
            assert (parameter == 1).all()
        if name.endswith("offset"):
            assert not parameter.any()


def test_without_the_norms_a_sample_reaches_just_as_far_as_the_dilations_say():
    body = network(1, 1)
    for module in body.modules():
        if isinstance(module, GlobalNorm | FrameNorm):
            module.forward = lambda values: values
    for parameter in body.parameters():
        torch.nn.init.uniform_(parameter, 0.1, 0.2)
    given, frames = torch.ones(1, 1, 20 + 10 * 200), 201
    centre = frames // 2
    streams = []
    body.repeats[-1][-1].register_forward_hook(lambda _module, _given, found: streams.append(found.detach()))
    changed = given.clone()
    changed[..., centre * 10 + 10 : centre * 10 + 20] += 1  # in frames `centre` and `centre + 1`
    body(given), body(changed)
    touched = (streams[0] != streams[1]).any(1)[0].nonzero().flatten()
    reach = 2 * (1 + 2 + 4)  # frames to each side: two repeats of dilations 1, 2, 4
    assert touched.min() == centre - reach
    assert touched.max() == centre + 1 + reach
    assert 4 * 2 * (2**10 - 1) + 1 == 8185  # of the published size, in frames


def test_computing_blocks_twice_gives_the_same_gradients():
    given = noise(2, 2, 500)
    gradients = []
    for remember in (True, False):
        body = network(remember=remember)
        body(given).abs().mean().backward()
        gradients.append([each.grad for each in body.parameters()])
    assert len(gradients[0]) > 10
    assert all(torch.equal(one, two) for one, two in zip(*gradients, strict=True))


def test_a_network_is_known_again_by_its_weights():
    body = network(3, 1)
    again = network_like(body.state_dict())
    again.load_state_dict(body.state_dict())
    assert torch.equal(again(noise(1, 1, 400)), body(noise(1, 1, 400)))
    with pytest.raises(UserError, match="module is conv_tasnet"):
        network_like({"rate": torch.tensor(8000)})


# Training


def test_a_few_steps_lower_the_training_loss():
    learner = trainee(replace(SMALL, learning_rate=1e-2))
    losses = [learner.step(0)["loss"] for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]
    assert np.isfinite(learner.validate()["loss"])


def test_a_batch_depends_on_its_number_alone():
    makes = [
        conv_tasnet.augment(SMALL, [scenes.scene(channels=2), scenes.scene(seed=1, channels=2)], generator_of(seed))
        for seed in (3, 3, 4)
    ]
    assert torch.equal(makes[0].mixture, makes[1].mixture)
    assert not torch.equal(makes[0].mixture, makes[2].mixture)


def test_training_excerpts_are_the_sums_of_their_sources_after_every_change():
    made = conv_tasnet.augment(SMALL, [scenes.scene(seed=each, channels=2) for each in range(4)], generator_of(0))
    assert made.references.shape == (4, 2, 2, 8000 - 800)
    torch.testing.assert_close(made.mixture, made.references.sum(dim=1))


def test_excerpts_are_normalised_by_the_mean_over_channels_of_their_mixture():
    scene = scenes.scene(channels=2)
    made = conv_tasnet.example_of([scene], generator_of(0))
    mono = scene.mixture.mean(dim=0)
    expected = (scene.references - mono.mean()) / mono.std(correction=0)
    torch.testing.assert_close(made.references[0], expected)


def test_an_offset_cuts_each_source_from_a_place_of_its_own():
    given = torch.arange(50.0).expand(8, 3, 2, 50)
    found = conv_tasnet.offset_sources(given, 20, generator_of(0))
    assert found.shape == (8, 3, 2, 30)
    first = found[..., 0, 0]
    assert torch.equal(found, first[..., None, None] + torch.arange(30.0).expand(8, 3, 2, 30))
    assert first.min() >= 0
    assert first.max() <= 20
    assert len(first.unique()) > 5


def test_turning_changes_signs_and_sides_and_nothing_else():
    given = noise(16, 2, 2, 5)
    found = conv_tasnet.flip_signs_and_channels(given, generator_of(0))
    cases = [[given, -given, given.flip(2), -given.flip(2)][case] for case in range(4)]
    hits = torch.stack([(found == case).flatten(2).all(2) for case in cases])
    assert hits.any(0).all()
    assert hits.any(1).any(1).all()


def test_a_remix_exchanges_sources_inside_groups_only():
    given = torch.arange(8.0)[:, None, None, None].expand(8, 2, 1, 1)
    found = conv_tasnet.exchange_sources(given, 4, generator_of(1))[..., 0, 0]
    assert torch.equal(found[:4].sort(dim=0).values, given[:4, :, 0, 0])
    assert torch.equal(found[4:].sort(dim=0).values, given[4:, :, 0, 0])
    assert (found[:, 0] != found[:, 1]).any()
    assert torch.equal(conv_tasnet.exchange_sources(given, 1, generator_of(1)), given)


def test_training_without_stems_is_refused():
    with pytest.raises(UserError, match="true sources"):
        trainee(references=False).step(0)


def test_the_library_network_is_trained_on_mono_and_refuses_stereo():
    settings = replace(SMALL, network="torchaudio")
    assert np.isfinite(trainee(settings, channels=1).step(0)["loss"])
    with pytest.raises(UserError, match="mono"):
        trainee(settings, channels=2)


# Separation


def linear(given: torch.Tensor) -> torch.Tensor:
    """A separator without memory: half and a quarter."""
    return torch.stack([given / 2, given / 4], dim=1)


@pytest.mark.parametrize("length", [1, 99, 100, 101, 350, 1003])
def test_chunks_of_a_separator_without_memory_leave_no_seam(length):
    mixture = noise(2, length)
    for overlap in (0.0, 0.25, 0.5, 0.75):
        found = waveform.crossfade_chunks(linear, mixture, 2, 100, overlap)
        torch.testing.assert_close(found, linear(mixture[None])[0])
    found = waveform.average_over_shifts(linear, mixture, 2, 100, 3, 20, generator_of(0))
    torch.testing.assert_close(found, linear(mixture[None])[0])


def test_away_from_the_ends_of_chunks_the_blocks_without_norms_separate_as_on_the_whole():
    # With the norms no chunk can equal the whole, since they average over what they are given.
    body = network(2, 2).eval()
    for module in body.modules():
        if isinstance(module, GlobalNorm):
            module.forward = lambda values: values
    mixture, size = noise(2, 20 + 10 * 300), 20 + 10 * 100
    with torch.no_grad():
        whole = body(mixture[None])[0]
        part = body(mixture[None, :, 1000 : 1000 + size])[0]
    reach = 10 * (2 * 7 + 2)
    torch.testing.assert_close(part[..., reach:-reach], whole[..., 1000 + reach : 1000 + size - reach])


def test_where_chunks_meet_the_estimates_jump_no_more_than_elsewhere():
    mixture = torch.sin(torch.arange(16000) * 2 * torch.pi * 220 / 8000).expand(2, -1) * 0.3
    body = network(2, 2).eval()
    with torch.no_grad():
        faded = waveform.crossfade_chunks(body, mixture, 2, 4000, 0.5)
        one = body(mixture[None, :, :4000])[0]
    usual = one[..., 200:-200].diff(dim=-1).abs().max()
    assert usual > 0
    assert faded[..., 200:-200].diff(dim=-1).abs().max() < 1.2 * usual


def test_memory_of_chunks_does_not_grow_with_the_song():
    seen = []

    def separator(given: torch.Tensor) -> torch.Tensor:
        seen.append(given.shape[-1])
        return linear(given)

    waveform.crossfade_chunks(separator, noise(2, 10_000), 2, 1000, 0.25)
    assert set(seen) == {1000}
    assert len(seen) > 10


def test_the_level_of_a_song_is_undone_on_every_estimate():
    mixture = noise(2, 1000) * 0.1 + 0.02
    mono = mixture.mean(dim=0)
    given = waveform.level_of(mixture).normalise(mixture)
    torch.testing.assert_close(given, (mixture - mono.mean()) / mono.std(correction=0))
    assembly = waveform.Assembly("faded", 0.1, 0.5)
    found = waveform.separate_song(linear, [1, 0], mixture, 1000, 0, assembly)
    torch.testing.assert_close(found[0], (mixture - mono.mean()) / 4 + mono.mean())


def test_random_shifts_are_those_of_the_scene_and_change_the_estimates():
    settings = replace(SMALL, assembly="shifted", shifts=2, shift_seconds=0.02)
    learner = trainee(settings)
    model, scene = learner.weights(), scenes.scene(channels=2)
    found = [conv_tasnet.separate(each, settings, model) for each in (scene, scene, replace(scene, seed=5))]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_sources_may_be_asked_for_in_another_order_but_must_be_those_of_the_training():
    model, scene = trainee().weights(), scenes.scene(channels=2)
    found = conv_tasnet.separate(scene, SMALL, model)
    turned = conv_tasnet.separate(replace(scene, sources=scene.sources[::-1]), SMALL, model)
    assert torch.equal(found, turned.flip(0))
    assert found.any()
    other = Scene(scene.mixture, scene.rate, ("vocals", "drums"))
    with pytest.raises(UserError, match="trained on the sources accompaniment, vocals"):
        conv_tasnet.separate(other, SMALL, model)


def test_a_model_of_other_settings_or_another_rate_is_refused():
    model, scene = trainee().weights(), scenes.scene(channels=2)
    with pytest.raises(UserError, match="settings must be those"):
        conv_tasnet.separate(scene, replace(SMALL, hidden=11), model)
    with pytest.raises(UserError, match="8000 Hz"):
        conv_tasnet.separate(replace(scene, rate=16000), SMALL, model)
