"""Tables with intervals, and paired tests."""


rule compare:
    input:
        scores=lambda wildcards: plan.score_manifests(wildcards.comparison),
        estimates=lambda wildcards: plan.all_estimates(wildcards.comparison),
        models=lambda wildcards: plan.models(wildcards.comparison),
        adapted=lambda wildcards: plan.adaptations(wildcards.comparison),
    output:
        directory("results/compare/{comparison}"),
        manifest="results/compare/{comparison}.json",
    log:
        "results/logs/compare/{comparison}.log",
    benchmark:
        "results/benchmarks/compare/{comparison}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        rows=lambda wildcards: plan.labels(wildcards.comparison),
        metrics=plan.value("metrics"),
        aggregation=plan.value("aggregation"),
        groups=plan.value("groups"),
        remark=lambda wildcards: plan.remark(wildcards.comparison),
        scoring=lambda wildcards: text(plan.run[wildcards.comparison]["scoring"]),
        contrasts=lambda wildcards: plan.contrasts(wildcards.comparison),
        code=lambda wildcards: codes.compare(wildcards.comparison),
    message:
        "Comparing the methods of {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.compare.compare --scores {input.scores:q} --estimates {input.estimates:q}"
        " --models {input.models:q} --adapted {input.adapted:q} --rows {params.rows:q} --metrics {params.metrics:q}"
        " --aggregation {params.aggregation} --groups {params.groups:q} --remark={params.remark:q} --scoring {params.scoring:q} --contrasts {params.contrasts:q} --out {output.manifest:q} --code {params.code} &> {log:q}"
