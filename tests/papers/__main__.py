"""A paper's configuration in miniature: tiny data in the published layouts, small networks, few steps.

    python -m tests.papers one_shot FOLDER [options of snakemake]

makes the data, serves it on this machine, and runs config/papers/one_shot.yaml with one_shot_mini.yaml laid over it;
data and results lie in FOLDER.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.papers.data import MAKERS, served
from workflow_scripts.lib.core.code_graph import ROOT


def run(paper: str, folder: Path, *options: str, **process: Any) -> subprocess.CompletedProcess[Any]:
    """Run the miniature of a paper in a folder. process: options of `subprocess.run`."""
    data = folder.absolute() / "data"
    data.mkdir(parents=True, exist_ok=True)
    with served(data) as address:
        (data / "data.yaml").write_text(yaml.safe_dump(MAKERS[paper](data, address)), encoding="utf-8")
        papers = ROOT / "config/papers"
        files = [papers / f"{paper}.yaml", papers / f"{paper}_mini.yaml", data / "data.yaml"]
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", ROOT / "Snakefile"]
        return subprocess.run(
            [*command, "--directory", folder.absolute(), "--configfile", *files, *options],
            cwd=ROOT,
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            check=False,
            **process,
        )


def main() -> None:
    if len(sys.argv) < 3 or sys.argv[1] not in MAKERS:
        sys.exit(f"python -m tests.papers {{{','.join(MAKERS)}}} FOLDER [options of snakemake]")
    sys.exit(run(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]).returncode)


if __name__ == "__main__":
    main()
