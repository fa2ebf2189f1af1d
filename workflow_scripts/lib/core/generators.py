"""Random generators of torch named after what they are for, as `seeds` has them for numpy."""

import torch

from workflow_scripts.lib.core.seeds import seed_of


def generator_of(*names: object) -> torch.Generator:
    """A generator of its own for these names, on the CPU, so that all devices see the same numbers."""
    return torch.Generator().manual_seed(seed_of(*names) % 2**63)
