"""One training as a value: the method, what it learns from, the weights it starts from and the seed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal

import torch
from pydantic import Field

from workflow_scripts.lib.core.fingerprint import hash_of
from workflow_scripts.lib.core.settings import settings
from workflow_scripts.lib.datasets.budget import Budget, UnpairedBudget
from workflow_scripts.lib.datasets.corpus import Corpus
from workflow_scripts.lib.datasets.unpaired import UnlabelledSplit, split_unlabelled
from workflow_scripts.lib.networks.tensors import Tensors
from workflow_scripts.lib.training.description import MethodDescription
from workflow_scripts.lib.training.schedule import Schedule


@settings
class TrainingDescription(MethodDescription):
    """A method to train, and what from.  unpaired: None where it is given no unlabelled songs."""

    training: Annotated[Schedule, Field(description="How a method that learns step by step is trained.")]
    budget: Annotated[Budget, Field(description="How much of the training data the method is given.")]
    unpaired: Annotated[UnpairedBudget | None, Field(description="Which unlabelled songs it is given; null for none.")]
    train_on: Annotated[Literal["train", "test"], Field(description="Split whose tracks teach.")]


@dataclass(frozen=True)
class TrainingJob:
    """What determines the model that a training gives.

    start: weights to start from, empty for start values of the method's own.  start_files: the SHA-256 sum of the model
        file that they were read from, by its path.
    code: fingerprint of the code that trains.
    """

    description: TrainingDescription
    corpus: Corpus
    seed: int
    code: str = ""
    start: Tensors = field(default_factory=dict)
    start_files: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def unlabelled(self) -> UnlabelledSplit | None:
        """The unlabelled songs, where the method is given some."""
        budget = self.description.unpaired
        return None if budget is None else split_unlabelled(self.corpus, budget)

    def header(self) -> dict[str, Any]:
        """What the file of the model says of it."""
        method = {"module": self.description.module, "settings": self.description.settings}
        return method | {"sources": list(self.corpus.sources), "code": self.code}

    def inputs(self) -> dict[str, Any]:
        """What the training was given, for the record."""
        given: dict[str, Any] = {"data": [track.sha256 for track in self.corpus.tracks]}
        given |= {"unpaired": self.unlabelled.names()} if self.unlabelled else {}
        return given | ({"start": dict(self.start_files)} if self.start_files else {})

    def fingerprint(self) -> str:
        """Hash of everything that a bit of the model depends on; a checkpoint of another one is not resumed."""
        chosen = [self.header(), asdict(self.description.training), self.seed]
        parts = [json.dumps(chosen), self.corpus.fingerprint(), torch.__version__, *self.start_files.values()]
        return hash_of(*parts, self.unlabelled.fingerprint() if self.unlabelled else "")
