"""One-shot adaptation: losses by hand, strategies, the optimiser's first steps, what marks make certain, resuming."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pytorch_optimizer import Ranger

from workflow_scripts.lib.audio import marked_stems
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.core.generators import generator_of
from workflow_scripts.lib.core.settings import checked
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.losses import marked
from workflow_scripts.lib.methods import conv_tasnet, muted, one_shot
from workflow_scripts.lib.networks import tensors
from workflow_scripts.lib.networks.conv_tasnet import ConvTasNet, Sizes
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.loop import Diverged

SOURCES = ("vocals", "drums", "other")
TINY = Sizes(filters=8, length=20, bottleneck=6, hidden=8, blocks=2, repeats=4)
RATE = 1000
SETTINGS = one_shot.Settings(
    window_seconds=0.5, hop_seconds=0.25, chunk_seconds=0.5, epochs=2, learning_rate=1e-3, shortest_seconds=0.1,
    margin_seconds=0.01,
)  # fmt: skip
OURS = replace(SETTINGS, stems=0.5, remix=1.0, output="consistent")


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def marks_of(*rows: str, each: int = 250) -> torch.Tensor:
    """One text a source: `+` plays, `-` silent, `.` not marked, each for `each` samples."""
    values = {"+": 1.0, "-": -1.0, ".": 0.0}
    return torch.tensor([[values[mark] for mark in row] for row in rows]).repeat_interleave(each, dim=1)


def model() -> Tensors:
    torch.manual_seed(0)
    body = ConvTasNet(3, 2, TINY)
    return {**body.state_dict(), **tensors.order_of(SOURCES), "rate": torch.tensor(RATE)}


def song(marks: torch.Tensor | None, seed: int = 0) -> Scene:
    length = 2000 if marks is None else marks.shape[-1]
    return Scene(0.1 * noise(2, length, seed=seed), RATE, SOURCES, seed, marks=marks)


MARKS = marks_of("++++----", "++-++-++", "-+++++-+")


def adapted(scene: Scene, settings: one_shot.Settings, folder, weights: Tensors | None = None):
    return one_shot.adapt(scene, settings, weights or model(), folder / "state.pt", "test")


# The losses


def by_hand(estimates: np.ndarray, mixture: np.ndarray, marks: np.ndarray) -> tuple[float, float, float, float]:
    """Reconstruction, activation, and both as the poster prints them, sample by sample."""
    sources, channels, length = estimates.shape
    reconstruction = activation = literal = summed = 0.0
    for channel in range(channels):
        for time in range(length):
            if not marks[:, time].any():
                continue
            total = sum(estimates[i, channel, time] for i in range(sources) if marks[i, time] >= 0)
            reconstruction += abs(mixture[channel, time] - total)
            for i in range(sources):
                h = 0.0 if marks[i, time] < 0 else 1.0
                activation += abs((1 - h) * estimates[i, channel, time])
                literal += abs(h * estimates[i, channel, time] - mixture[channel, time])
                summed += abs((1 - h) * estimates[i, channel, time])
    count = channels * length
    return reconstruction / count, activation / (sources * count), literal / count, summed / count


def test_the_losses_are_those_of_a_hand_computation():
    estimates, mixture = noise(4, 2, 60).double(), noise(2, 60, seed=1).double()
    marks = torch.randint(-1, 2, (4, 60), generator=torch.Generator().manual_seed(2)).double()
    marks[:, :10] = 0
    expected = by_hand(estimates.numpy(), mixture.numpy(), marks.numpy())
    found = [
        marked.masked_sum(estimates, mixture, marks),
        marked.energy_in_silence(estimates, marks),
        marked.each_against_mixture(estimates, mixture, marks),
        marked.summed_energy_in_silence(estimates, marks),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert min(expected) > 0
    assert marked.plain_sum(estimates, mixture).item() == pytest.approx(
        np.abs(mixture.numpy() - estimates.numpy().sum(0)).mean()
    )


def test_the_variants_weigh_their_terms_as_named():
    estimates, mixture, marks = noise(3, 2, 500), noise(2, 500, seed=1), marks_of("+-", "-+", "++")
    for loss, total in (
        ("published", lambda r, a, _l, _s: r + 4 * a),
        ("literal", lambda _r, _a, literal, s: literal + 4 * s),
    ):
        found = one_shot.marked_losses(estimates, mixture, marks, replace(SETTINGS, loss=loss, gamma=4.0))
        expected = total(*by_hand(estimates.numpy(), mixture.numpy(), marks.numpy()))
        assert found["loss"].item() == pytest.approx(expected, rel=1e-4)
    plain = one_shot.marked_losses(estimates, mixture, marks, replace(SETTINGS, loss="reconstruction"))
    assert torch.equal(plain["loss"], marked.plain_sum(estimates, mixture))


def test_a_source_marked_silent_gets_its_gradient_from_the_energy_alone():
    estimates, mixture, marks = noise(3, 2, 500).requires_grad_(), noise(2, 500, seed=1), marks_of("+-", "++", "++")
    marked.masked_sum(estimates, mixture, marks).backward()
    assert not estimates.grad[0, :, 250:].any()
    assert estimates.grad[0, :, :250].all()
    estimates.grad = None
    marked.energy_in_silence(estimates, marks).backward()
    assert estimates.grad[0, :, 250:].all()
    assert not estimates.grad[1:].any()


def test_time_without_marks_contributes_nothing_and_a_source_without_a_mark_counts_as_playing():
    estimates, mixture = noise(3, 2, 500).requires_grad_(), noise(2, 500, seed=1)
    marks = marks_of("-.", "..", "..")
    losses = one_shot.marked_losses(estimates, mixture, marks, SETTINGS)
    losses["loss"].backward()
    assert not estimates.grad[..., 250:].any()
    assert estimates.grad[..., :250].all()
    playing = one_shot.marked_losses(estimates, mixture, marks_of("-.", "+.", "+."), SETTINGS)
    assert torch.equal(losses["loss"], playing["loss"])


# What is trained, and how


@pytest.mark.parametrize(
    ("strategy", "count"),
    [("l1", 8_244_284), ("l2", 5_586_984), ("l3", 2_929_684), ("l4", 403_456), ("l5", 10_240)],
)
def test_strategies_train_the_published_numbers_of_parameters_at_the_published_size(strategy, count):
    with torch.device("meta"):
        network = ConvTasNet(4, 2, Sizes())
    chosen = one_shot.trainable(network, strategy)
    assert sum(each.numel() for each in chosen.values()) == count
    assert {name for name, each in network.named_parameters() if each.requires_grad} == set(chosen)


def test_the_small_size_has_the_numbers_that_its_files_name():
    with torch.device("meta"):
        network = ConvTasNet(4, 2, Sizes(64, 20, 48, 96, 3, 6, 4))
    counts = [sum(each.numel() for each in one_shot.trainable(network, name).values()) for name in one_shot.STRATEGIES]
    assert counts == [192_868, 133_528, 74_188, 19_456, 2_560]


@pytest.mark.parametrize("strategy", one_shot.STRATEGIES)
def test_the_number_of_trained_parameters_of_a_model_is_that_of_its_strategy(strategy):
    weights = model()
    counted = one_shot.trained_parameters(weights, replace(SETTINGS, strategy=strategy))
    network = one_shot.network_like(tensors.without_order(weights), True)
    assert 0 < counted == sum(each.numel() for each in one_shot.trainable(network, strategy).values())


def test_a_frozen_decoder_stays_as_it_is_and_the_number_is_that_of_the_released_script():
    with torch.device("meta"):
        network = ConvTasNet(4, 2, Sizes())
    chosen = one_shot.trainable(network, "l3", "frozen")
    assert sum(each.numel() for each in chosen.values()) == 2_919_444
    assert not any(name.startswith("decoder.") for name in chosen)


def test_an_adaptation_with_a_frozen_decoder_changes_the_rest_alone(tmp_path):
    before, settings = model(), replace(SETTINGS, strategy="l1", decoder="frozen")
    after, _ = adapted(song(MARKS), settings, tmp_path)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert "mask.weight" in changed and "decoder.weight" not in changed
    assert one_shot.trained_parameters(before, settings) < one_shot.trained_parameters(before, SETTINGS)
    with pytest.raises(UserError, match="decoder is 'frozen', but strategy is 'l5', which trains nothing else"):
        checked(one_shot.Settings, {"strategy": "l5", "decoder": "frozen"}, "settings")


def test_a_strategy_that_needs_more_repeats_is_refused():
    with pytest.raises(UserError, match="needs 3 repeats, the network has 2"):
        one_shot.trainable(ConvTasNet(2, 1, replace(TINY, repeats=2)), "l2")


@pytest.mark.parametrize("strategy", one_shot.STRATEGIES)
def test_an_adaptation_changes_what_its_strategy_trains_and_nothing_else(tmp_path, strategy):
    before = model()
    after, _ = adapted(song(MARKS), replace(SETTINGS, strategy=strategy), tmp_path)
    assert before.keys() == after.keys()
    network = ConvTasNet(3, 2, TINY)
    chosen = set(one_shot.trainable(network, strategy))
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed <= chosen
    assert "decoder.weight" in changed
    assert len(changed) > 0.5 * len(chosen)


def ranger_by_hand(start: np.ndarray, gradients: list[np.ndarray], lr: float) -> list[np.ndarray]:
    """Ranger 20.4.11 as it is described, in NumPy, for one tensor."""
    weight, slow = start.copy(), start.copy()
    average, square, path = np.zeros_like(start), np.zeros_like(start), []
    longest = 2 / (1 - 0.999) - 1
    for step, gradient in enumerate(gradients, 1):
        if gradient.ndim > 1:
            gradient = gradient - gradient.mean(axis=tuple(range(1, gradient.ndim)), keepdims=True)
        average = 0.95 * average + 0.05 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        length = longest - 2 * step * 0.999**step / (1 - 0.999**step)
        if length > 5:
            ratio = (length - 4) / (longest - 4) * (length - 2) / length * longest / (longest - 2)
            size = np.sqrt((1 - 0.999**step) * ratio) / (1 - 0.95**step)
            weight = weight - lr * size * average / (np.sqrt(square) + 1e-5)
        else:
            weight = weight - lr * average / (1 - 0.95**step)
        if step % 6 == 0:
            slow = slow + 0.5 * (weight - slow)
            weight = slow.copy()
        path.append(weight.copy())
    return path


@pytest.mark.parametrize("shape", [(3,), (3, 4), (1, 5, 1)])
def test_the_first_steps_of_the_optimiser_are_those_of_the_original(shape):
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=shape), [generator.normal(size=shape) for _ in range(14)]
    weight = torch.tensor(start, requires_grad=True)
    optimizer = one_shot.optimizer_of([weight], 1e-2)
    for gradient, expected in zip(gradients, ranger_by_hand(start, gradients, 1e-2), strict=True):
        weight.grad = torch.tensor(gradient)
        optimizer.step()
        np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-6, atol=1e-8)


def test_the_first_steps_go_downhill_where_those_of_the_library_s_default_go_uphill():
    for make, sign in ((lambda each: one_shot.optimizer_of(each, 1e-2), -1), (lambda each: Ranger(each, lr=1e-2), 1)):
        weight = torch.tensor([1.0, 2.0], requires_grad=True)
        optimizer = make([weight])
        for _ in range(5):
            before = weight.detach().clone()
            weight.grad = torch.ones(2)
            optimizer.step()
            assert (torch.sign(weight.detach() - before) == sign).all()


# Windows and steps


def test_windows_follow_in_time_and_those_without_a_mark_are_left_out():
    scene = song(marks_of("+++.....", "+++.....", "+++....."))
    trainee = one_shot.SongTrainee(scene, SETTINGS, model())
    assert trainee.windows == [(0, False), (250, False), (500, False)]
    trainee = one_shot.SongTrainee(song(MARKS), replace(SETTINGS, pitch_copies=2), model())
    assert len(trainee.windows) == 3 * (int((2.0 - 0.5) / 0.25) + 1)
    assert trainee.windows[:4] == [(0, False), (0, True), (0, True), (250, False)]
    trainee = one_shot.SongTrainee(song(marks_of("+", "-", "+")), SETTINGS, model())
    assert trainee.windows == [(0, False)]
    assert trainee.size == 250


def test_the_curve_has_a_row_an_epoch_and_the_loss_falls(tmp_path):
    _, curve = adapted(song(MARKS), replace(SETTINGS, epochs=8, learning_rate=1e-2), tmp_path)
    assert [row["epoch"] for row in curve] == list(range(1, 9))
    assert [row["step"] for row in curve] == list(range(7, 57, 7))
    assert list(curve[0]) == ["epoch", "step", "loss", "reconstruction", "activation"]
    assert curve[-1]["loss"] < 0.9 * curve[0]["loss"]


def test_energy_where_marked_silent_falls(tmp_path):
    scene = song(MARKS)
    weights, _ = adapted(scene, replace(SETTINGS, gamma=16.0, epochs=8, learning_rate=1e-2), tmp_path)
    before, after = (one_shot.separate(scene, SETTINGS, each) for each in (model(), weights))
    quiet = (MARKS < 0).unsqueeze(1)
    assert (after * quiet).square().sum() < 0.5 * (before * quiet).square().sum()


def test_a_song_without_marks_is_left_alone_and_one_without_a_marks_source_refused(tmp_path):
    weights, curve = adapted(song(torch.zeros(3, 2000)), OURS, tmp_path)
    assert curve == []
    assert all(torch.equal(each, weights[name]) for name, each in model().items())
    with pytest.raises(UserError, match="name a marks source"):
        adapted(song(None), SETTINGS, tmp_path)


def test_every_song_starts_from_the_weights_as_given(tmp_path):
    weights = model()
    first, _ = adapted(song(MARKS), SETTINGS, tmp_path / "a", weights)
    assert all(torch.equal(each, model()[name]) for name, each in weights.items())
    second, _ = adapted(song(MARKS), SETTINGS, tmp_path / "b", weights)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    "settings", [SETTINGS, OURS, replace(OURS, remember=False)], ids=["published", "ours", "twice"]
)
def test_an_adaptation_that_was_killed_goes_on_to_the_same_bits(tmp_path, monkeypatch, settings):
    settings = replace(settings, checkpoint_seconds=1e-9)  # after each step
    whole, curve = adapted(song(MARKS), settings, tmp_path / "whole")
    steps, original = [], one_shot.SongTrainee.step

    def until_killed(self, number):
        steps.append(number)
        if steps == list(range(1, 11)):
            raise KeyboardInterrupt
        return original(self, number)

    monkeypatch.setattr(one_shot.SongTrainee, "step", until_killed)
    with pytest.raises(KeyboardInterrupt):
        adapted(song(MARKS), settings, tmp_path / "killed")
    again, again_curve = adapted(song(MARKS), settings, tmp_path / "killed")
    assert steps == [*range(1, 11), *range(10, 15)]
    assert curve == again_curve
    assert all(torch.equal(whole[name], again[name]) for name in whole)


@pytest.mark.parametrize("output", ["muted", "consistent"])
def test_what_is_of_the_separation_alone_changes_no_bit_of_the_adapted_model(tmp_path, output):
    assert one_shot.OF_SEPARATION == ("output",)
    settings = replace(SETTINGS, remix=1.0, epochs=1)
    one, other = (
        adapted(song(MARKS), replace(settings, output=each), tmp_path / each)[0] for each in ("plain", output)
    )
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_state_of_another_fingerprint_is_not_resumed(tmp_path):
    first = one_shot.adapt(song(MARKS), SETTINGS, model(), tmp_path / "state.pt", "one")[0]
    other = one_shot.adapt(song(MARKS), replace(SETTINGS, gamma=9.0), model(), tmp_path / "state.pt", "two")[0]
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_a_diverged_adaptation_is_said_so(tmp_path):
    broken = {**model(), "decoder.weight": torch.full((40, 8), torch.nan)}
    with pytest.raises(Diverged, match="take a lower learning_rate"):
        adapted(song(MARKS), SETTINGS, tmp_path, broken)


def test_a_model_of_other_channels_or_another_network_is_refused(tmp_path):
    mono = replace(song(MARKS), mixture=noise(1, 2000))
    with pytest.raises(UserError, match="trained on 2 channels, the mixture has 1"):
        adapted(mono, SETTINGS, tmp_path)
    with pytest.raises(UserError, match="module is conv_tasnet"):
        adapted(song(MARKS), SETTINGS, tmp_path, {**tensors.order_of(SOURCES), "rate": torch.tensor(RATE)})


def test_copies_shifted_in_pitch_are_as_long_and_the_same_on_every_run(tmp_path):
    scene = replace(song(MARKS), mixture=noise(2, 2000))
    settings = replace(SETTINGS, pitch_copies=1, epochs=1, hop_seconds=1.0)
    first, _ = adapted(scene, settings, tmp_path / "a")
    second, _ = adapted(scene, settings, tmp_path / "b")
    without, _ = adapted(scene, replace(settings, pitch_copies=0), tmp_path / "c")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["decoder.weight"], without["decoder.weight"])


# What marks make certain


def test_stretches_are_where_some_sources_are_silent_and_leave_a_margin():
    found = marked_stems.stretches(marks_of("+---.", "+++-+", "+.-+-"), 100, 20)
    assert [(each.start, each.stop, each.group) for each in found] == [
        (270, 480, (1, 2)),
        (520, 730, (1,)),
        (770, 980, (2,)),
        (1020, 1230, (0, 1)),
    ]
    assert marked_stems.stretches(marks_of("+---", "+++-", "+.-+"), 211, 20) == []
    assert marked_stems.stretches(marks_of("--", "--"), 1, 0) == []
    assert marked_stems.stretches(torch.ones(3, 500), 1, 0) == []


def test_consistent_estimates_obey_the_marks_and_are_left_alone_elsewhere():
    estimates, mixture, marks = noise(3, 2, 2000), noise(2, 2000, seed=1), marks_of("++--++++", "++++----", "++-+++-.")
    found = marked_stems.make_consistent(estimates.clone(), mixture, marks, RATE)
    quiet, some = (marks < 0).unsqueeze(1), (marks < 0).any(dim=0)
    assert not (found * quiet).any()
    torch.testing.assert_close(found.sum(dim=0)[:, some], mixture[:, some])
    torch.testing.assert_close(found[..., ~some], estimates[..., ~some])
    alone = slice(500, 750)
    torch.testing.assert_close(found[1, :, alone], mixture[:, alone])


def test_consistent_estimates_are_finite_in_silence_and_where_all_are_silent():
    for marks in (marks_of("--", "--", "--"), marks_of("-+", "--", "+.")):
        found = marked_stems.make_consistent(torch.zeros(3, 2, 500), torch.zeros(2, 500), marks, RATE)
        assert found.shape == (3, 2, 500)
        assert not found.any()


def test_consistency_adds_no_seam_in_a_long_song():
    rate = 100  # chunks of 1000 samples
    estimates, mixture = noise(2, 1, 3500), noise(1, 3500, seed=1)
    marks = torch.ones(2, 3500)
    marks[0, 200:3200] = -1
    found = marked_stems.make_consistent(estimates.clone(), mixture, marks, rate)
    torch.testing.assert_close(found[1, :, 200:3200], mixture[:, 200:3200])


def test_a_remix_holds_true_groups_that_do_not_overlap_and_sums_to_its_mixture():
    stems, pieces = noise(3, 2, 2000), marked_stems.stretches(marks_of("++--++--", "+-++--++", "--+-++-+"), 50, 10)
    groups = set()
    for seed in range(20):
        made = marked_stems.draw_remix(stems, pieces, 700, RATE, generator_of(seed))
        torch.testing.assert_close(made.stems.sum(dim=0), made.mixture)
        members = [source for group in made.groups for source in group]
        assert len(members) == len(set(members))
        assert made.stems.abs().amax(dim=(1, 2)).all()
        groups |= set(made.groups)
    assert groups == {piece.group for piece in pieces}


def test_parts_of_a_remix_are_the_stretch_itself_up_to_sign_level_and_sides():
    stems = noise(2, 2, 2000)
    made = marked_stems.draw_remix(stems, [marked_stems.Stretch(500, 1500, (0,))], 1000, RATE, generator_of(0))
    inner = slice(20, -20)
    given = stems[0, :, 500:1500]
    fits = [
        (made.stems[0][:, inner] * case[:, inner]).sum() / case[:, inner].square().sum()
        for case in (given, given.flip(0))
    ]
    errors = [
        (made.stems[0] - gain * case)[:, inner].abs().max()
        for gain, case in zip(fits, (given, given.flip(0)), strict=True)
    ]
    assert min(errors) < 1e-5
    assert 10 ** (-3 / 20) <= abs(fits[int(np.argmin(errors))]) <= 10 ** (3 / 20)


def test_the_remix_loss_is_that_of_a_hand_computation():
    estimates, stems = noise(3, 2, 100), noise(3, 2, 100, seed=1)
    given = marked_stems.Remix(stems.sum(dim=0), stems, ((0, 2), (1,)))
    e, s = estimates.numpy(), stems.numpy()
    sums = [np.abs((e[[0, 2]] - s[[0, 2]]).sum(0)).mean(), np.abs(e[1] - s[1]).mean()]
    expected = np.abs(e - s).mean() + np.mean(sums)
    assert one_shot.remix_loss(estimates, given).item() == pytest.approx(expected, rel=1e-5)


def test_our_variant_is_the_published_one_where_no_stretch_is_certain(tmp_path):
    scene = song(torch.ones(3, 2000))
    ours, curve = adapted(scene, OURS, tmp_path / "ours")
    published, _ = adapted(scene, SETTINGS, tmp_path / "published")
    assert "remix" not in curve[0]
    assert all(torch.equal(ours[name], published[name]) for name in ours)
    _, curve = adapted(song(MARKS), OURS, tmp_path / "marks")
    assert {"remix", "stems"} <= curve[0].keys()
    assert curve[0]["remix"] > 0


# Separation


def test_outputs_are_plain_muted_or_consistent(tmp_path):
    scene, weights = song(MARKS), model()
    plain, silenced, consistent = (
        one_shot.separate(scene, replace(SETTINGS, output=output), weights)
        for output in ("plain", "muted", "consistent")
    )
    quiet = (MARKS < 0).unsqueeze(1)
    assert (plain * quiet).any()
    assert torch.equal(silenced, plain * ~quiet)
    assert not (consistent * quiet).any()
    some = quiet.any(dim=0)[0]
    torch.testing.assert_close(consistent.sum(dim=0)[:, some], scene.mixture[:, some])
    assert torch.equal(muted.separate(scene, muted.Settings(chunk_seconds=0.5), weights), silenced)
    assert torch.equal(one_shot.separate(replace(scene, marks=None), SETTINGS, weights), plain)


def test_before_adaptation_the_estimates_are_those_of_the_trained_method():
    settings = conv_tasnet.Settings(filters=8, bottleneck=6, hidden=8, blocks=2, repeats=4, chunk_seconds=0.5)
    scene = song(MARKS)
    assert torch.equal(one_shot.separate(scene, SETTINGS, model()), conv_tasnet.separate(scene, settings, model()))


def test_the_order_in_which_sources_are_asked_for_does_not_matter(tmp_path):
    turned = replace(song(MARKS), sources=SOURCES[::-1], marks=MARKS.flip(0))
    first, _ = adapted(song(MARKS), SETTINGS, tmp_path / "a")
    second, _ = adapted(turned, SETTINGS, tmp_path / "b")
    for name, each in first.items():
        torch.testing.assert_close(each, second[name])
    torch.testing.assert_close(
        one_shot.separate(song(MARKS), SETTINGS, first), one_shot.separate(turned, SETTINGS, second).flip(0)
    )


@pytest.mark.parametrize("strategy", one_shot.STRATEGIES)
def test_what_the_frozen_beginning_gives_is_kept_and_changes_no_bit(strategy, tmp_path, monkeypatch):
    settings = replace(SETTINGS, strategy=strategy, epochs=3)
    begun, begin = [], ConvTasNet.begin
    monkeypatch.setattr(ConvTasNet, "begin", lambda *given: begun.append(given) or begin(*given))
    kept = adapted(song(MARKS), settings, tmp_path / "kept")
    windows = len(one_shot.SongTrainee(song(MARKS), settings, model()).windows)
    assert len(begun) == windows  # of three epochs
    monkeypatch.setattr(one_shot, "KEPT", 0)
    anew = adapted(song(MARKS), settings, tmp_path / "anew")
    assert len(begun) == windows + 3 * windows
    assert kept[1] == anew[1] and all(torch.equal(kept[0][name], anew[0][name]) for name in kept[0])
