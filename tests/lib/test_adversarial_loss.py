"""The losses of the adversarial training against hand values, and what they do to a distribution."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from workflow_scripts.lib.losses import adversarial as losses


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_wasserstein_estimate_is_the_difference_of_the_mean_scores():
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.5, -1.5, 2.5])
    assert losses.wasserstein(real, fake).item() == pytest.approx(1.5)
    assert losses.separator_loss(fake).item() == pytest.approx(-0.5)


def test_the_slope_of_a_linear_critic_is_the_length_of_its_weights_everywhere():
    weight = torch.tensor([[3.0, 0.0], [0.0, -4.0]])
    slope = losses.slopes(lambda x: (x * weight).sum(dim=(1, 2)) + 7, torch.randn(5, 2, 2, generator=generator()))
    torch.testing.assert_close(slope, torch.full((5,), 5.0))
    assert losses.gradient_penalty(slope).item() == pytest.approx(16.0)
    assert losses.gradient_penalty(slope, losses.TWO_SIDED).item() == pytest.approx(16.0)


def test_only_the_two_sided_penalty_minds_a_critic_that_is_too_flat():
    slope = torch.tensor([0.5, 3.0])
    assert losses.gradient_penalty(slope).item() == pytest.approx((0 + 4) / 2)
    assert losses.gradient_penalty(slope, losses.TWO_SIDED).item() == pytest.approx((0.25 + 4) / 2)


def test_the_penalty_of_a_network_and_its_gradient_equal_those_computed_by_hand():
    """Two layers, the first with tanh: dD/dx = W' (v * (1 - tanh^2)), and the weights' gradient by differences."""
    rng = np.random.default_rng(0)
    first, second, x = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(6, 3))

    def by_hand(first: np.ndarray) -> float:
        gradients = (second * (1 - np.tanh(x @ first.T) ** 2)) @ first
        return float(np.mean(np.maximum(0, np.linalg.norm(gradients, axis=1) - 1) ** 2))

    weights = torch.tensor(first, requires_grad=True)
    critic = lambda patches: torch.tanh(patches @ weights.T) @ torch.tensor(second)  # noqa: E731
    penalty = losses.gradient_penalty(losses.slopes(critic, torch.tensor(x)))
    penalty.backward()
    assert penalty.item() == pytest.approx(by_hand(first), rel=1e-12)
    for place in np.ndindex(first.shape):
        step = np.zeros_like(first)
        step[place] = 1e-6
        difference = (by_hand(first + step) - by_hand(first - step)) / 2e-6
        assert weights.grad[place].item() == pytest.approx(difference, rel=1e-5, abs=1e-7)


def test_interpolates_lie_between_a_real_and_a_fake_patch_in_another_order():
    real = torch.arange(50.0).view(-1, 1, 1).expand(-1, 2, 3)
    fake = torch.full((50, 2, 3), 1000.0)
    mixed = losses.interpolates(real, fake, generator())
    places = (mixed[:, 0, 0] - real[:, 0, 0]) / 1000
    assert torch.equal(mixed, mixed[:, :1, :1].expand(-1, 2, 3))  # one place a patch
    assert mixed.min() >= 0 and mixed.max() < 1000
    assert places.min() < 0  # possible only where the order has changed
    assert torch.equal(mixed, losses.interpolates(real, fake, generator()))


def test_the_order_of_interpolates_is_a_permutation():
    real, fake = torch.arange(20.0).view(-1, 1), torch.arange(20.0, 40.0).view(-1, 1)
    mixed = losses.interpolates(real, fake, generator(3)).flatten()
    order = torch.randperm(20, generator=(again := generator(3)))
    places = torch.rand(20, generator=again)
    torch.testing.assert_close(mixed, order + places * (fake.flatten() - order))


def test_additivity_is_zero_where_linear_magnitudes_add_up_and_squared_otherwise():
    sources = torch.rand(2, 3, 4, 5, generator=generator())
    mixture = torch.log1p(sources.sum(dim=1))
    assert losses.additivity(mixture, torch.log1p(sources)).item() < 1e-12
    mixture = torch.log1p(sources.sum(dim=1) + 2)
    assert losses.additivity(mixture, torch.log1p(sources)).item() == pytest.approx(4, rel=1e-5)


def test_the_supervised_error_is_a_mean_over_items_bins_and_frames_for_each_source():
    estimates, targets = torch.ones(2, 3, 4, 5), torch.ones(2, 3, 4, 5)
    targets[:, 1] = 4.0
    targets[0, 2] = 3.0
    assert losses.supervised_error(estimates, targets).tolist() == [0.0, 9.0, 2.0]


def test_a_critic_under_the_penalty_learns_the_wasserstein_distance_of_two_gaussians():
    """N(0, 1) and N(2, 1), one dimension: the distance is 2."""
    torch.manual_seed(0)
    critic = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.LeakyReLU(0.2), torch.nn.Linear(32, 1))
    optimizer, drawn = torch.optim.Adam(critic.parameters(), 1e-2, (0.5, 0.9)), generator(1)
    estimates = []
    for _ in range(150):
        fake, real = torch.randn(256, 1, generator=drawn), 2 + torch.randn(256, 1, generator=drawn)
        distance = losses.wasserstein(critic(real), critic(fake))
        penalty = losses.gradient_penalty(losses.slopes(critic, losses.interpolates(real, fake, drawn)))
        optimizer.zero_grad()
        (10 * penalty - distance).backward()
        optimizer.step()
        estimates.append(distance.item())
    assert np.mean(estimates[-50:]) == pytest.approx(2, rel=0.15)


def test_the_adversarial_loss_moves_the_estimates_to_the_source_where_the_best_separator_is_known():
    """Mixture x = a + v, v from N(0, 1), a from N(3, 1/4): the separator v' = g x + c, unpaired real v.

    The estimates' distribution is the source's where g^2 (1 + 1/4) = 1 and g 3 + c = 0: g = 0.894, c = -2.68.
    """
    drawn = generator(0)
    torch.manual_seed(1)
    separator = torch.tensor([0.3, 0.0], requires_grad=True)  # g, c
    critic = torch.nn.Sequential(
        torch.nn.Linear(1, 32), torch.nn.LeakyReLU(0.2), torch.nn.Linear(32, 32), torch.nn.LeakyReLU(0.2),
        torch.nn.Linear(32, 1),
    )  # fmt: skip
    ours = torch.optim.Adam([separator], 2e-2, (0.5, 0.9))
    theirs = torch.optim.Adam(critic.parameters(), 3e-3, (0.5, 0.9))

    def mixtures(count: int) -> torch.Tensor:
        return 3 + math.sqrt(1.25) * torch.randn(count, 1, generator=drawn)

    def distance() -> float:
        with torch.no_grad():
            estimates = separator[0] * mixtures(4000) + separator[1]
        return wasserstein_distance(estimates[:, 0], torch.randn(4000, generator=drawn))

    before, path = distance(), []
    for _ in range(300):
        for _ in range(3):
            real = torch.randn(128, 1, generator=drawn)
            fake = (separator[0] * mixtures(128) + separator[1]).detach()
            penalty = losses.gradient_penalty(losses.slopes(critic, losses.interpolates(real, fake, drawn)))
            theirs.zero_grad()
            (10 * penalty - losses.wasserstein(critic(real), critic(fake))).backward()
            theirs.step()
        ours.zero_grad()
        losses.separator_loss(critic(separator[0] * mixtures(128) + separator[1])).backward()
        ours.step()
        path.append(separator.detach().clone())
    gain, offset = torch.stack(path[-100:]).mean(dim=0).tolist()
    assert before > 0.8
    assert distance() < 0.25 * before
    assert gain == pytest.approx(math.sqrt(0.8), abs=0.12)
    assert offset == pytest.approx(-3 * math.sqrt(0.8), abs=0.36)
