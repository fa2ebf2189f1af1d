"""What starts cost: of jobs, against the import of all libraries that jobs use; and of a run of 10,000 jobs.

    python -m tests.benchmarks.bench_start

The peer of the run is Snakemake alone on as many jobs of two rules, without our plan.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import yaml

from tests.benchmarks.table import Ratio
from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.provenance import meter

ROUNDS, JOBS = 3, 10_000
EVERYTHING = "import pandas, pyarrow, scipy.signal, scipy.stats, soundfile, soxr, torch"  # of one job or another
SCRIPTS = {"prepare": "data.prepare", "separate": "separate.separate", "compare": "compare.compare"}
BARE = f"""
rule all:
    input: expand("b/{{number}}.txt", number=range({JOBS // 2}))
rule one:
    output: "a/{{number}}.txt"
    shell: "touch {{output}}"
rule two:
    input: "a/{{number}}.txt"
    output: "b/{{number}}.txt"
    shell: "touch {{output}}"
"""


def cpu_seconds(command: list[str], folder: Path = ROOT) -> float:
    """Of a process of its own."""
    spent = meter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    return spent()["cpu_seconds"]


def study_of_many_jobs() -> dict:
    """A configuration of about `JOBS` jobs: one comparison in a thousand shards, without figures of training."""
    methods = ["mixture", "hpss", "irm", "ibm", "mwf", "nmf_supervised"]
    comparison = {"dataset": "songs_4k", "sources": ["vocals", "accompaniment"], "methods": methods, "metrics": ["SDR"]}
    return {"run": ["many"], "shards": JOBS // (len(methods) + 1), "comparisons": {"many": comparison}}


def main() -> list[Ratio]:
    found = []
    for name, script in SCRIPTS.items():
        code = f"import workflow_scripts.{script}"
        rounds = [[cpu_seconds([sys.executable, "-c", each]) for each in (code, EVERYTHING)] for _ in range(ROUNDS)]
        ours, theirs = (median(each) for each in zip(*rounds, strict=True))
        found.append(Ratio(f"start of a job of {name}", ours, theirs, "import of all libraries that jobs use"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "many.yaml").write_text(yaml.safe_dump(study_of_many_jobs()))
        (folder / "Snakefile").write_text(BARE)
        snakemake = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "--quiet", "all"]
        ours = cpu_seconds([*snakemake, "--snakefile", str(ROOT / "Snakefile"), "--configfile", "many.yaml"], folder)
        found.append(Ratio(f"plan of {JOBS} jobs", ours, cpu_seconds(snakemake, folder), "Snakemake without our plan"))
    for each in found:
        print(f"{each.what}: {each.ours:.2f} CPU s; {each.peer}: {each.theirs:.2f} CPU s")
    return found


if __name__ == "__main__":
    main()
