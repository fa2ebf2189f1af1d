"""Adam as torch has it, and as TensorFlow 1 has it.

With m and v the averages of the gradient and its square, corrected for their start at zero, torch steps by
m / (sqrt(v) + epsilon). TensorFlow adds epsilon to the uncorrected root, so that in the first steps it counts for more:
32 times as much in the first one.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal

import torch

Epsilon = Literal["torch", "tensorflow"]


class TensorFlowAdam(torch.optim.Adam):
    """Adam with `epsilon`, 1e-8 by default, where TensorFlow 1 has it."""

    def __init__(
        self, parameters: Iterable[torch.Tensor], lr: float, betas: tuple[float, float] = (0.9, 0.999)
    ) -> None:
        super().__init__(parameters, lr, betas)
        self.epsilon = self.defaults["eps"]

    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """One step; all parameters of a group must have made the same number of them."""
        for group in self.param_groups:
            done = max((int(self.state[each]["step"]) for each in group["params"] if each in self.state), default=0)
            group["eps"] = self.epsilon / math.sqrt(1 - group["betas"][1] ** (done + 1))
        return super().step(closure)


ADAMS: dict[Epsilon, type[torch.optim.Adam]] = {"torch": torch.optim.Adam, "tensorflow": TensorFlowAdam}
