"""The adversarial training: critics, who learns from what, how often the separator is run, and a critic gone astray."""

import math
from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator

from tests.benchmarks.bench_adversarial import naive_step
from tests.methods import scenes
from tests.methods.given import Given, unpaired
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData, Unpaired
from workflow_scripts.lib.methods import adversarial, unpadded_unet
from workflow_scripts.lib.networks.critic import Critic, same_padding
from workflow_scripts.lib.training import checkpoint, loop
from workflow_scripts.lib.training.adam import ADAMS
from workflow_scripts.lib.training.loop import Diverged
from workflow_scripts.lib.training.patches import example_of
from workflow_scripts.lib.training.separator import paired_seed

SMALL = adversarial.Settings(
    window=64, hop=32, frames=8, levels=2, width=2, critic_width=4, learning_rate=3e-3, critic_rate=3e-3, alpha=0.01
)
LENGTH, BATCH = 2000, 2
CONSTRAINTS = ("one-sided", "two-sided", "spectral norm")


def count(module: torch.nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def examples(first: int = 0) -> list[Scene]:
    return [scenes.scene(seed=seed, length=LENGTH) for seed in range(first, first + 3)]


def data_of(paired: list[Scene] | None = None, start: dict | None = None) -> TrainingData:
    given = Given(paired or examples(), BATCH)
    return TrainingData(given, given, unpaired(examples(3), BATCH), start or {})


def trainee(settings: adversarial.Settings = SMALL, data: TrainingData | None = None, seed: int = 0):
    return adversarial.trainee(data or data_of(), settings, seed, torch.device("cpu"), Accelerator(cpu=True))


# The critic


def test_the_published_critic_has_the_published_number_of_parameters():
    assert count(Critic(256, 64)) == 1_869_344
    assert count(Critic(128, 32, 16)) == 139_824


@pytest.mark.parametrize(("bins", "frames"), [(256, 64), (128, 32), (64, 32), (32, 8), (33, 9)])
def test_a_critic_scores_each_patch_by_itself(bins, frames):
    torch.manual_seed(0)
    critic, patches = Critic(bins, frames, 4), torch.rand(3, bins, frames)
    scores = critic(patches)
    assert scores.shape == (3,)
    assert scores.std() > 0
    torch.testing.assert_close(torch.cat([critic(each[None]) for each in patches]), scores)


def test_zeros_are_added_as_tensorflow_does_on_the_right_alone_for_two_frames():
    assert same_padding((256, 64), (4, 4), (2, 2)) == (1, 1, 1, 1)
    assert same_padding((16, 4), (4, 2), (2, 1)) == (0, 1, 1, 1)
    assert same_padding((5, 7), (4, 4), (2, 2)) == (1, 2, 1, 2)


def test_spectral_norm_keeps_every_layer_at_a_largest_singular_value_of_one():
    torch.manual_seed(0)
    critic, patches = Critic(32, 8, 4, normalised=True), torch.rand(2, 32, 8)
    for _ in range(30):
        critic(patches)
    matrices = [layer.weight.flatten(1) for layer in (*critic.layers, critic.dense, critic.score)]
    assert len(matrices) == 5
    for matrix in matrices:
        assert torch.linalg.matrix_norm(matrix, 2).item() == pytest.approx(1, abs=0.02)


# A step

KEYS = {"loss", "supervised", "additivity", "alpha", "gradient_ratio"} | {
    f"{kind}_{source}" for kind in ("critic", "wasserstein", "penalty") for source in scenes.SOURCES
}


class Linear(torch.nn.Module):
    """A critic whose gradients are known in closed form: score <weight, patch>, slope |weight| everywhere."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(weight)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        return (patches * self.weight).sum(dim=(1, 2))


def with_linear_critics(learner: adversarial.AdversarialTrainee, length: float, bins: int = 32, frames: int = 8):
    """The learner, each critic a linear one with weights of this length, which takes plain steps of size 1."""
    generator = torch.Generator().manual_seed(7)
    for source in learner.critics:
        weight = torch.randn(bins, frames, generator=generator)
        learner.critics[source] = Linear(length * weight / weight.norm())
        learner.optimizers[f"critic_{source}"] = torch.optim.SGD(learner.critics[source].parameters(), 1.0)
    return learner


@pytest.mark.parametrize("length", [0.5, 3.0])
@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_critic_steps_to_higher_scores_of_solos_lower_ones_of_estimates_and_a_slope_of_one(constraint, length):
    """Its loss is <w, mean fake - mean real> + 10 (|w| - 1)^2, of which the gradient is written out.

    The one-sided penalty holds only above a slope of 1; with spectral norm there is none.
    """
    settings = replace(SMALL, constraint=constraint, penalty_weight=10.0)
    learner = with_linear_critics(trainee(settings), length)
    generator = torch.Generator().manual_seed(1)
    real, fake = (torch.rand(5, 32, 8, generator=generator) + level for level in (1.0, 0.0))
    before = learner.critics["vocals"].weight.detach().clone()
    loss, distance, penalty, _ = learner._step_critic("vocals", fake, real, 1).tolist()
    excess = {"one-sided": max(0.0, length - 1), "two-sided": length - 1, "spectral norm": 0.0}[constraint]
    gradient = fake.mean(dim=0) - real.mean(dim=0) + 10 * 2 * excess * before / length
    torch.testing.assert_close(learner.critics["vocals"].weight.detach(), before - gradient, rtol=1e-4, atol=1e-5)
    apart = (before * (real.mean(dim=0) - fake.mean(dim=0))).sum().item()
    assert (distance, penalty) == (pytest.approx(apart, rel=1e-4), pytest.approx(excess**2, rel=1e-4, abs=1e-9))
    assert loss == pytest.approx(10 * excess**2 - apart, rel=1e-4)


def middle(patches: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """The middle [..., *size] of patches [..., bin, frame], a view."""
    bins, frames = ((have - want) // 2 for have, want in zip(patches.shape[-2:], size, strict=True))
    return patches.narrow(-2, bins, size[0]).narrow(-1, frames, size[1])


def test_the_separator_steps_to_the_sources_to_higher_scores_and_to_a_sum_that_is_the_mixture():
    """The gradient that reaches its outputs, of the three terms written out; the critics' weights are 1/20 long."""
    alpha, beta = 0.7, 0.3
    learner = with_linear_critics(trainee(replace(SMALL, alpha=alpha, beta=beta, head="relu", rounds=1)), 0.05)
    for optimizer in learner.optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = 0.0  # the critics score with the weights that are known here
    seen = {}

    def note(_, given: tuple[torch.Tensor], outputs: torch.Tensor) -> None:
        outputs.retain_grad()
        seen.update(read=given[0], outputs=outputs)

    learner.modules["separator"].register_forward_hook(note)
    report = learner.step(1)
    ours, theirs = seen["outputs"].detach().split(BATCH)
    targets = example_of(learner.data.train.batch(paired_seed(learner.data, 0), 1), SMALL).targets
    supervised = 2 * (ours - targets) / targets[:, 0].numel()
    critical = torch.zeros_like(theirs)
    for index, critic in enumerate(learner.critics.values()):
        middle(critical[:, index], (32, 8)).copy_(-alpha * critic.weight.detach() / BATCH)
    mixture = middle(seen["read"][BATCH:], theirs.shape[2:])
    missing = torch.expm1(mixture) - torch.expm1(theirs).sum(dim=1)
    additive = -2 * beta * missing.unsqueeze(1) * torch.exp(theirs) / missing.numel()
    assert min(each.abs().max() for each in (supervised, critical, additive)) > 1e-4
    expected = torch.cat([supervised, critical + additive])
    torch.testing.assert_close(seen["outputs"].grad, expected, rtol=1e-3, atol=1e-6)
    assert report["gradient_ratio"] == pytest.approx((critical.norm() / supervised.norm()).item(), rel=1e-3)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("mixtures", ["last round", "new"])
def test_every_curve_is_finite_and_the_penalty_is_there_where_it_is_asked_for(constraint, mixtures):
    learner = trainee(replace(SMALL, constraint=constraint, mixtures=mixtures, rounds=2))
    report = learner.step(1)
    assert next(iter(report)) == "loss"
    assert report.keys() == KEYS
    assert all(torch.isfinite(torch.tensor(value)) for value in report.values())
    if constraint != "one-sided":  # whose penalty is rightly zero for a flat critic
        assert (report["penalty_vocals"] == 0) == (constraint == "spectral norm")
    assert report["gradient_ratio"] > 0


@pytest.mark.parametrize(
    ("mixtures", "rounds", "expected"),
    [
        ("last round", 1, [2 * BATCH]), ("last round", 3, [BATCH, BATCH, 2 * BATCH]),
        ("new", 2, [BATCH, BATCH, 2 * BATCH]),
    ],
)  # fmt: skip
def test_the_separator_is_run_once_for_a_batch_of_mixtures_whatever_the_number_of_critics(mixtures, rounds, expected):
    learner, runs = trainee(replace(SMALL, mixtures=mixtures, rounds=rounds)), []
    learner.modules["separator"].register_forward_pre_hook(lambda _, given: runs.append(len(given[0])))
    learner.step(1)
    assert runs == expected


def test_a_shared_pass_takes_the_same_step_as_a_pass_for_every_use():
    ours, naive = (trainee(replace(SMALL, rounds=2)) for _ in range(2))
    assert ours.step(1)["loss"] == pytest.approx(naive_step(naive, 1), rel=1e-5)
    for source in scenes.SOURCES:
        torch.testing.assert_close(ours.critics[source].dense.weight, naive.critics[source].dense.weight)
    torch.testing.assert_close(ours.weights()["first.weight"], naive.weights()["first.weight"], atol=1e-4, rtol=1e-4)


def test_critics_are_left_alone_by_the_separators_step():
    """The gradients that are left in them are those of their own last round, whatever the weight of their scores."""
    left = []
    for alpha in (0.0, 10.0):
        learner = trainee(replace(SMALL, alpha=alpha))
        learner.step(1)
        left.append([each.grad for critic in learner.critics.values() for each in critic.parameters()])
    assert len(left[0]) > 8
    assert all(torch.equal(one, two) for one, two in zip(*left, strict=True))
    assert any(each.any() for each in left[0])


def test_critics_never_hear_the_paired_excerpts():
    one, two = trainee(), trainee(data=data_of(paired=examples(10)))
    for learner in (one, two):
        learner.step(1)
    before = trainee()
    for source in scenes.SOURCES:
        weights = [dict(each.critics[source].named_parameters()) for each in (one, two, before)]
        assert len(weights[0]) > 4
        for name in weights[0]:
            torch.testing.assert_close(weights[0][name], weights[1][name])
        assert not torch.equal(weights[0]["dense.weight"], weights[2]["dense.weight"])


def test_without_adversarial_weights_the_separator_takes_the_supervised_step():
    quiet = trainee(replace(SMALL, alpha=0.0, beta=0.0))
    settings = unpadded_unet.Settings(window=64, hop=32, frames=8, levels=2, width=2, learning_rate=3e-3, average=0.99)
    plain = unpadded_unet.trainee(data_of(), settings, 0, torch.device("cpu"), Accelerator(cpu=True))
    reports = [learner.step(1) for learner in (quiet, plain)]
    assert reports[0]["supervised"] == pytest.approx(reports[1]["loss"], rel=1e-5)
    one, two = quiet.modules["separator"].state_dict(), plain.modules["separator"].state_dict()
    assert one.keys() == two.keys()
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-5, rtol=1e-4)


