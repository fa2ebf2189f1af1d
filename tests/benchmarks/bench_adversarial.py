"""One semi-supervised step of the adversarial method, its parts, and a ratio against its naive form.

    python -m tests.benchmarks.bench_adversarial

Small separator and critics as in config/methods/adversarial.yaml, batch 8, two sources, 1 and 5 critic rounds.
The naive form runs the separator on the unlabelled mixtures once for each critic of each round and once more for its
own step, apart from the paired excerpts, as the public code of arXiv 1711.00048 does; batches and losses are the same.
CPU seconds on one thread.
"""

import resource
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch
from accelerate import Accelerator
from threadpoolctl import threadpool_limits

from tests.benchmarks.table import Ratio
from tests.methods.given import Given, unpaired
from workflow_scripts.lib.core.seeds import seed_of
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import TrainingData
from workflow_scripts.lib.losses import adversarial as losses
from workflow_scripts.lib.methods import adversarial
from workflow_scripts.lib.networks.unpadded_unet import centre
from workflow_scripts.lib.training.patches import example_of

RATE, SECONDS, BATCH, ROUNDS, REPEATS = 4096, 2.42, 8, (1, 5), 3
SOURCES = ("vocals", "accompaniment")


def trainee(rounds: int) -> adversarial.AdversarialTrainee:
    """A trainee on noise, whose excerpts are in memory."""
    generator = torch.Generator().manual_seed(0)
    scenes = []
    for _ in range(BATCH):
        references = 0.2 * torch.randn(2, 1, round(SECONDS * RATE), generator=generator)
        scenes.append(Scene(references.sum(dim=0), RATE, SOURCES, 0, None, references))
    data = TrainingData(Given(scenes, BATCH), Given(scenes, BATCH), unpaired(scenes, BATCH))
    settings = replace(adversarial.Settings(), rounds=rounds, alpha=0.01)
    return adversarial.trainee(data, settings, 0, torch.device("cpu"), Accelerator(cpu=True))


def naive_step(learner: adversarial.AdversarialTrainee, number: int) -> float:
    """The same step with a pass of the separator wherever one of its estimates is used."""
    settings, separator, rounds = learner.settings, learner.separator, learner.settings.rounds
    for turn in range(rounds):
        for index, source in enumerate(SOURCES):
            with torch.no_grad():
                estimates = separator(learner._mixtures(number * rounds + turn))
            fake = adversarial.critic_input(estimates[:, index], settings)
            real = learner._solos(source, number * rounds + turn)
            learner._step_critic(source, fake, real, number * rounds + turn)
    labelled = example_of(learner.data.train.batch(seed_of(0, "paired", "anew"), number), settings)
    mixtures = learner._mixtures(number * rounds + rounds - 1)
    errors = losses.supervised_error(separator(labelled.mixture), labelled.targets)
    theirs = separator(mixtures)
    scores = [
        critic(adversarial.critic_input(theirs[:, index], settings))
        for index, critic in enumerate(learner.critics.values())
    ]
    scored = sum(losses.separator_loss(each) for each in scores)
    missing = losses.additivity(centre(mixtures, theirs.shape[-2:]), theirs)
    loss = errors.sum() + settings.alpha * scored + settings.beta * missing
    learner.optimizers["separator"].zero_grad()
    loss.backward()
    separator.descend()
    return loss.item()


def parts(learner: adversarial.AdversarialTrainee) -> dict[str, float]:
    """CPU seconds of the parts of a step: all rounds of all critics, and the separator with its share of the loss."""
    settings, critics = learner.settings, list(learner.critics.values())
    turns = settings.rounds * len(critics)
    real = learner._solos("vocals", 0)
    fake = real.flip(0)
    both = torch.cat([learner._mixtures(0), learner._mixtures(1)])

    def penalty() -> None:
        line = losses.interpolates(real, fake, torch.Generator().manual_seed(0))
        losses.gradient_penalty(losses.slopes(critics[0], line), settings.constraint).backward()

    def score() -> None:
        critics[0](torch.cat([real, fake])).mean().backward()

    def separator() -> None:
        for _ in range(settings.rounds - 1):
            with torch.no_grad():
                learner.separator(both[:BATCH])
        learner.separator(both).mean().backward()

    def scores_for_separator() -> None:
        for critic in critics:
            losses.gradients(critic, real)

    return {
        "critics' scores": turns * cpu_seconds(score)[0],
        "critics' penalty": turns * cpu_seconds(penalty)[0],
        "separator": cpu_seconds(separator)[0],
        "critics in the separator's loss": cpu_seconds(scores_for_separator)[0],
    }


def cpu_seconds(run: Callable) -> tuple[float, object]:
    """User and system time of this process, and what the call returned."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = run()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def measure(rounds: int) -> Ratio:
    """Print the lines of one number of rounds."""
    ours, naive = trainee(rounds), trainee(rounds)
    sides = {"ours": lambda number: ours.step(number)["loss"], "naive": lambda number: naive_step(naive, number)}
    spent: dict[str, list[float]] = {side: [] for side in sides}
    found = {}
    for number in range(1 + REPEATS):  # the first calls set up threads and convolutions
        for side, step in sides.items():
            seconds, found[side, number] = cpu_seconds(lambda step=step, number=number: step(number))
            spent[side].append(seconds)
    seconds = {side: median(times[1:]) for side, times in spent.items()}
    difference = abs(found["ours", 0] / found["naive", 0] - 1)
    ratio = seconds["naive"] / seconds["ours"]
    print(f"rounds {rounds}: ours {seconds['ours']:.3f}, naive {seconds['naive']:.3f} CPU s a step, ratio {ratio:.2f};")
    print(f"  their first losses differ by {difference:.0e} of their size")
    measured = [parts(ours) for _ in range(REPEATS)]
    split = {name: median(each[name] for each in measured) for name in measured[0]}
    print("  of ours: " + ", ".join(f"{name} {value:.3f}" for name, value in split.items()), end="")
    print(f", rest (batches, optimisers, average) {max(0.0, seconds['ours'] - sum(split.values())):.3f}")
    what = f"adversarial step, {rounds} rounds of critics" if rounds > 1 else "adversarial step, one round of critics"
    return Ratio(what, seconds["ours"], seconds["naive"], "one pass of the separator a critic")


def main() -> list[Ratio]:
    torch.set_num_threads(1)
    print(f"batch {BATCH}, {SECONDS} s at {RATE} Hz, {len(SOURCES)} sources; one thread")
    with threadpool_limits(limits=1):
        return [measure(rounds) for rounds in ROUNDS]


if __name__ == "__main__":
    main()
