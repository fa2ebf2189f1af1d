"""Excerpts from memory, for tests of methods that learn: as `lib.datasets.excerpts.Excerpts`, of synthetic scenes."""

from collections.abc import Sequence
from dataclasses import replace

from workflow_scripts.lib.core.seeds import stream
from workflow_scripts.lib.datasets.scene import Scene
from workflow_scripts.lib.datasets.training_data import Unpaired


class Given:
    """Batches of scenes of one length, drawn from a few; the excerpts to validate on are all of them."""

    share = (0, 1)

    def __init__(self, scenes: Sequence[Scene], batch: int = 2, references: bool = True) -> None:
        self.scenes = [scene if references else replace(scene, references=None) for scene in scenes]
        self.batch_size, self.rate, self.sources = batch, scenes[0].rate, scenes[0].sources
        self.channels = len(scenes[0].mixture)

    def batch(self, seed: int, number: int) -> list[Scene]:
        chosen = stream(seed, "excerpts", number).integers(len(self.scenes), size=self.batch_size)
        return [self.scenes[index] for index in chosen]

    def every_excerpt(self) -> list[Scene]:
        return self.scenes


def unpaired(scenes: Sequence[Scene], batch: int = 2) -> Unpaired:
    """The mixtures of the scenes without their references, and each reference as a solo recording."""
    solos = {
        source: Given([replace(scene, mixture=scene.references[index]) for scene in scenes], batch, references=False)
        for index, source in enumerate(scenes[0].sources)
    }
    return Unpaired(Given(scenes, batch, references=False), solos)