def test_in_the_warm_up_the_separator_does_not_hear_the_critics():
    learner = trainee(replace(SMALL, warmup=2))
    ratios = [learner.step(number)["gradient_ratio"] for number in (1, 2, 3)]
    assert ratios[:2] == [0, 0]
    assert ratios[2] > 0


def test_the_ratio_of_gradients_is_that_of_their_lengths_in_the_outputs():
    """Twice the weight, twice the ratio: the first step has the same outputs and critics."""
    one, two = (trainee(replace(SMALL, alpha=alpha)).step(1)["gradient_ratio"] for alpha in (0.01, 0.02))
    assert two == pytest.approx(2 * one, rel=1e-5)


def test_without_a_weight_the_critics_gradient_has_its_share_of_the_supervised_one_in_every_step():
    learner = trainee(replace(SMALL, alpha=None, critics_share=0.3))
    reports = [learner.step(number) for number in (1, 2, 3)]
    assert [report["gradient_ratio"] for report in reports] == pytest.approx([0.3] * 3, rel=1e-5)
    fixed = trainee(replace(SMALL, alpha=reports[0]["alpha"]))
    assert fixed.step(1)["gradient_ratio"] == pytest.approx(0.3, rel=1e-5)
    assert len({report["alpha"] for report in reports}) == 3


