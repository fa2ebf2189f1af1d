"""The parametric method: the network's sizes and symmetries, training steps, separation without seams."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import safetensors.torch
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from tests.benchmarks import bench_parametric
from tests.methods import scenes
from tests.methods.given import Given
from workflow_scripts.lib.audio import chunks
from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.audio.source_filter import carrier_of
from workflow_scripts.lib.audio.stft import istft, stft
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.losses.spectral import SpectralLoss
from workflow_scripts.lib.methods import parametric
from workflow_scripts.lib.networks.parametric import ParametricNetwork, Sizes, log_magnitudes, unit_pitch
from workflow_scripts.lib.training import network_trainee
from workflow_scripts.lib.weights import umss

SMALL = parametric.Settings(
    encoder_width=16, code_width=8, decoder_width=16, learning_rate=3e-3, decay_steps=1000, chunk_seconds=0.5
)
RATE = 8000
SUPERVISIONS = ("mixture", "voices")


def count(module: torch.nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def trainee(settings: parametric.Settings = SMALL, seed: int = 0, references: bool = True, precision: str = "no"):
    given = Given([scenes.scene(seed=each, length=4000) for each in range(2)], references=references)
    accelerator = Accelerator(cpu=True, mixed_precision=precision)
    return parametric.trainee(TrainingData(given, given), settings, seed, torch.device("cpu"), accelerator)


def small_network(seed: int = 0) -> ParametricNetwork:
    torch.manual_seed(seed)
    return parametric.network_of(SMALL, RATE)


def f0_of(frames: int, *pitches: float) -> torch.Tensor:
    return torch.tensor(pitches).repeat(frames, 1).T.unsqueeze(0)


# The network


def test_the_published_sizes_have_the_published_numbers_of_parameters():
    network = ParametricNetwork()
    assert count(network) == 5_573_961
    assert count(network.encoder) == 1_218_434
    assert count(network) - count(network.encoder) - count(network.decoder) == 513 + 513 + 10_773 + 66_480
    assert count(network.decoder.from_f0) == 529_408
    assert count(network.decoder.from_code) == 594_432


@pytest.mark.parametrize(("rate", "order", "bands"), [(8000, 20, 40), (16000, 20, 40), (44100, 56, 111)])
def test_filters_have_as_many_poles_and_noise_bands_a_hertz_at_high_rates(rate, order, bands):
    network = parametric.network_of(SMALL, rate)
    controls = network(torch.zeros(1, 3 * network.hop), torch.full((1, 2, 3), 200.0))
    assert controls.lsf.shape[-1] == order
    assert controls.noise_magnitudes.shape[-1] == bands


@pytest.mark.parametrize("voices", [1, 3, 8])
@pytest.mark.parametrize("time", [1, 1000, 1024])
def test_controls_have_a_frame_every_hop_for_any_number_of_voices(voices, time):
    network = ParametricNetwork(Sizes(8, 4, 8), hop=128)
    frames = -(-time // 128)
    controls = network(torch.randn(2, time), 300 * torch.rand(2, voices, frames))
    assert controls.amplitude.shape == controls.noise_gain.shape == (2, voices, frames)
    assert controls.lsf.shape == (2, voices, frames, 20)
    assert controls.noise_magnitudes.shape == (2, voices, 40)


def test_controls_stay_within_their_ranges_and_frequencies_ascend():
    controls = small_network()(torch.randn(3, 4000), f0_of(32, 200.0, 0.0).repeat(3, 1, 1))
    assert controls.amplitude.min() > 0 and controls.amplitude.max() < 2
    assert controls.noise_gain.min() > 0 and controls.noise_gain.max() < 1
    assert controls.noise_magnitudes.min() > 0.005 and controls.noise_magnitudes.max() < 1.669
    assert (controls.lsf.diff(dim=-1) > 0).all()
    assert controls.lsf.min() > 0 and controls.lsf.max() < torch.pi


def test_voices_in_another_order_give_controls_in_that_order():
    network, mixture = small_network(), torch.randn(1, 4000)
    f0 = f0_of(32, 110.0, 220.0, 0.0, 440.0)
    order = torch.tensor([2, 0, 3, 1])
    straight, permuted = network(mixture, f0), network(mixture, f0[:, order])
    for name in ("amplitude", "noise_gain", "noise_magnitudes", "lsf"):
        torch.testing.assert_close(getattr(permuted, name), getattr(straight, name)[:, order])
    assert not torch.allclose(straight.amplitude[:, 0], straight.amplitude[:, 1])


def test_a_voice_is_the_same_whoever_sings_with_it():
    network, mixture = small_network(), torch.randn(1, 4000)
    alone, among = network(mixture, f0_of(32, 220.0)), network(mixture, f0_of(32, 330.0, 220.0))
    torch.testing.assert_close(among.lsf[:, 1], alone.lsf[:, 0])


def test_the_encoder_sees_the_spectrum_that_is_written_out():
    signal = torch.as_tensor(stream("log magnitudes").standard_normal(1000), dtype=torch.float32)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    padded = np.pad(signal.double().numpy(), (0, 256))
    expected = [np.log(np.abs(np.fft.rfft(window * padded[m * 128 : m * 128 + 256]))) for m in range(8)]
    torch.testing.assert_close(
        log_magnitudes(signal[None], 128)[0], torch.tensor(np.stack(expected)).float(), atol=1e-3, rtol=1e-3
    )


def test_pitch_is_linear_in_semitones_and_unvoiced_frames_have_their_own_value():
    hz = torch.tensor([20.0, 400.0, 8000.0, 0.0])
    torch.testing.assert_close(unit_pitch(hz), torch.tensor([0.0, 0.5, 1.0, -0.1493]), atol=1e-4, rtol=0)


def test_as_published_the_loss_is_that_of_the_published_formulation_also_with_sharp_filters(monkeypatch):
    sizes = {"BATCH": 1, "VOICES": 2, "TIME": 8192, "FRAMES": 32, "SIZES_OF_NETWORK": Sizes(16, 8, 16)}
    for name, value in sizes.items():
        monkeypatch.setattr(bench_parametric, name, value)
    network, mixture, f0, noise = bench_parametric.problem()
    with torch.no_grad():
        network.lsf_gaps.weight *= 2  # neighbouring frequencies come close: the sharper, the more a gap matters
        mixture[..., :3000] *= 1e-7  # below every floor
    f0[..., 10:14] = 0
    expected = bench_parametric.published_step(network, mixture, f0, noise)
    losses = {}
    for synthesis in ("fixed", "as published"):
        settings = parametric.Settings(encoder_width=16, code_width=8, decoder_width=16, synthesis=synthesis)
        ours = parametric.network_of(settings, bench_parametric.RATE)
        ours.load_state_dict(network.state_dict())
        carrier = carrier_of(f0, 8192, **parametric.SYNTHESES[synthesis][0])
        given = parametric.Example(mixture, f0, carrier, noise, SpectralLoss().targets(mixture))
        losses[synthesis] = parametric.loss_of(settings, ours, given).item()
    assert losses["as published"] == pytest.approx(expected, rel=1e-4)
    assert losses["fixed"] != pytest.approx(expected, rel=0.05)


def test_masks_with_reflected_edges_are_those_of_the_authors_transform():
    signals, mixture = torch.randn(2, 1, 9000).unbind(0)
    ours = stft(signals, 2048, 256, "reflection")
    theirs = torch.stft(mixture, 2048, 256, window=torch.hann_window(2048), return_complex=True)  # centred, reflected
    torch.testing.assert_close(stft(mixture, 2048, 256, "reflection"), theirs)
    assert not torch.allclose(stft(signals, 2048, 256)[..., 0], ours[..., 0], rtol=0.05)
    torch.testing.assert_close(istft(theirs, 2048, 256, 9000), mixture, atol=1e-5, rtol=0)
    with pytest.raises(UserError, match="1024 samples cannot be reflected"):
        stft(mixture[..., :1024], 2048, 256, "reflection")


# A training step

DIFFICULT = {
    "unvoiced": lambda scene: replace(scene, f0=F0(scene.f0.voices, 0 * scene.f0.hz, scene.f0.confidence)),
    "silent": scenes.silence,
    "clipping": lambda scene: replace(scene, mixture=(100 * scene.mixture).clamp(-1, 1)),
    "half silent": lambda scene: replace(scene, mixture=scene.mixture * (torch.arange(4000) < 2000)),
}


@pytest.mark.parametrize("kind", DIFFICULT)
@pytest.mark.parametrize("supervision", SUPERVISIONS)
def test_gradients_are_finite_for_difficult_input(kind, supervision):
    settings = replace(SMALL, supervision=supervision)
    network = small_network()
    given = parametric.example(settings, [DIFFICULT[kind](scenes.scene(length=4000))], generator_of(0))
    parametric.loss_of(settings, network, given).backward()
    gradients = [each.grad for each in network.parameters()]
    assert len(gradients) > 20
    assert all(torch.isfinite(each).all() for each in gradients)


@pytest.mark.parametrize("supervision", SUPERVISIONS)
def test_a_few_steps_lower_the_validation_loss(supervision):
    learner = trainee(replace(SMALL, supervision=supervision))
    before = learner.validate()["loss"]
    for number in range(12):
        assert np.isfinite(learner.step(number)["loss"])
    assert learner.validate()["loss"] < before - 0.5


def test_the_same_seed_takes_the_same_step_to_the_last_bit():
    first, second, other = trainee(), trainee(), trainee(seed=1)
    losses = [[each.step(number)["loss"] for number in (5, 6)] for each in (first, second, other)]
    assert losses[0] == losses[1] != losses[2]
    one, two = first.weights(), second.weights()
    assert len(one) > 20
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_bfloat16_changes_the_loss_by_less_than_a_hundredth():
    try:
        AcceleratorState._reset_state()
        mixed = trainee(precision="bf16").step(0)["loss"]
    finally:
        AcceleratorState._reset_state()
    assert mixed != (full := trainee().step(0)["loss"])
    assert mixed == pytest.approx(full, rel=0.01)


def test_a_batch_and_its_noise_depend_on_the_number_alone():
    straight, resumed = trainee(), trainee()
    straight.step(0)
    resumed.modules["network"].load_state_dict(straight.modules["network"].state_dict())
    resumed.optimizers["network"].load_state_dict(straight.optimizers["network"].state_dict())
    assert straight.step(1) == resumed.step(1)


def test_validation_has_no_side_effect_and_always_hears_the_same_noise():
    learner = trainee()
    weights = learner.weights()
    assert learner.validate() == learner.validate()
    assert all(torch.equal(weights[name], each) for name, each in learner.weights().items())


def test_without_stems_the_mixture_can_teach_and_the_voices_cannot():
    assert np.isfinite(trainee(references=False).step(0)["loss"])
    with pytest.raises(UserError, match="stems"):
        trainee(replace(SMALL, supervision="voices"), references=False).step(0)


def test_the_supervised_loss_of_one_voice_alone_is_the_unsupervised_one():
    alone = scenes.scene(length=4000)
    alone = replace(alone, mixture=alone.references[0], references=alone.references[:1], sources=alone.sources[:1])
    losses = []
    for supervision in SUPERVISIONS:
        settings = replace(SMALL, supervision=supervision)
        given = parametric.example(settings, [alone], generator_of(0))
        losses.append(parametric.loss_of(settings, small_network(), given).item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


# Separation


def test_weights_that_were_saved_and_loaded_separate(tmp_path):
    learner = trainee()
    learner.step(0)
    safetensors.torch.save_file(learner.weights(), tmp_path / "model.safetensors")
    whole = scenes.scene()
    estimates = parametric.separate(whole, SMALL, safetensors.torch.load_file(tmp_path / "model.safetensors"))
    assert estimates.shape == whole.references.shape
    assert torch.equal(estimates, parametric.separate(whole, SMALL, learner.weights()))
    torch.testing.assert_close(estimates.sum(dim=0), whole.mixture, atol=1e-4, rtol=0)


def test_a_stationary_sound_has_no_seam_between_its_chunks():
    """A hum with a period of 37 samples: its periods differ from the next no more than if synthesised in one piece."""
    pitch = RATE / 37
    phase = 2 * np.pi * pitch * np.arange(4 * RATE) / RATE
    hum = torch.tensor(0.1 * sum(np.sin(k * phase) / k for k in range(1, 8)), dtype=torch.float32)[None]
    f0 = F0(("hum",), np.full((1, 252), pitch), np.ones((1, 252)))
    weights = small_weights()
    weights["noise_gain.bias"] -= 30  # without noise, which differs from period to period
    scene, changes = Scene(hum, RATE, ("hum",), 0, f0), {}
    for seconds in (0.5, 100.0):
        settings = replace(SMALL, output="synthesis", chunk_seconds=seconds, overlap=0.5)
        periods = parametric.separate(scene, settings, weights)[0, 0].double().unfold(0, 37, 37)[5:-5]
        assert len(periods) == 854
        level = periods[30:].norm(dim=-1)  # behind the onset, where the network starts from nothing
        assert level.min() > 0.7 * level.max()  # copies of a voice with different phases would beat
        changes[seconds] = (periods[1:] - periods[:-1]).norm(dim=-1) / periods[1:].norm(dim=-1)
    assert changes[0.5].max() < 1.25 * changes[100.0].max()
    assert changes[0.5].mean() < 1.25 * changes[100.0].mean()


def small_weights() -> dict[str, torch.Tensor]:
    return trainee().weights()


def test_masks_of_all_numbers_of_voices_add_up_to_the_mixture():
    whole = scenes.scene(length=3000)
    for voices in (1, 5, 8):
        names = tuple(f"voice {index}" for index in range(voices))
        hz = np.outer(110.0 * 1.3 ** np.arange(voices), np.ones(30))
        many = Scene(whole.mixture, RATE, names, 0, F0(names, hz, np.ones_like(hz)))
        estimates = parametric.separate(many, SMALL, small_weights())
        assert estimates.shape == (voices, 1, 3000)
        torch.testing.assert_close(estimates.sum(dim=0), whole.mixture, atol=1e-4, rtol=0)


def test_silence_is_synthesised_as_silence():
    quiet = scenes.silence(scenes.scene(length=3000, channels=2))
    estimates = parametric.separate(quiet, replace(SMALL, output="synthesis"), small_weights())
    assert estimates.shape == quiet.references.shape
    assert not estimates.any()


def test_a_model_for_another_rate_or_size_is_refused():
    weights, whole = small_weights(), scenes.scene(rate=11025, length=3000)
    with pytest.raises(UserError, match="8000 Hz"):
        parametric.separate(whole, SMALL, weights)
    with pytest.raises(UserError, match="shape"):
        parametric.separate(scenes.scene(length=3000), replace(SMALL, decoder_width=24), weights)


# Chunks


@pytest.mark.parametrize(("length", "size", "overlap"), [(10, 10, 0.5), (3, 10, 0.5), (101, 10, 0.5), (64, 10, 0.0)])
def test_chunks_cut_and_joined_are_the_signal(length, size, overlap):
    signal = torch.as_tensor(stream("chunks").standard_normal((2, length)))
    starts = chunks.starts(length, size, overlap)
    assert starts[0] == 0
    assert starts[-1] == max(0, length - size)
    assert all(after - before <= size * (1 - overlap) for before, after in pairwise(starts))
    torch.testing.assert_close(chunks.join(chunks.cut(signal, starts, size), starts, length, size), signal)


# Released weights


def released() -> dict[str, torch.Tensor]:
    """Random tensors with the names and shapes of the public code's own modules."""
    generator = torch.Generator().manual_seed(0)
    shapes = {"encoder.layer_norm.scale": (1, 257, 1, 1), "encoder.layer_norm.shift": (1, 257, 1, 1)}
    for name, fan_in, width in (
        ("encoder.gru1", 257, 256), ("encoder.gru2", 256, 256), ("encoder.gru3", 256, 256),
        ("decoder.gru", 1024, 512), ("gru_noise_mag", 512, 40),
    ):  # fmt: skip
        shapes |= {f"{name}.weight_ih_l0": (3 * width, fan_in), f"{name}.weight_hh_l0": (3 * width, width)}
        shapes |= {f"{name}.bias_ih_l0": (3 * width,), f"{name}.bias_hh_l0": (3 * width,)}
    layers = [("encoder.dense", 256, 128), *((f"dense_outs.{k}", 512, size) for k, size in enumerate((1, 1, 21)))]
    for stack, fan_in in (("f0_mlp", 1), ("z_mlp", 128), ("mlp", 512)):
        for k in range(3):
            layers.append((f"decoder.{stack}.{k}.0", 512 if k else fan_in, 512))
            shapes |= {f"decoder.{stack}.{k}.1.{part}": (512,) for part in ("weight", "bias")}
    for name, fan_in, fan_out in layers:
        shapes |= {f"{name}.weight": (fan_out, fan_in), f"{name}.bias": (fan_out,)}
    return {name: 0.05 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def test_released_weights_are_imported_by_name_and_separate(tmp_path):
    tensors = released()
    assert sum(each.numel() for each in tensors.values()) == 5_573_961
    torch.save(tensors, tmp_path / "released.pth")
    torch.save({"epoch": 3, "state_dict": tensors}, tmp_path / "state.chkpnt")
    safetensors.torch.save_file(tensors, tmp_path / "released.safetensors")
    names = ("released.pth", "state.chkpnt", "released.safetensors")
    models = [umss.read_model(tmp_path / name) for name in names]
    assert all(torch.equal(models[0][name], other[name]) for other in models[1:] for name in models[0])
    assert torch.equal(models[0]["decoder.from_code.3.weight"], tensors["decoder.z_mlp.1.0.weight"])
    assert torch.equal(models[0]["decoder.out.7.bias"], tensors["decoder.mlp.2.1.bias"])
    assert torch.equal(models[0]["encoder.normalise.scale"], tensors["encoder.layer_norm.scale"].flatten())
    whole = scenes.scene(rate=16000, length=4000)
    estimates = parametric.separate(whole, parametric.Settings(synthesis="as published"), models[0])
    assert estimates.shape == whole.references.shape
    assert estimates.abs().max() > 1e-3


def test_released_weights_with_other_names_or_shapes_are_refused_in_one_sentence():
    missing, extra, misshapen = released(), released(), released()
    del missing["encoder.dense.bias"]
    extra["encoder.gru4.bias_ih_l0"] = torch.zeros(3)
    misshapen["dense_outs.2.bias"] = torch.zeros(11)
    for tensors, words in (
        (missing, "encoder.dense.bias"), (extra, "encoder.gru4"), (misshapen, r"\(11,\) where \(21,\)"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=words):
            umss.convert(tensors, "released.pth")


def test_names_of_another_checkpoint_are_given_in_a_table():
    tensors = {name.replace("gru_noise_mag", "noise_gru"): each for name, each in released().items()}
    with pytest.raises(UserError, match="gru_noise_mag"):
        umss.convert(tensors, "other.pth")
    model = umss.convert(tensors, "other.pth", {**umss.NAMES, "noise_shape.": "noise_gru."})
    assert torch.equal(model["noise_shape.bias_ih_l0"], tensors["noise_gru.bias_ih_l0"])


def test_a_checkpoint_that_would_run_code_is_not_loaded(tmp_path):
    torch.save({"state_dict": released(), "config": Given([scenes.scene(length=100)])}, tmp_path / "code.pth")
    (tmp_path / "text.pth").write_text("no weights")
    for name in ("code.pth", "text.pth", "absent.pth"):
        with pytest.raises(UserError, match="cannot be read as weights"):
            umss.read_model(tmp_path / name)


def test_an_excerpt_is_the_mean_of_its_channels_divided_by_the_peak_of_that():
    mixture = torch.tensor([[0.2, -0.4, 0.0], [0.4, -0.4, 0.2]])
    scene = Scene(mixture, RATE, ("a",), references=torch.tensor([[[0.2, 0.0, 0.2], [0.0, 0.0, 0.2]]]))
    found = network_trainee.batch([scene])
    torch.testing.assert_close(found.mixture, torch.tensor([[0.75, -1.0, 0.25]]))
    torch.testing.assert_close(found.references, torch.tensor([[[0.25, 0.0, 0.5]]]))
