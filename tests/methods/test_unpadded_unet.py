"""The U-Net without padding: sizes, shapes and alignment, whole tracks from patches, and batches that are half made."""

from dataclasses import replace

import pytest
import safetensors.torch
import torch
from accelerate import Accelerator

from tests.methods import scenes
from tests.methods.given import Given, unpaired
from workflow_scripts.lib.audio.stft import stft
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets import mixing
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.methods import unpadded_unet
from workflow_scripts.lib.networks.unpadded_unet import (
    PatchShape,
    UnpaddedUNet,
    as_given,
    as_read,
    centre,
    patch_shape,
)
from workflow_scripts.lib.training import checkpoint, loop
from workflow_scripts.lib.training import patches as separation
from workflow_scripts.lib.training.loop import Diverged
from workflow_scripts.lib.training.separator import paired_seed

SMALL = unpadded_unet.Settings(window=64, hop=32, frames=8, levels=2, width=2, learning_rate=3e-3)
LENGTH = 2000


def count(module: torch.nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def examples(length: int = LENGTH, channels: int = 1) -> list[Scene]:
    return [scenes.scene(seed=seed, length=length, channels=channels) for seed in range(3)]


def data_of(settings: unpadded_unet.Settings = SMALL, start: dict | None = None, length: int = LENGTH) -> TrainingData:
    given = Given(examples(length), batch=4)
    return TrainingData(given, given, unpaired(examples(length), batch=4), start or {})


def trainee(settings: unpadded_unet.Settings = SMALL, seed: int = 0, **given) -> unpadded_unet.SupervisedTrainee:
    return unpadded_unet.trainee(data_of(settings, **given), settings, seed, torch.device("cpu"), Accelerator(cpu=True))


# Sizes and shapes


def test_the_published_sizes_have_the_published_numbers_of_parameters():
    assert count(UnpaddedUNet(2, 4, 16, "relu")) == 958_596
    assert count(UnpaddedUNet(2, 3, 16, "relu")) == 237_188
    assert count(UnpaddedUNet(2, 3, 8, "relu")) == 59_460


@pytest.mark.parametrize(
    ("wanted", "levels", "read", "given"),
    [
        ((256, 64), 4, (350, 158), (258, 66)), ((257, 64), 4, (350, 158), (258, 66)),
        ((128, 32), 3, (174, 78), (130, 34)), ((64, 32), 3, (110, 78), (66, 34)), ((33, 8), 2, (54, 30), (34, 10)),
    ],
)  # fmt: skip
def test_the_shape_rule_gives_the_shapes_that_the_network_reads_and_gives(wanted, levels, read, given):
    shape = patch_shape(*wanted, levels)
    assert shape == PatchShape(read, given)
    assert UnpaddedUNet(2, levels, 1)(torch.rand(1, *read)).shape == (1, 2, *given)


def test_the_published_shape_has_46_bins_and_frames_of_context_on_each_side():
    shape = patch_shape(257, 64, 4)
    assert shape.margin == (46, 46)
    spectrum = torch.ones(257, 158)
    assert as_read(spectrum, shape).sum(dim=1).nonzero().flatten().tolist() == list(range(46, 46 + 257))
    assert as_given(spectrum, shape).sum(dim=1).nonzero().flatten().tolist() == list(range(257))


def test_kernels_start_glorot_uniform_and_biases_at_zero():
    torch.manual_seed(0)
    network = UnpaddedUNet(2, 4, 16)
    kernel = network.down[3].weight  # 128 -> 256 channels, 3 x 3
    bound = (6 / (9 * (128 + 256))) ** 0.5
    assert kernel.abs().max() <= bound
    assert kernel.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)
    biases = [each for name, each in network.named_parameters() if name.endswith("bias")]
    assert len(biases) == 14
    assert not any(bias.any() for bias in biases)


# Heads


@pytest.mark.parametrize("sources", [2, 3, 5])
def test_masked_sources_add_up_to_the_mixture_for_any_number_of_sources(sources):
    torch.manual_seed(0)
    shape = patch_shape(33, 8, 2)
    mixture = 3 * torch.rand(2, *shape.read)
    estimates = UnpaddedUNet(sources, 2, 4)(mixture)
    assert estimates.shape == (2, sources, *shape.given)
    assert estimates.min() > 0
    torch.testing.assert_close(torch.expm1(estimates).sum(dim=1), torch.expm1(centre(mixture, shape.given)))


def test_the_relu_head_gives_each_source_by_itself_and_nothing_below_zero():
    torch.manual_seed(0)
    shape = patch_shape(33, 8, 2)
    estimates = UnpaddedUNet(3, 2, 4, "relu")(torch.rand(2, *shape.read))
    assert estimates.shape == (2, 3, *shape.given)
    assert estimates.min() == 0
    assert estimates.max() > 0


