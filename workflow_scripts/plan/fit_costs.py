"""Fit config/costs.yaml to the results that lie here:

python -m workflow_scripts.plan.fit_costs [config/study.yaml ...]
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import yaml

from workflow_scripts.lib.core.code_graph import ROOT
from workflow_scripts.lib.core.provenance import meter, processor
from workflow_scripts.plan.cost import plan_of
from workflow_scripts.plan.costs import RATES, every_kind, work_of
from workflow_scripts.plan.job import Job
from workflow_scripts.plan.plan import Plan

HEAD = """# What jobs cost on one core of an {cpu}, fitted by python -m workflow_scripts.plan.fit_costs.
# start: CPU s until a script works.  work: CPU s a unit, which plan/costs.py says.  memory: peak in MiB.
"""


def fit(plan: Plan) -> dict[str, dict[str, float]]:
    """The table from the provenance of the jobs of a plan that have run here."""
    seconds, amounts = dict[str, float](), dict[str, float]()
    memory = dict[str, float]()
    for job in plan.last().behind(Job):
        facts = Path(job.folder, "provenance.json")
        names, amount = work_of(job)
        if not facts.is_file() or not amount:
            continue
        cost = json.loads(facts.read_text(encoding="utf-8"))["cost"]
        for name in names[-2:]:  # what a method is like in the end, and its module, for methods that have not run
            seconds[name] = seconds.get(name, 0.0) + cost["cpu_seconds"]
            amounts[name] = amounts.get(name, 0.0) + amount
            memory[name] = max(memory.get(name, 0.0), cost["peak_memory_mib"])
    for rule in ("report", "score_f0"):  # these leave no provenance, and hardly take longer than their start
        seconds[rule], amounts[rule], memory[rule] = 0.0, 1.0, 200.0
    work = {name: float(f"{seconds[name] / amounts[name]:.3g}") for name in sorted(seconds)}
    return {"work": work, "memory": {name: round(memory[name]) for name in sorted(memory)}}


def start_of(kind: type[Job]) -> float:
    """CPU s that the script of a rule takes until it works, the median of three."""
    command = [sys.executable, "-c", f"import workflow_scripts.{kind.stage}.{kind.rule}"]
    found = []
    for _ in range(3):
        spent = meter()
        subprocess.run(command, cwd=ROOT, check=True)
        found.append(spent()["cpu_seconds"])
    return median(found)


def main() -> None:
    os.environ["PYTHONPATH"] = str(ROOT)
    start = {rule: round(start_of(kind), 2) for rule, kind in sorted(every_kind().items())}
    table = {"start": start} | fit(plan_of(sys.argv[1:]))
    RATES.write_text(HEAD.format(cpu=processor()) + yaml.safe_dump(table, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
