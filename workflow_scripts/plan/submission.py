"""Check a submission alone, before any job:

    python -m workflow_scripts.plan.submission NAME [FILE.yaml | KEY=VALUE ...]

The files are laid over config/config.yaml and the values over both, as snakemake's --configfile and --config.
"""

import argparse
import sys

from workflow_scripts.lib.core.errors import UserError, nearest
from workflow_scripts.plan.configuration import Configuration
from workflow_scripts.plan.cost import configuration_of
from workflow_scripts.plan.keys import Comparison
from workflow_scripts.plan.submission_checks import check_submission, look_at_files


def report(name: str, configuration: Configuration) -> list[str]:
    """A line for each comparison that names a submission. Raises UserError where it fits one of them not."""
    if name not in configuration.submissions:
        raise UserError(f"There is no submission {name!r}; {nearest(name, configuration.submissions)}")
    comparisons = {key: entry for key, entry in configuration.keys.comparisons.items() if name in entry.methods}
    if not comparisons:
        raise UserError(f"No comparison names the submission {name!r}; add it to the methods of one.")
    return [_line(name, configuration, key, entry) for key, entry in comparisons.items()]


def _line(name: str, configuration: Configuration, key: str, entry: Comparison) -> str:
    where = f"comparisons.{key}"
    check_submission(configuration, where, name, entry)
    unused = look_at_files(configuration, where, name, entry)
    if unused is None:
        return (
            f"{where}: nothing is wrong so far; its tracks are known once they are prepared: snakemake --cores all "
            f"results/prepare/{entry.dataset}.json"
        )
    said = f"; passed over: {', '.join(unused)}" if unused else ""
    return f"{where}: {name} fits{said}."


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m workflow_scripts.plan.submission", description=__doc__)
    options.add_argument("name", metavar="NAME")
    options.add_argument("words", nargs="*", metavar="FILE.yaml | KEY=VALUE")
    chosen = options.parse_args()
    try:
        print("\n".join(report(chosen.name, Configuration(configuration_of(chosen.words)))))
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