# Alignment


def passing(sources: int = 2) -> UnpaddedUNet:
    """A network whose sources are all the mixture: its heads hear the input alone."""
    network = UnpaddedUNet(sources, SMALL.levels, SMALL.width, "relu")
    with torch.no_grad():
        for head in network.heads:
            head.weight.zero_()
            head.weight[:, 0] = 1.0
    return network


@pytest.mark.parametrize("place", [(0, 0), (0, 17), (5, 9), (31, 20), (32, 39)])
def test_an_impulse_comes_back_in_its_bin_and_frame(place):
    mixture = torch.zeros(1, 33, 40)
    mixture[0, place[0], place[1]] = 2.0
    with torch.no_grad():
        estimates = torch.cat(list(separation.estimates(passing(), mixture, SMALL)), dim=-1)
    assert estimates.shape == (1, 2, 33, 40)
    assert torch.equal(estimates, mixture.unsqueeze(1).expand(-1, 2, -1, -1))


def test_targets_stand_where_the_network_gives_the_middle_of_what_it_reads():
    whole = scenes.scene(length=LENGTH)
    same = replace(whole, references=whole.mixture.expand(2, 1, -1))
    example = separation.example_of([same], SMALL)
    with torch.no_grad():
        given = passing()(example.mixture)
    assert given.max() > 0.5
    assert torch.equal(given, example.targets)


def test_a_patch_is_the_middle_of_its_excerpt():
    whole = scenes.scene(length=LENGTH)
    example, spectrum = separation.example_of([whole], SMALL), stft(whole.references[:, 0], 64, 32).abs().log1p()
    first = (spectrum.shape[-1] - SMALL.shape.read[1]) // 2 + SMALL.shape.margin[1]
    expected = spectrum[..., first : first + SMALL.shape.given[1]]
    assert example.targets.shape == (1, 2, *SMALL.shape.given)
    torch.testing.assert_close(example.targets[0, :, :33], expected)
    assert not example.targets[0, :, 33:].any()


# Whole tracks


@pytest.mark.parametrize("frames", [1, 9, 10, 11, 20, 47])
def test_a_track_of_any_length_is_covered_and_its_last_patch_ends_with_it(frames):
    torch.manual_seed(0)
    network, mixture = UnpaddedUNet(2, 2, 2), torch.rand(2, 33, frames)
    margin = SMALL.shape.margin[1]
    padded = as_read(torch.nn.functional.pad(mixture, (margin, margin + 10)), SMALL.shape)
    with torch.no_grad():
        estimates = torch.cat(list(separation.estimates(network, mixture, SMALL)), dim=-1)
        last = max(0, frames - 10)
        expected = network(padded[..., last : last + SMALL.shape.read[1]])[..., :33, : min(frames, 10)]
    assert estimates.shape == (2, 2, 33, frames)
    torch.testing.assert_close(estimates[..., last:], expected)


def test_channels_are_separated_one_by_one():
    model = trainee().weights()
    stereo = scenes.scene(length=LENGTH, channels=2)
    alone = replace(stereo, mixture=stereo.mixture[1:])
    settings = replace(SMALL, scale="own")
    both = unpadded_unet.separate(stereo, settings, model)
    torch.testing.assert_close(both[:, 1:], unpadded_unet.separate(alone, settings, model))


