"""The factorisations: their divergences never rise, zeros stay, and peers and hand-made spectra agree."""

import warnings
from dataclasses import replace
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from sklearn.decomposition import NMF

from tests.methods import scenes
from workflow_scripts.lib.audio import nmf, voices
from workflow_scripts.lib.audio.f0 import F0
from workflow_scripts.lib.audio.masks import analyse, floor_of, spectrogram_in_blocks
from workflow_scripts.lib.audio.windows import window_length
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.embedded import chorales
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.methods import nmf_harmonic, nmf_source_filter, nmf_supervised

DIVERGENCES = {"kl": nmf.kl_divergence, "is": nmf.is_divergence}


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def uniform(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.rand(shape, generator=generator(seed), dtype=torch.float64)


def problem(seed: int, batch: tuple[int, ...] = (), zeros: float = 0.0) -> tuple[torch.Tensor, ...]:
    """Target of wide dynamic range with W and H to start from, a share of them zero but for the last component.

    It keeps every bin of the model above the floor, where the Itakura-Saito divergence would drown in 1 / floor.
    """
    target = uniform((*batch, 14, 11), seed).pow(8) + 1e-9
    w, h = uniform((*batch, 14, 4), seed + 1000), uniform((*batch, 4, 11), seed + 2000)
    w[..., :3] *= uniform((*batch, 14, 3), seed + 3000) >= zeros
    h[..., :3, :] *= uniform((*batch, 3, 11), seed + 4000) >= zeros
    return target, w, h


def model(w: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
    return w @ h + floor_of(h.dtype)


def assert_never_rises(values: list[torch.Tensor]) -> None:
    """Values of a divergence after each update, apart from float64's rounding."""
    assert len(values) > 2
    for before, after in pairwise(values):
        assert (after <= before * (1 + 1e-10) + 1e-10).all()
    assert (values[-1] < values[0]).all()


@pytest.mark.parametrize("zeros", [0.0, 0.4], ids=["dense", "with zeros"])
@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize("seed", range(5))
def test_the_divergence_never_rises_between_updates(divergence, seed, zeros):
    target, w, h = problem(seed, batch=(3,), zeros=zeros)
    value = DIVERGENCES[divergence]
    values = [value(target, model(w, h))]
    for _ in range(30):
        h = nmf.update_activations(target, w, h, divergence)
        values.append(value(target, model(w, h)))
        w = nmf.update_dictionary(target, w, h, divergence)
        values.append(value(target, model(w, h)))
    assert_never_rises(values)


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_what_is_zero_stays_zero_and_what_is_not_stays_positive(divergence):
    target, w, h = problem(7, zeros=0.5)
    w[:, 0], h[1] = 0, 0  # a whole template and a whole activation
    w_after, h_after = nmf.factorise(target, w, h, divergence, iterations=10)
    assert (w == 0).any()
    assert (w_after[w == 0] == 0).all()
    assert (h_after[h == 0] == 0).all()
    assert torch.isfinite(w_after).all()
    assert torch.isfinite(h_after).all()
    assert (h_after[2:][h[2:] > 0] > 0).all()


@pytest.mark.parametrize(("divergence", "loss"), [("kl", "kullback-leibler"), ("is", "itakura-saito")])
@pytest.mark.parametrize("iterations", [1, 4])
def test_updates_equal_those_of_scikit_learn(divergence, loss, iterations):
    target, w, h = problem(3)
    peer = NMF(4, init="custom", solver="mu", beta_loss=loss, max_iter=iterations, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that so few updates do not converge
        # Its first factor moves first, so that it is given the transposed problem.
        activations = peer.fit_transform(target.T.numpy(), W=h.T.numpy().copy(), H=w.T.numpy().copy())
    w_after, h_after = nmf.factorise(target, w, h, divergence, iterations)
    np.testing.assert_allclose((w_after @ h_after).numpy(), (activations @ peer.components_).T, rtol=1e-6)


def test_leading_dimensions_are_separate_problems():
    target, w, h = problem(5, batch=(2, 3))
    together = nmf.factorise(target, w, h, "kl", 5)[1]
    alone = nmf.factorise(target[1, 2], w[1, 2], h[1, 2], "kl", 5)[1]
    torch.testing.assert_close(together[1, 2], alone, rtol=1e-12, atol=0)


def test_an_exact_factorisation_is_a_fixed_point():
    _, w, h = problem(9)
    after = nmf.update_activations(w @ h, w, h, "kl")
    torch.testing.assert_close(after, h, rtol=1e-10, atol=0)


def test_normalising_leaves_the_product_and_gives_templates_of_sum_one():
    _, w, h = problem(11)
    unit, scaled = nmf.normalise(w, h)
    torch.testing.assert_close(unit @ scaled, w @ h)
    torch.testing.assert_close(unit.sum(dim=0), torch.ones(4, dtype=torch.float64))


def test_a_resting_dictionary_is_left_as_it_was():
    target, w, h = problem(12)
    after, _ = nmf.factorise(target, w, h, "kl", iterations=3, fixed_iterations=3)
    assert torch.equal(after, w)


def test_a_seed_means_the_same_start_in_both_precisions():
    double = nmf.random_start((50,), generator(1), torch.zeros(1, dtype=torch.float64))
    single = nmf.random_start((50,), generator(1), torch.zeros(1))
    assert (double > 0).all()
    assert torch.equal(double.float(), single)


def source_filter_problem(seed: int) -> tuple[torch.Tensor, nmf_source_filter.Factors]:
    """Random spectrum [frame, bin] and a random start of two voices, the second silent in some frames.

    There are more frames than a block has.
    """
    target = uniform((70, 65), seed).pow(8) + 1e-9
    bins = voices.bin_frequencies(128, 8000, target)
    combs = nmf_source_filter.glottal_combs(bins, 100 + 300 * uniform((9,), seed + 1), 0.25, 1e-3)
    near = torch.randint(0, 9, (2, 70, 3), generator=generator(seed + 2))
    sounds = torch.ones(2, 70, 1, dtype=torch.float64)
    sounds[1, 20:40] = 0
    bands = nmf_source_filter.hann_bands(65, 6, 0.75, target)
    factors = nmf_source_filter.start(target, combs, bands, near, sounds, 3, seed)
    return target, replace(factors, comb_gains=factors.comb_gains * uniform((2, 70, 3), seed + 3))


def source_filter_divergence(target: torch.Tensor, factors: nmf_source_filter.Factors) -> torch.Tensor:
    return nmf.is_divergence(target, nmf_source_filter.voice_models(factors).sum(dim=0) + floor_of(target.dtype))


def update_filters_alone(target: torch.Tensor, factors: nmf_source_filter.Factors) -> nmf_source_filter.Factors:
    up, down = nmf_source_filter.filter_gradients(target, factors)
    return replace(factors, filters=factors.filters * (up / down).sqrt())


@pytest.mark.parametrize("seed", range(5))
def test_no_source_filter_update_raises_the_divergence(seed):
    target, factors = source_filter_problem(seed)
    values = [source_filter_divergence(target, factors)]
    steps = (
        lambda given: nmf_source_filter.update_comb_gains(target, given, 0.5),
        lambda given: nmf_source_filter.update_filter_gains(target, given, 0.5),
        lambda given: update_filters_alone(target, given),
    )
    for _ in range(20):
        for step in steps:
            factors = step(factors)
            values.append(source_filter_divergence(target, factors))
    assert_never_rises(values)


def test_a_round_in_blocks_is_the_three_updates_of_the_whole_one_after_the_other():
    target, factors = source_filter_problem(3)
    expected = nmf_source_filter.update_comb_gains(target, factors, 0.5)
    expected = update_filters_alone(target, nmf_source_filter.update_filter_gains(target, expected, 0.5))
    models = nmf_source_filter.voice_models(nmf_source_filter.update(target, factors, 0.5))
    torch.testing.assert_close(models, nmf_source_filter.voice_models(expected), rtol=1e-9, atol=0)


def test_source_models_are_the_near_combs_weighted_by_their_gains():
    _, factors = source_filter_problem(4)
    expected = sum(
        factors.comb_gains[..., k, None] * factors.combs[factors.near[..., k]] for k in range(factors.near.shape[-1])
    )
    torch.testing.assert_close(nmf_source_filter.source_models(factors), expected)


def test_source_filter_activations_that_are_zero_stay_zero():
    target, factors = source_filter_problem(1)
    silent = factors.comb_gains == 0
    for _ in range(10):
        factors = nmf_source_filter.update(target, factors, 0.5)
    assert silent.any()
    assert (factors.comb_gains[silent] == 0).all()
    assert (factors.comb_gains[~silent] > 0).all()


def test_balancing_the_factors_leaves_the_model_and_puts_the_level_into_the_combs():
    _, start = source_filter_problem(2)
    factors = replace(start, filters=3 * start.filters, filter_gains=5 * start.filter_gains)
    balanced = nmf_source_filter.balance(factors)
    before, after = nmf_source_filter.voice_models(factors), nmf_source_filter.voice_models(balanced)
    torch.testing.assert_close(after, before)
    for sums in (balanced.filters.sum(dim=-1), balanced.filter_gains.sum(dim=-1)):
        torch.testing.assert_close(sums, torch.ones_like(sums))


@pytest.mark.parametrize("partial", [1, 2, 5, 9])
@pytest.mark.parametrize("open_quotient", [0.25, 0.6])
def test_glottal_amplitudes_are_the_fourier_integral_of_the_flow_derivative(partial, open_quotient):
    def flow(t):
        return 2 * t - 3 * t**2

    angle = 2 * np.pi * partial * open_quotient
    real = quad(lambda t: flow(t) * np.cos(angle * t), 0, 1)[0]
    imaginary = quad(lambda t: flow(t) * np.sin(angle * t), 0, 1)[0]
    ours = nmf_source_filter.glottal_amplitudes(torch.tensor([float(partial)], dtype=torch.float64), open_quotient)
    assert ours.item() == pytest.approx(np.hypot(real, imaginary), abs=1e-9)


def test_the_lobe_is_the_transform_of_the_hann_window():
    window = np.hanning(257)[:256]
    transform = np.abs(np.fft.fft(window, 256 * 16))[:32] / window.sum()
    lobe = voices.hann_lobe(torch.arange(32, dtype=torch.float64) / 16)
    np.testing.assert_allclose(lobe.numpy(), transform, atol=1e-3)
    assert not voices.hann_lobe(torch.tensor([2.0, 2.5, -3.3])).any()


def test_bands_with_75_percent_overlap_add_up_to_two_away_from_the_ends():
    bands = nmf_source_filter.hann_bands(513, 30, 0.75, torch.zeros(1, dtype=torch.float64))
    inside = bands.sum(dim=1)[60:-60]
    assert bands.shape == (513, 30)
    torch.testing.assert_close(inside, torch.full_like(inside, 2.0))


def test_templates_lie_on_the_partials_of_their_pitch_and_fall_as_the_square():
    bins = torch.arange(1025, dtype=torch.float64) * 7.8125
    (template,) = nmf_harmonic.templates(bins, torch.tensor([31 * 7.8125], dtype=torch.float64), 0.1, 2.0).mT
    peaks = template[[31, 62, 93]]
    torch.testing.assert_close(peaks / peaks[0], torch.tensor([1, 1 / 4, 1 / 9], dtype=torch.float64))
    assert not template[36:58].any()
    assert template.sum() == pytest.approx(1.0)


def test_a_dictionary_has_only_the_pitches_that_a_voice_comes_near():
    pitch = np.array([[0.0, 0.0, np.nan, 2.0], [np.nan] * 4])
    atoms = nmf_harmonic.dictionary(pitch, 1, torch.zeros(1))
    assert atoms.pitch.tolist() == [-1, 0, 1, 2, 3]
    assert atoms.voice.tolist() == [0] * 5
    assert atoms.active.int().tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]]


def test_pitches_are_tenths_of_a_semitone_from_440_hz():
    pitch = voices.pitches(np.array([440.0, 880.0, 440 * 2 ** (1 / 12), 0.0]))
    np.testing.assert_array_equal(pitch, [0, 120, 10, np.nan])
    torch.testing.assert_close(voices.frequencies(torch.tensor([0.0, 120.0])), torch.tensor([440.0, 880.0]))


def test_a_voice_keeps_its_pitch_for_the_release_and_takes_the_next_one_for_the_attack():
    whole = scenes.scene(rate=16000)
    hz = np.tile([[200.0] * 10 + [0.0] * 40 + [300.0] * 13], (2, 1))
    held = voices.contours(replace(whole.f0, hz=hz, confidence=hz), whole.sources, whole.rate, 256, 63, 0.08, 0.16)
    expected = [200.0] * 20 + [0.0] * 25 + [300.0] * 18
    assert held[0].tolist() == expected


def test_frames_behind_the_end_of_the_f0_table_are_silent():
    whole = scenes.scene(rate=16000)
    hz = np.full((2, 10), 200.0)
    held = voices.contours(replace(whole.f0, hz=hz, confidence=hz), whole.sources, whole.rate, 256, 63, 0.0, 0.0)
    assert held[0].tolist() == [200.0] * 10 + [0.0] * 53


INFORMED = [nmf_harmonic, nmf_source_filter]


@pytest.mark.parametrize("method", INFORMED)
def test_a_source_without_f0_is_refused_by_name(method):
    whole = replace(scenes.scene(), sources=("vocals", "flute"))
    with pytest.raises(UserError, match="flute"):
        method.separate(whole, method.Settings(), {})


@pytest.mark.parametrize("method", INFORMED)
def test_voices_come_in_the_order_of_the_sources_not_of_the_f0_table(method):
    whole = scenes.scene()
    turned = replace(whole, sources=whole.sources[::-1])
    references = whole.references.flip(0)
    assert (scenes.si_sdr(references, method.separate(turned, method.Settings(), {})) > 5).all()


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("method", INFORMED)
def test_f0_informed_methods_separate_two_tones(method, precision):
    whole = scenes.scene(channels=2)
    estimates = method.separate(whole, method.Settings(precision=precision), {})
    improvement = scenes.si_sdr(whole.references, estimates) - scenes.si_sdr(
        whole.references, whole.mixture.expand_as(whole.references)
    )
    assert (improvement > 8).all()


def test_the_two_precisions_agree():
    whole = scenes.scene()
    for method in INFORMED:
        single, double = (method.separate(whole, method.Settings(precision=p), {}) for p in ("float32", "float64"))
        assert (single - double).square().mean() < 1e-6 * double.square().mean()


@pytest.mark.parametrize("method", [*INFORMED, nmf_supervised])
@pytest.mark.parametrize("length", [500, 8001])
def test_estimates_add_up_to_the_mixture_in_every_channel(method, length):
    whole = scenes.scene(channels=2, length=length)
    settings = method.Settings()
    weights = method.train([whole], settings) if method is nmf_supervised else {}
    estimates = method.separate(whole, settings, weights)
    torch.testing.assert_close(estimates.sum(dim=0), whole.mixture, rtol=0, atol=1e-5)


OCTAVES = {"steady, steep": (220.0, 2.0, 0.0), "steady": (220.0, 1.5, 0.0), "vibrato": (220.0, 2.0, 0.3),
           "little vibrato, low": (174.6, 1.5, 0.1)}  # fmt: skip


def octave(f0: float, roll_off: float, vibrato: float) -> Scene:
    """Three seconds of two voices, one an octave above the other, each with a vibrato of its own, in semitones.

    The amplitudes of the partials fall as partial ** -roll_off.
    """
    rate, seconds = 16000, 3
    hz = [
        lambda t: 2 * f0 * 2 ** (vibrato / 12 * np.sin(2 * np.pi * 5.0 * t)),
        lambda t: f0 * 2 ** (vibrato / 12 * np.sin(2 * np.pi * 5.7 * t + 1)),
    ]
    times, grid = np.arange(seconds * rate) / rate, np.arange(188) * 0.016
    draw = np.random.default_rng(0)
    stems = []
    for voice in hz:
        phase = 2 * np.pi * np.cumsum(voice(times)) / rate
        partials = range(1, int(0.45 * rate / voice(times).max()))
        stems.append(sum(k**-roll_off * np.sin(k * phase + draw.uniform(0, 2 * np.pi)) for k in partials))
    references = torch.tensor(0.1 * np.stack(stems)[:, None], dtype=torch.float32)
    table = np.stack([voice(grid) for voice in hz])
    f0_table = F0(scenes.SOURCES, table, np.ones_like(table))
    return Scene(references.sum(dim=0), rate, scenes.SOURCES, 0, f0_table, references)


def scores(whole: Scene, method: ModuleType, **settings: float) -> torch.Tensor:
    """SI-SDR in dB, [source]."""
    return scenes.si_sdr(whole.references, method.separate(whole, method.Settings(**settings), {}))


def comb_mask(whole: Scene) -> torch.Tensor:
    return scores(whole, nmf_harmonic, iterations=0, fixed_iterations=0, tolerance=0, decay=0.0)


@pytest.mark.parametrize("kind", OCTAVES)
def test_voices_an_octave_apart_are_told_from_each_other_by_both_factorisations(kind):
    whole = octave(*OCTAVES[kind])
    harmonic, source_filter = (scores(whole, method) for method in INFORMED)
    assert (harmonic > 7).all()
    assert source_filter.mean() > harmonic.mean() - 3


def test_source_filter_factorisation_is_no_worse_than_a_comb_mask_on_an_ensemble():
    rendered = chorales.render("bwv272", seconds=8.0)  # a validation song
    stems = np.stack([rendered.stems[part] for part in rendered.f0.voices]) / 32768
    references = torch.tensor(stems, dtype=torch.float32)
    whole = Scene(references.sum(dim=0), rendered.rate, rendered.f0.voices, 0, rendered.f0, references)
    assert scores(whole, nmf_source_filter).mean() >= comb_mask(whole).mean()


def test_what_lies_between_the_partials_does_not_decide_the_gains():
    bins = torch.arange(1025, dtype=torch.float64) * 7.8125
    whole, narrow = (
        nmf_source_filter.glottal_combs(bins, torch.tensor([20 * 7.8125], dtype=torch.float64), 0.8, 1e-3, width)
        for width in (None, 1.5)
    )
    used = torch.zeros(1025, dtype=torch.bool)
    for partial in range(20, 1025, 20):
        used[partial - 1 : partial + 2] = True
    assert (whole > 0).all() and whole.sum() == pytest.approx(1.0)
    assert torch.equal(narrow[0] > 0, used)
    assert torch.equal(narrow[0, used], whole[0, used])


@pytest.mark.parametrize("method", INFORMED)
def test_a_track_with_no_voiced_frame_is_shared_equally(method):
    whole = scenes.scene()
    unvoiced = replace(whole, f0=replace(whole.f0, hz=0 * whole.f0.hz))
    estimates = method.separate(unvoiced, method.Settings(), {})
    torch.testing.assert_close(estimates, (whole.mixture / 2).expand_as(estimates), rtol=0, atol=1e-6)


def test_the_start_of_nmf2_comes_from_the_seed_of_the_scene():
    whole = scenes.scene()
    one, other = (nmf_source_filter.separate(replace(whole, seed=s), nmf_source_filter.Settings(), {}) for s in (1, 2))
    assert not torch.equal(one, other)


def test_the_window_is_the_power_of_two_nearest_to_128_ms_unless_it_is_set():
    assert [window_length(rate, None) for rate in (8000, 16000, 22050, 44100)] == [1024, 2048, 2048, 4096]
    assert window_length(16000, 1000) == 1000


def test_supervised_nmf_separates_new_tones_of_the_sources_it_learned():
    settings = nmf_supervised.Settings()
    weights = nmf_supervised.train([scenes.scene(seed=seed) for seed in (1, 2)], settings)
    whole = scenes.scene(seed=3)
    estimates = nmf_supervised.separate(whole, settings, weights)
    assert (scenes.si_sdr(whole.references, estimates) > 8).all()


def test_supervised_nmf_learns_templates_of_sum_one_for_each_source_by_name():
    settings = nmf_supervised.Settings(components=5)
    weights = nmf_supervised.train([scenes.scene()], settings)
    for source in scenes.SOURCES:
        templates = weights[f"dictionary.{source}"]
        assert templates.shape == (513, 5)
        torch.testing.assert_close(templates.sum(dim=0), torch.ones(5))


def test_supervised_nmf_refuses_another_rate_other_sources_and_no_training():
    settings = nmf_supervised.Settings(components=5)
    weights = nmf_supervised.train([scenes.scene()], settings)
    with pytest.raises(UserError, match="8000 Hz"):
        nmf_supervised.separate(scenes.scene(rate=16000), settings, weights)
    with pytest.raises(UserError, match="flute"):
        nmf_supervised.separate(replace(scenes.scene(), sources=("vocals", "flute")), settings, weights)
    with pytest.raises(UserError, match="no training track"):
        nmf_supervised.train([], settings)


def test_silent_stems_in_training_do_no_harm():
    settings = nmf_supervised.Settings(components=5)
    weights = nmf_supervised.train([scenes.silence(scenes.scene()), scenes.scene()], settings)
    assert all(torch.isfinite(each).all() for each in weights.values())
    assert (weights["dictionary.vocals"].sum(dim=0) > 0.99).all()


def test_a_spectrogram_is_the_mean_over_channels_scaled_to_maximum_one():
    stereo = analyse(scenes.scene(channels=2).mixture, 1024, 256, torch.float64)
    target = spectrogram_in_blocks(scenes.scene(channels=2).mixture.double(), 1024, 256, 2.0)
    expected = (stereo[0].abs() ** 2 + stereo[1].abs() ** 2) / 2
    torch.testing.assert_close(target, expected / expected.max())
    assert not spectrogram_in_blocks(torch.zeros(2, 4000), 1024, 256, 1.0).any()
