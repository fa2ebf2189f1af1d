"""Scores of the estimates, and of the F0."""


def comparison_data(wildcards):
    return f"results/prepare/{plan.run[wildcards.comparison]['dataset']}"


rule score:
    input:
        data=comparison_data,
        estimates=lambda wildcards: plan.estimates(
            wildcards.comparison, wildcards.shard
        ),
    output:
        directory("results/score/{comparison}/{shard}"),
    log:
        "results/logs/score/{comparison}-{shard}.log",
    benchmark:
        "results/benchmarks/score/{comparison}-{shard}.jsonl"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        entry=lambda wildcards: plan.run[wildcards.comparison],
        rows=lambda wildcards: plan.labels(wildcards.comparison),
        scoring=lambda wildcards: text(plan.run[wildcards.comparison]["scoring"]),
        code=lambda wildcards: plan.score_code(wildcards.comparison),
    message:
        "Scoring {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.score.score --comparison {wildcards.comparison:q} --dataset {params.entry[dataset]:q}"
        " --data {input.data:q} --sources {params.entry[sources]:q} --split {params.entry[split]}"
        " --part {wildcards.shard} --rows {params.rows:q} --estimates {input.estimates:q}"
        " --metrics {params.entry[metrics]:q} --scoring {params.scoring:q} --out {output:q} --code {params.code} &> {log:q}"


rule score_f0:
    input:
        data=comparison_data,
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
        mem_mb=2000,
        runtime=60,
    params:
        reference=lambda wildcards: plan.f0_reference(wildcards.comparison),
        sources=lambda wildcards: plan.run[wildcards.comparison]["f0"],
        code=lambda wildcards: plan.score_f0_code(wildcards.comparison),
    message:
        "F0 quality of {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.score.score_f0 --reference-name {params.reference:q} --reference {input.reference:q}"
        " --names {params.sources:q} --estimates {input.estimates:q} --csv {output.csv:q} --text {output.text:q} &> {log:q}"
