"""What a script has imported before it does anything: libraries that take long to import are imported where needed."""

import subprocess
import sys

import pytest

from workflow_scripts.lib.core.code_graph import ROOT

SLOW = {"torch", "torchaudio", "accelerate", "pandas", "pyarrow", "matplotlib", "librosa", "onnxruntime", "mir_eval"}
SCIPY = {"scipy.signal", "scipy.stats", "scipy.linalg", "scipy.ndimage"}
SLOW |= SCIPY | {"requests", "snakemake"}

TABLES = {"pandas", "pyarrow"}
LEARNING = {"torch", "accelerate"}
FIGURES = TABLES | {"matplotlib"}
MAY_IMPORT = {
    "adapt.adapt": LEARNING,
    "compare.compare": TABLES,
    "data.prepare": set(),
    "data.register": set(),
    "f0.estimate_f0": set(),
    "judge.judge": FIGURES,
    "marks.make_marks": set(),
    "report.draw": FIGURES,
    "report.draw_adaptation": FIGURES,
    "report.draw_critics": {"matplotlib", "torch"},
    "report.draw_gains": FIGURES,
    "report.draw_robustness": FIGURES,
    "report.draw_training": FIGURES,
    "report.report": TABLES,
    "score.score": TABLES,
    "score.score_f0": TABLES | {"mir_eval", *SCIPY},
    "separate.separate": {"torch"},
    "song.write_song": TABLES,
    "submissions.import_estimates": set(),
    "submissions.import_scores": TABLES,
    "submissions.write_mixtures": set(),
    "train.import_weights": {"torch", "requests"},
    "train.train": LEARNING,
}
FOLDER = ROOT / "workflow_scripts"


def test_every_script_is_listed():
    scripts = (file for file in FOLDER.glob("*/*.py") if "\n    run(" in file.read_text(encoding="utf-8"))
    assert {f"{file.parent.name}.{file.stem}" for file in scripts} == set(MAY_IMPORT)


@pytest.mark.parametrize("script", MAY_IMPORT)
def test_a_script_imports_nothing_slow_that_it_may_not_need(script):
    code = f"import sys, workflow_scripts.{script}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert SLOW & set(done.stdout.split()) <= MAY_IMPORT[script]
