"""How well can music be separated when isolated stems are scarce?   snakemake --cores all"""

import os
import sys

from workflow_scripts.lib.core.errors import UserError
from workflow_scripts.plan.claim_jobs import Judge
from workflow_scripts.plan.data_jobs import (
    EstimateF0,
    ImportWeights,
    MakeMarks,
    Prepare,
    Register,
)
from workflow_scripts.plan.figure_jobs import (
    Draw,
    DrawAdaptation,
    DrawCritics,
    DrawGains,
    DrawRobustness,
    DrawTraining,
    Report,
)
from workflow_scripts.plan.leader import Leader
from workflow_scripts.plan.leading import (
    explain_locks,
    is_dry_run,
    lead_jobs_here,
)
from workflow_scripts.plan.model_jobs import Adapt, Separate, Train
from workflow_scripts.plan.plan import Plan, given
from workflow_scripts.plan.result_jobs import Compare, Score, ScoreF0, WriteSong
from workflow_scripts.plan.submission_jobs import (
    ImportEstimates,
    ImportScores,
    WriteMixtures,
)

lead_jobs_here()
if workflow.is_main_process:
    explain_locks()


configfile: os.path.join(workflow.basedir, "config/config.yaml")


try:
    plan = Plan(config, workflow.is_main_process, dry=is_dry_run(sys.argv))
    claims = plan.claim_targets(sys.argv)
except UserError as error:
    sys.exit(str(error))
if workflow.is_main_process:
    sys.stderr.writelines(f"{line}\n" for line in plan.configuration.told())


# The system that the lock is tested on. Ignored without --sdm apptainer; with it, run `make setup` in this image first.
container: "docker://python:3.11-bookworm"


wildcard_constraints:
    dataset=r"[\w-]+",
    sources="[^/]+",
    method=r"[\w-]+",
    f0=r"[\w.-]+",
    marks=r"[\w-]+",
    comparison=r"[\w-]+",
    ledger=r"[\w-]+",
    song=r"[\w-]+",
    split="train|valid|test",
    seed=r"\d+",
    shard=r"\d+-of-\d+",


include: "rules/data.smk"
include: "rules/f0.smk"
include: "rules/marks.smk"
include: "rules/train.smk"
include: "rules/adapt.smk"
include: "rules/separate.smk"
include: "rules/submissions.smk"
include: "rules/score.smk"
include: "rules/compare.smk"
include: "rules/report.smk"
include: "rules/claims.smk"
include: "rules/song.smk"
include: "rules/targets.smk"


localrules:
    all,
    ledger,
    separate_song,


rule all:
    default_target: True
    input:
        plan.targets(),


leader = Leader(workflow, plan)


onstart:
    leader.start()


onsuccess:
    leader.succeed()


onerror:
    leader.fail()