def test_tensorflows_adam_adds_epsilon_before_the_correction():
    """The update rule of TensorFlow 1's documentation, with rate, averages and epsilon written out."""
    gradients = [1e-8, -3e-8, 2e-9, 5.0]
    given = {kind: torch.tensor([1.0], dtype=torch.float64, requires_grad=True) for kind in ADAMS}
    optimizers = {kind: ADAMS[kind]([given[kind]], lr=0.1) for kind in ADAMS}
    x, m, v = 1.0, 0.0, 0.0
    for t, gradient in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        x -= 0.1 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (math.sqrt(v) + 1e-8)
        for kind, optimizer in optimizers.items():
            given[kind].grad = torch.tensor([gradient], dtype=torch.float64)
            optimizer.step()
        assert given["tensorflow"].item() == pytest.approx(x, rel=1e-12)
        assert given["torch"].item() != pytest.approx(x, rel=1e-3)


def test_additivity_is_zero_for_masks_and_not_for_direct_magnitudes():
    assert trainee().step(1)["additivity"] < 1e-8
    assert trainee(replace(SMALL, head="relu")).step(1)["additivity"] > 1e-4


# Streams and state


class Recorded(Given):
    """Notes every batch that is asked for."""

    def batch(self, seed: int, number: int) -> list[Scene]:
        self.asked = [*getattr(self, "asked", []), (seed, number)]
        return super().batch(seed, number)


