"""Scores of the estimates, and of the F0."""


rule score:
    input:
        data=plan.prepared,
        estimates=lambda wildcards: plan.estimates(
            wildcards.comparison, wildcards.shard
        ),
    output:
        directory("results/score/{comparison}/{shard}"),
        manifest="results/score/{comparison}/{shard}.json",
    log:
        "results/logs/score/{comparison}-{shard}.log",
    benchmark:
        "results/benchmarks/score/{comparison}-{shard}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        dataset=plan.value("dataset"),
        sources=plan.value("sources"),
        split=plan.value("split"),
        metrics=plan.value("metrics"),
        rows=lambda wildcards: plan.labels(wildcards.comparison),
        scoring=lambda wildcards: text(plan.run[wildcards.comparison]["scoring"]),
        code=lambda wildcards: codes.score(wildcards.comparison),
    message:
        "Scoring {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.score.score --comparison {wildcards.comparison:q} --dataset {params.dataset:q}"
        " --data {input.data:q} --sources {params.sources:q} --split {params.split}"
        " --part {wildcards.shard} --rows {params.rows:q} --estimates {input.estimates:q}"
        " --metrics {params.metrics:q} --scoring {params.scoring:q} --out {output.manifest:q} --code {params.code} &> {log:q}"


rule score_f0:
    input:
        data=plan.prepared,
        reference=lambda wildcards: plan.f0_tables(
            wildcards.comparison, plan.f0_reference(wildcards.comparison)
        ),
        estimates=lambda wildcards: plan.all_f0_tables(wildcards.comparison),
    output:
        csv="results/score_f0/{comparison}/f0.csv",
        text="results/score_f0/{comparison}/f0.md",
    log:
        "results/logs/score_f0/{comparison}.log",
    benchmark:
        "results/benchmarks/score_f0/{comparison}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        reference=lambda wildcards: plan.f0_reference(wildcards.comparison),
        names=plan.value("f0"),
        code=lambda wildcards: codes.score_f0(wildcards.comparison),
    message:
        "F0 quality of {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.score.score_f0 --reference-name {params.reference:q} --reference {input.reference:q}"
        " --names {params.names:q} --estimates {input.estimates:q} --csv {output.csv:q} --text {output.text:q} &> {log:q}"
