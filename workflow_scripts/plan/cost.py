"""Print what a whole run will cost, from its first job on:

    python -m workflow_scripts.plan.cost [--cores N] [FILE.yaml | KEY=VALUE ...]

The files are laid over config/config.yaml and the values over both, as snakemake's --configfile and --config. Data need
not be there yet: what is missing is told, and what depends on it is not counted.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import yaml

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.plan import Plan
from workflow_scripts.plan.run_log import forecast
from workflow_scripts.plan.yaml_files import merge, read_yaml


def configuration_of(words: list[str]) -> dict[str, Any]:
    """The default configuration with files and values laid over it. Raises UserError where a file is no YAML."""
    config: dict[str, Any] = read_yaml(ROOT / "config/config.yaml")
    for word in words:
        key, given, value = word.partition("=")
        config = merge(config, {key: yaml.safe_load(value)} if given else read_yaml(Path(word)))
    return config


def plan_of(words: list[str], dry: bool = False) -> Plan:
    """The plan of such a configuration; dry: as `Plan`. Raises UserError where it is wrong."""
    return Plan(configuration_of(words), dry=dry)


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m workflow_scripts.plan.cost", description=__doc__)
    options.add_argument("words", nargs="*", metavar="FILE.yaml | KEY=VALUE")
    options.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    chosen = options.parse_args()
    try:
        plan = plan_of(chosen.words, dry=True)
        cost = plan.costs.run(plan.last().behind(Job), chosen.cores)
    except UserError as error:
        sys.exit(str(error))
    print(forecast(cost, plan.configuration.run, chosen.cores))
    print(*plan.configuration.told(), sep="\n")


if __name__ == "__main__":
    main()
