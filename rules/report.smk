"""Figures, the Parquet table of all scores, and the summary that ends a run."""


rule draw:
    input:
        scores=lambda wildcards: plan.score_manifests(wildcards.comparison),
    output:
        directory("results/draw/{comparison}"),
        manifest="results/draw/{comparison}.json",
    log:
        "results/logs/draw/{comparison}.log",
    benchmark:
        "results/benchmarks/draw/{comparison}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        rows=lambda wildcards: plan.labels(wildcards.comparison),
        metric=lambda wildcards: plan.run[wildcards.comparison]["metrics"][0],
        aggregation=plan.value("aggregation"),
        groups=plan.value("groups"),
        budgets=lambda wildcards: plan.budgets(wildcards.comparison),
        remark=lambda wildcards: plan.remark(wildcards.comparison),
        code=lambda wildcards: codes.draw(wildcards.comparison),
    message:
        "Figures of {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.report.draw --scores {input.scores:q} --rows {params.rows:q}"
        " --metric {params.metric:q} --aggregation {params.aggregation} --groups {params.groups:q}"
        " --budgets {params.budgets:q} --remark={params.remark:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"


rule draw_training:
    input:
        curves=lambda wildcards: plan.curves(wildcards.comparison),
    output:
        directory("results/draw_training/{comparison}"),
        manifest="results/draw_training/{comparison}.json",
    log:
        "results/logs/draw_training/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_training/{comparison}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        rows=lambda wildcards: plan.curve_labels(wildcards.comparison),
        remark=lambda wildcards: plan.remark(wildcards.comparison),
        code=lambda wildcards: codes.draw_training(wildcards.comparison),
    message:
        "Training curves of {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.report.draw_training --curves {input.curves:q} --rows {params.rows:q}"
        " --comparison {wildcards.comparison:q} --remark={params.remark:q} --out {output.manifest:q} --code {params.code} &> {log:q}"


rule draw_robustness:
    input:
        scores=lambda wildcards: plan.score_manifests(wildcards.comparison),
    output:
        directory("results/draw_robustness/{comparison}"),
        manifest="results/draw_robustness/{comparison}.json",
    log:
        "results/logs/draw_robustness/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_robustness/{comparison}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        rows=lambda wildcards: plan.labels(wildcards.comparison),
        errors=lambda wildcards: plan.errors(wildcards.comparison),
        metric=lambda wildcards: plan.run[wildcards.comparison]["metrics"][0],
        aggregation=plan.value("aggregation"),
        remark=lambda wildcards: plan.remark(wildcards.comparison),
        code=lambda wildcards: codes.draw_robustness(wildcards.comparison),
    message:
        "Robustness to F0 errors in {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.report.draw_robustness --scores {input.scores:q} --rows {params.rows:q}"
        " --errors {params.errors:q} --metric {params.metric:q} --aggregation {params.aggregation}"
        " --remark={params.remark:q} --out {output.manifest:q} --code {params.code} &> {log:q}"


rule draw_critics:
    input:
        data=plan.prepared,
        model=lambda wildcards: plan.critic_model(wildcards.comparison),
    output:
        directory("results/draw_critics/{comparison}"),
        manifest="results/draw_critics/{comparison}.json",
    log:
        "results/logs/draw_critics/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_critics/{comparison}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        module=lambda wildcards: plan.method(plan.critic(wildcards.comparison).method)[
            "module"
        ],
        settings=lambda wildcards: text(
            plan.method(plan.critic(wildcards.comparison).method)["settings"]
        ),
        label=lambda wildcards: plan.method(plan.critic(wildcards.comparison).method)[
            "label"
        ],
        sources=plan.value("sources"),
        split=plan.value("split"),
        remark=lambda wildcards: plan.remark(wildcards.comparison),
        code=lambda wildcards: codes.draw_critics(wildcards.comparison),
    message:
        "What the critics see in {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.report.draw_critics --data {input.data:q} --model {input.model:q} --module {params.module}"
        " --settings {params.settings:q} --label {params.label:q} --sources {params.sources:q} --split {params.split}"
        " --remark={params.remark:q} --out {output.manifest:q} --code {params.code} &> {log:q}"


rule draw_adaptation:
    input:
        adapted=lambda wildcards: plan.adaptations(wildcards.comparison),
    output:
        directory("results/draw_adaptation/{comparison}"),
        manifest="results/draw_adaptation/{comparison}.json",
    log:
        "results/logs/draw_adaptation/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_adaptation/{comparison}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        rows=lambda wildcards: plan.labels(wildcards.comparison),
        remark=lambda wildcards: plan.remark(wildcards.comparison),
        code=lambda wildcards: codes.draw_adaptation(wildcards.comparison),
    message:
        "Course of the adaptations in {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.report.draw_adaptation --adapted {input.adapted:q} --rows {params.rows:q}"
        " --comparison {wildcards.comparison:q} --remark={params.remark:q} --out {output.manifest:q} --code {params.code} &> {log:q}"


rule draw_gains:
    input:
        scores=lambda wildcards: plan.score_manifests(wildcards.comparison),
        adapted=lambda wildcards: plan.adaptations(wildcards.comparison),
    output:
        directory("results/draw_gains/{comparison}"),
        manifest="results/draw_gains/{comparison}.json",
    log:
        "results/logs/draw_gains/{comparison}.log",
    benchmark:
        "results/benchmarks/draw_gains/{comparison}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        rows=lambda wildcards: plan.labels(wildcards.comparison),
        gains=lambda wildcards: plan.gains(wildcards.comparison),
        metrics=lambda wildcards: plan.run[wildcards.comparison]["metrics"],
        aggregation=plan.value("aggregation"),
        remark=lambda wildcards: plan.remark(wildcards.comparison),
        code=lambda wildcards: codes.draw_gains(wildcards.comparison),
    message:
        "Gains over the model started from in {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.report.draw_gains --scores {input.scores:q} --adapted {input.adapted:q}"
        " --rows {params.rows:q} --gains {params.gains:q} --metrics {params.metrics:q}"
        " --aggregation {params.aggregation} --remark={params.remark:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"


rule report:
    input:
        scores=[each for name in plan.run for each in plan.score_manifests(name)],
        tables=collect("results/compare/{comparison}.json", comparison=plan.run),
        figures=collect("results/draw/{comparison}.json", comparison=plan.run),
        training=collect(
            "results/draw_training/{comparison}.json", comparison=plan.with_curves()
        ),
        critics=collect(
            "results/draw_critics/{comparison}.json", comparison=plan.with_critics()
        ),
        robustness=collect(
            "results/draw_robustness/{comparison}.json", comparison=plan.with_errors()
        ),
        adaptation=collect(
            "results/draw_adaptation/{comparison}.json",
            comparison=plan.with_adaptation(),
        ),
        gains=collect(
            "results/draw_gains/{comparison}.json", comparison=plan.with_gains()
        ),
        f0=[
            f"results/score_f0/{name}/f0.md"
            for name in plan.run
            if plan.run[name]["f0"]
        ],
    output:
        summary="results/report/summary.txt",
        scores="results/report/scores.parquet",
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=codes.report(),
    message:
        "Summary"
    shell:
        "python -m workflow_scripts.report.report --scores {input.scores:q} --tables {input.tables:q} --f0 {input.f0:q}"
        " --summary {output.summary:q} --parquet {output.scores:q} &> {log:q}"
