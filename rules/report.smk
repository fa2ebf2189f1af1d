"""Figures, the Parquet table of all scores, and the summary that ends a run."""


rule draw:
    input:
        unpack(plan.inputs(Draw)),
    output:
        report(
            directory("results/draw/{comparison}"),
            patterns=["{figure}.svg"],
            category="{comparison}",
            subcategory="Scores",
        ),
        manifest="results/draw/{comparison}.json",
    log:
        "results/logs/draw/{comparison}.log",
    benchmark:
        "results/benchmarks/draw/{comparison}.jsonl"
    priority: plan.priority(Draw)
    threads: plan.threads(Draw)
    resources:
        mem_mb=plan.resource(Draw, "mem_mb"),
        runtime=plan.resource(Draw, "runtime"),
    params:
        script=Draw.rule,
        files=given,
        options=plan.options(Draw),
        code=plan.fingerprint(Draw),
    message:
        "Figures of {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.report.{params.script} {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"


use rule draw as draw_training with:
    input:
        unpack(plan.inputs(DrawTraining)),
    output:
        report(
            directory("results/draw_training/{comparison}"),
            patterns=["{figure}.svg"],
            category="{comparison}",
            subcategory="Training",
        ),
        manifest="results/draw_training/{comparison}.json",
    log:
        "results/logs/draw_training/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_training/{comparison}.jsonl"
    params:
        script=DrawTraining.rule,
        files=given,
        options=plan.options(DrawTraining),
        code=plan.fingerprint(DrawTraining),
    message:
        "Training curves of {wildcards.comparison}"


use rule draw as draw_robustness with:
    input:
        unpack(plan.inputs(DrawRobustness)),
    output:
        report(
            directory("results/draw_robustness/{comparison}"),
            patterns=["{figure}.svg"],
            category="{comparison}",
            subcategory="Robustness to F0 errors",
        ),
        manifest="results/draw_robustness/{comparison}.json",
    log:
        "results/logs/draw_robustness/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_robustness/{comparison}.jsonl"
    params:
        script=DrawRobustness.rule,
        files=given,
        options=plan.options(DrawRobustness),
        code=plan.fingerprint(DrawRobustness),
    message:
        "Robustness to F0 errors in {wildcards.comparison}"


use rule draw as draw_critics with:
    input:
        unpack(plan.inputs(DrawCritics)),
    output:
        report(
            directory("results/draw_critics/{comparison}"),
            patterns=["{figure}.svg"],
            category="{comparison}",
            subcategory="Critics",
        ),
        manifest="results/draw_critics/{comparison}.json",
    log:
        "results/logs/draw_critics/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_critics/{comparison}.jsonl"
    params:
        script=DrawCritics.rule,
        files=given,
        options=plan.options(DrawCritics),
        code=plan.fingerprint(DrawCritics),
    message:
        "What the critics see in {wildcards.comparison}"


use rule draw as draw_adaptation with:
    input:
        unpack(plan.inputs(DrawAdaptation)),
    output:
        report(
            directory("results/draw_adaptation/{comparison}"),
            patterns=["{figure}.svg"],
            category="{comparison}",
            subcategory="Adaptation",
        ),
        manifest="results/draw_adaptation/{comparison}.json",
    log:
        "results/logs/draw_adaptation/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_adaptation/{comparison}.jsonl"
    params:
        script=DrawAdaptation.rule,
        files=given,
        options=plan.options(DrawAdaptation),
        code=plan.fingerprint(DrawAdaptation),
    message:
        "Course of the adaptations in {wildcards.comparison}"


use rule draw as draw_gains with:
    input:
        unpack(plan.inputs(DrawGains)),
    output:
        report(
            directory("results/draw_gains/{comparison}"),
            patterns=["{figure}.svg"],
            category="{comparison}",
            subcategory="Gains by adaptation",
        ),
        manifest="results/draw_gains/{comparison}.json",
    log:
        "results/logs/draw_gains/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_gains/{comparison}.jsonl"
    params:
        script=DrawGains.rule,
        files=given,
        options=plan.options(DrawGains),
        code=plan.fingerprint(DrawGains),
    message:
        "Gains over the model started from in {wildcards.comparison}"


rule report:
    input:
        unpack(plan.inputs(Report)),
    output:
        summary=report("results/report/summary.txt", category="Summary"),
        scores="results/report/scores.parquet",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.jsonl"
    priority: plan.priority(Report)
    threads: plan.threads(Report)
    resources:
        mem_mb=plan.resource(Report, "mem_mb"),
        runtime=plan.resource(Report, "runtime"),
    params:
        files=given,
        options=plan.options(Report),
        code=plan.fingerprint(Report),
    message:
        "Summary"
    shell:
        "python -m workflow_scripts.report.report {params.files:q} {params.options:q}"
        " --summary {output.summary:q} --parquet {output.scores:q} &> {log:q}"