@pytest.mark.parametrize(("mixtures", "turns"), [("last round", 3), ("new", 4)])
def test_every_stream_has_a_seed_of_its_own_and_never_repeats_a_batch(mixtures, turns):
    paired = Recorded(examples(), BATCH)
    solos = {source: Recorded(examples(3), BATCH) for source in scenes.SOURCES}
    given = Unpaired(Recorded(examples(3), BATCH), solos)
    learner = trainee(replace(SMALL, rounds=3, mixtures=mixtures), TrainingData(paired, paired, given))
    for number in (1, 2):
        learner.step(number)
    streams = [paired.asked, given.mixtures.asked, *(each.asked for each in solos.values())]
    assert [len(asked) for asked in streams] == [2, 2 * turns, 6, 6]
    assert all(len(set(asked)) == len(asked) for asked in streams)
    assert len({seed for asked in streams for seed, _ in asked}) == 4


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_a_training_that_goes_on_from_its_state_repeats_every_bit(constraint, tmp_path):
    settings, accelerator = replace(SMALL, constraint=constraint, rounds=2), Accelerator(cpu=True)
    straight, resumed = trainee(settings), trainee(settings)
    assert straight.optimizers.keys() == {"separator", "critic_vocals", "critic_accompaniment"}
    assert straight.modules.keys() == straight.optimizers.keys() | {"average"}
    for number in (1, 2, 3):
        straight.step(number)
    checkpoint.save(tmp_path / "state.pt", "same", loop.state_of(straight, accelerator))
    loop.restore(resumed, accelerator, checkpoint.load(tmp_path / "state.pt", "same", print))
    assert straight.validate() == resumed.validate()
    for number in (4, 5):
        assert straight.step(number) == resumed.step(number)
    one, two = straight.weights(), resumed.weights()
    assert len(one) > 30
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_another_seed_hears_other_batches_from_other_start_values():
    first, again, other = trainee(), trainee(), trainee(seed=1)
    losses = [learner.step(1) for learner in (first, again, other)]
    assert losses[0] == losses[1] != losses[2]


# What goes wrong


def test_a_diverging_critic_is_named_with_its_estimate():
    learner = trainee()
    with torch.no_grad():
        learner.critics["accompaniment"].score.weight.mul_(1e5)
    with pytest.raises(Diverged, match="the critic of accompaniment diverged at step 3: its Wasserstein estimate is"):
        learner.step(3)


def test_a_critic_without_its_penalty_runs_away_and_stops_the_training():
    learner = trainee(replace(SMALL, penalty_weight=0.0, critic_rate=0.1))
    with pytest.raises(Diverged, match="raise penalty_weight"):
        for number in range(1, 60):
            learner.step(number)


def test_a_dead_output_stops_the_training_by_name():
    learner = trainee(replace(SMALL, head="relu", average=0.0))
    with torch.no_grad():
        learner.modules["separator"].heads[1].weight.fill_(-1.0)
    with pytest.raises(Diverged, match="accompaniment is zero"):
        learner.validate()


def test_what_is_missing_is_named():
    given = Given(examples())
    with pytest.raises(UserError, match="needs unpaired recordings"):
        trainee(data=TrainingData(given, given))
    whole = unpaired(examples())
    with pytest.raises(UserError, match="none of accompaniment"):
        trainee(data=TrainingData(given, given, Unpaired(whole.mixtures, {"vocals": whole.solos["vocals"]})))


# The view of the critics


def test_the_view_has_the_gradient_of_each_critics_score_in_the_estimate():
    learner, whole = trainee(), scenes.scene(length=LENGTH)
    learner.step(1)
    estimates, gradients = adversarial.critics_view(whole, SMALL, learner.weights())
    assert estimates.shape == gradients.shape == (2, 32, 8)
    for critic, estimate, gradient in zip(learner.critics.values(), estimates, gradients, strict=True):
        exact, step = critic.double(), 1e-5 * gradient.double() / gradient.norm()
        with torch.no_grad():
            rise = (exact((estimate + step)[None]) - exact((estimate - step)[None])).item()
        assert rise == pytest.approx(2e-5 * gradient.norm().item(), rel=1e-3)


def test_a_model_without_critics_has_no_view():
    weights = {name: each for name, each in trainee().weights().items() if not name.startswith("critic.")}
    whole = scenes.scene(length=LENGTH)
    assert adversarial.separate(whole, SMALL, weights).shape == (2, 1, LENGTH)
    with pytest.raises(UserError, match="The critic of vocals lacks the tensor"):
        adversarial.critics_view(whole, SMALL, weights)
