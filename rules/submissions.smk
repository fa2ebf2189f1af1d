"""Estimates and scores of others, and the mixtures that they need to make some."""


rule import_estimates:
    input:
        unpack(plan.inputs(ImportEstimates)),
    output:
        directory(
            "results/import_estimates/{dataset}/{sources}/{method}/{split}/{shard}"
        ),
        manifest="results/import_estimates/{dataset}/{sources}/{method}/{split}/{shard}.json",
    log:
        "results/logs/import_estimates/{dataset}/{sources}/{method}-{split}-{shard}.log",
    benchmark:
        "results/benchmarks/import_estimates/{dataset}/{sources}/{method}-{split}-{shard}.jsonl"
    priority: plan.priority(ImportEstimates)
    threads: plan.threads(ImportEstimates)
    resources:
        mem_mb=plan.resource(ImportEstimates, "mem_mb"),
        runtime=plan.resource(ImportEstimates, "runtime"),
    params:
        files=given,
        options=plan.options(ImportEstimates),
        code=plan.fingerprint(ImportEstimates),
    message:
        "Taking the estimates {wildcards.method} of {wildcards.dataset} ({wildcards.sources})"
    shell:
        "python -m workflow_scripts.submissions.import_estimates {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"


rule import_scores:
    input:
        unpack(plan.inputs(ImportScores)),
    output:
        directory("results/import_scores/{comparison}/{method}/{shard}"),
        manifest="results/import_scores/{comparison}/{method}/{shard}.json",
    log:
        "results/logs/import_scores/{comparison}/{method}-{shard}.log",
    benchmark:
        "results/benchmarks/import_scores/{comparison}/{method}-{shard}.jsonl"
    priority: plan.priority(ImportScores)
    threads: plan.threads(ImportScores)
    resources:
        mem_mb=plan.resource(ImportScores, "mem_mb"),
        runtime=plan.resource(ImportScores, "runtime"),
    params:
        files=given,
        options=plan.options(ImportScores),
        code=plan.fingerprint(ImportScores),
    message:
        "Taking the scores {wildcards.method} into {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.submissions.import_scores {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"


rule write_mixtures:
    input:
        unpack(plan.inputs(WriteMixtures)),
    output:
        directory("results/mixtures/{dataset}"),
        manifest="results/mixtures/{dataset}.json",
    log:
        "results/logs/write_mixtures/{dataset}.log",
    benchmark:
        "results/benchmarks/write_mixtures/{dataset}.jsonl"
    priority: plan.priority(WriteMixtures)
    threads: plan.threads(WriteMixtures)
    resources:
        mem_mb=plan.resource(WriteMixtures, "mem_mb"),
        runtime=plan.resource(WriteMixtures, "runtime"),
    params:
        files=given,
        options=plan.options(WriteMixtures),
        code=plan.fingerprint(WriteMixtures),
    message:
        "Mixtures of {wildcards.dataset}"
    shell:
        "python -m workflow_scripts.submissions.write_mixtures {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"