def test_a_track_is_scaled_to_the_peak_of_the_training_and_back():
    """The same as scaling it by hand to that peak, separating it as it is, and scaling the estimates back."""
    whole, model = scenes.scene(length=LENGTH), trainee().weights()
    factor = 0.8 / whole.mixture.abs().amax()
    model["peak"] = torch.tensor(0.8)
    louder = replace(whole, mixture=factor * whole.mixture)
    by_hand = unpadded_unet.separate(louder, replace(SMALL, scale="own"), model) / factor
    found = unpadded_unet.separate(whole, SMALL, model)
    torch.testing.assert_close(found, by_hand, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(found, unpadded_unet.separate(whole, replace(SMALL, scale="own"), model), rtol=1e-2)


def test_the_peak_of_a_model_is_the_highest_of_the_mixtures_that_it_was_validated_on():
    given = Given(examples(), batch=4)
    expected = max(float(each.mixture.abs().amax()) for each in given.scenes)
    assert trainee().weights()["peak"].item() == pytest.approx(expected)
    start = trainee().weights() | {"peak": torch.tensor(0.123)}
    assert trainee(start=start).weights()["peak"].item() == pytest.approx(0.123)


@pytest.mark.parametrize("scale", ["training", "own"])
def test_silence_stays_silence_at_any_scale(scale):
    whole = scenes.scene(length=LENGTH)
    silent = replace(whole, mixture=torch.zeros_like(whole.mixture))
    found = unpadded_unet.separate(silent, replace(SMALL, scale=scale), trainee().weights())
    assert torch.isfinite(found).all() and found.abs().max() < 1e-6


@pytest.mark.parametrize("head", ["mask", "relu"])
def test_the_mask_reconstruction_adds_up_to_the_mixture_whatever_the_head(head):
    settings = replace(SMALL, head=head, reconstruction="mask")
    whole = scenes.scene(length=LENGTH)
    estimates = unpadded_unet.separate(whole, settings, trainee(settings).weights())
    torch.testing.assert_close(estimates.sum(dim=0), whole.mixture, atol=1e-5, rtol=0)


def test_masks_give_the_same_signals_with_either_reconstruction():
    whole, model = scenes.scene(length=LENGTH), trainee().weights()
    one, two = (
        unpadded_unet.separate(whole, replace(SMALL, reconstruction=each), model) for each in ("magnitude", "mask")
    )
    assert one.abs().max() > 0.01
    torch.testing.assert_close(one, two, atol=1e-5, rtol=0)


def test_more_than_two_sources_are_separated():
    whole = scenes.scene(length=LENGTH)
    three = replace(whole, references=torch.cat([whole.references, whole.references[:1]]), sources=("a", "b", "c"))
    given = Given([three])
    learner = unpadded_unet.trainee(TrainingData(given, given), SMALL, 0, torch.device("cpu"), Accelerator(cpu=True))
    assert {"mse_a", "mse_b", "mse_c"} < learner.step(1).keys()
    validation = learner.validate()
    assert validation.keys() == {"loss", "mse_a", "mse_b", "mse_c"}
    assert validation["loss"] == pytest.approx(sum(value for name, value in validation.items() if name != "loss"))
    assert unpadded_unet.separate(three, SMALL, learner.weights()).shape == (3, 1, LENGTH)


# Training


def test_some_steps_lower_the_validation_loss():
    learner = trainee(replace(SMALL, learning_rate=1e-2))
    before = learner.validate()["loss"]
    for number in range(1, 31):
        learner.step(number)
    assert learner.validate()["loss"] < 0.6 * before


def test_the_average_of_the_weights_is_what_is_validated_and_kept():
    learner, path = trainee(replace(SMALL, average=0.9)), []
    for number in range(1, 4):
        learner.step(number)
        path.append(learner.modules["separator"].first.weight.detach().clone())
    average = path[0]
    for weight in path[1:]:
        average = 0.9 * average + 0.1 * weight
    torch.testing.assert_close(learner.weights()["first.weight"], average)
    assert not torch.equal(learner.weights()["first.weight"], path[-1])


@pytest.mark.parametrize("extra", ["none", "remix", "self_training", "noisy_student"])
def test_a_training_that_goes_on_from_its_state_repeats_every_bit(extra, tmp_path):
    settings, accelerator = replace(SMALL, extra=extra, average=0.9), Accelerator(cpu=True)
    start = trainee().weights()
    straight, resumed = trainee(settings, start=start), trainee(settings, start=start)
    for number in (1, 2, 3):
        straight.step(number)
    checkpoint.save(tmp_path / "state.pt", "same", loop.state_of(straight, accelerator))
    loop.restore(resumed, accelerator, checkpoint.load(tmp_path / "state.pt", "same", print))
    assert straight.step(4) == resumed.step(4)
    one, two = straight.weights(), resumed.weights()
    assert len(one) > 10
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_training_goes_on_from_the_weights_it_is_given_and_hears_other_excerpts():
    start = trainee(seed=5).weights()
    learner = trainee(start=start)
    weights = learner.weights()
    assert all(torch.equal(weights[name], start[name]) for name in start)
    assert paired_seed(data_of(), 0) != paired_seed(data_of(start=start), 0)


def test_a_model_to_start_from_must_be_of_the_same_rate_sources_and_size():
    start = trainee().weights()
    with pytest.raises(UserError, match="11025 Hz"):
        trainee(start={**start, "rate": torch.tensor(11025)})
    with pytest.raises(UserError, match="same order"):
        trainee(start={**start, "source.vocals": torch.tensor(1), "source.accompaniment": torch.tensor(0)})
    with pytest.raises(UserError, match="shape"):
        trainee(replace(SMALL, width=3), start=start)


def test_an_excerpt_without_room_for_the_context_is_refused_with_the_seconds_that_are_needed():
    with pytest.raises(UserError, match=r"lasts 928 samples, and an excerpt has 900; set training.seconds to 0.12"):
        trainee(length=900).step(1)
    assert trainee(length=928).step(1)["loss"] > 0


def test_a_dead_output_is_named():
    learner = trainee(replace(SMALL, head="relu"))
    with torch.no_grad():
        learner.modules["separator"].heads[0].weight.fill_(-1.0)
    with pytest.raises(Diverged, match="vocals is zero on all validation excerpts"):
        learner.validate()


# Half-made batches


def test_half_of_a_batch_is_made_up_of_the_same_seed_and_number():
    asked = []

    class Paired:
        def batch(self, seed, number):
            asked.append((seed, number))
            return ["paired"] * 5

    def made(seed, number, count):
        asked.append((seed, number, count))
        return ["made"] * count

    assert mixing.PartlySyntheticBatches(Paired(), made).batch(7, 3) == ["paired"] * 3 + ["made"] * 2
    assert asked == [(7, 3), (7, 3, 2)]


def test_remixes_are_sums_of_solo_recordings_with_gains_and_the_other_half_is_paired():
    given = examples()
    made = mixing.RandomMixes(unpaired(given), scenes.SOURCES, mixing.Gains(0.5, 1.2))
    batch = mixing.PartlySyntheticBatches(Given(given, batch=7), made).batch(0, 1)
    paired, mixed = batch[:4], batch[4:]
    assert len(mixed) == 2  # the solo recordings give two an item here
    assert all(any(torch.equal(scene.mixture, each.mixture) for each in given) for scene in paired)
    for scene in mixed:
        torch.testing.assert_close(scene.mixture, scene.references.sum(dim=0))
        for index, reference in enumerate(scene.references):
            ratios = [
                (reference * solo.references[index]).sum() / solo.references[index].square().sum() for solo in given
            ]
            rests = [
                (reference - ratio * solo.references[index]).abs().max()
                for ratio, solo in zip(ratios, given, strict=True)
            ]
            assert min(rests) < 1e-5
            assert 0.5 <= ratios[rests.index(min(rests))] < 1.2


def test_labelled_are_mixtures_with_the_teachers_estimates_or_shuffled_sums_of_them():
    given = examples()
    teacher = lambda mixtures: torch.stack([0.25 * mixtures, 0.75 * mixtures])  # noqa: E731
    labelled = mixing.PseudoLabels(unpaired(given, batch=3), scenes.SOURCES, teacher, None)(0, 1, 3)
    assert len(labelled) == 3
    for scene in labelled:
        torch.testing.assert_close(scene.references, torch.stack([0.25 * scene.mixture, 0.75 * scene.mixture]))
    noisy = mixing.PseudoLabels(unpaired(given, batch=3), scenes.SOURCES, teacher, mixing.Gains(1.0, 1.0))
    assert noisy(0, 1, 0) == []
    mixed = [scene for number in range(4) for scene in noisy(0, number, 3)]
    for scene in mixed:
        torch.testing.assert_close(scene.mixture, scene.references.sum(dim=0))
    assert any(not torch.allclose(3 * scene.references[0], scene.references[1]) for scene in mixed)


def test_a_teacher_stays_as_it_was_and_what_is_missing_is_named():
    start = trainee().weights()
    settings = replace(SMALL, extra="self_training")
    learner = trainee(settings, start=start)
    before = learner.train.synthesise.teacher(torch.ones(1, 500))
    learner.step(1)
    assert torch.equal(before, learner.train.synthesise.teacher(torch.ones(1, 500)))
    with pytest.raises(UserError, match="teacher"):
        trainee(settings)
    given = Given(examples())
    with pytest.raises(UserError, match="needs unpaired recordings"):
        unpadded_unet.trainee(
            TrainingData(given, given), replace(SMALL, extra="remix"), 0, torch.device("cpu"), Accelerator(cpu=True)
        )


# Models


def test_weights_that_were_saved_and_loaded_separate_and_others_are_refused(tmp_path):
    learner = trainee()
    learner.step(1)
    safetensors.torch.save_file(learner.weights(), tmp_path / "model.safetensors")
    model, whole = safetensors.torch.load_file(tmp_path / "model.safetensors"), scenes.scene(length=LENGTH)
    assert torch.equal(
        unpadded_unet.separate(whole, SMALL, model), unpadded_unet.separate(whole, SMALL, learner.weights())
    )
    with pytest.raises(UserError, match="vocals, accompaniment"):
        unpadded_unet.separate(replace(whole, sources=whole.sources[::-1]), SMALL, model)
    with pytest.raises(UserError, match="8000 Hz"):
        unpadded_unet.separate(scenes.scene(rate=11025, length=LENGTH), SMALL, model)
