"""What a run does for its jobs on this machine."""

import subprocess
import sys

from workflow_scripts.lib.core.code_graph import ROOT

STUB = """
import sys

sys.path.append({root!r})
from workflow_scripts.plan.leading import lead_this_folder

onstart:
    lead_this_folder(workflow)

rule all:
    input:
        expand("{{number}}.txt", number=range(4)),

rule one:
    output:
        "{{number}}.txt",
    shell:
        "sleep 1; touch {{output}}"
"""


def test_snakemake_looks_for_jobs_when_one_has_ended_and_not_once_a_second_more_for_each(tmp_path):
    (tmp_path / "Snakefile").write_text(STUB.format(root=str(ROOT)))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--verbose"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout + done.stderr).count("Ready jobs: ") <= 6  # one a job, and at start and end
