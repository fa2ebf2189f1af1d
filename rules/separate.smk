"""Estimates of every source, from every method."""


rule separate:
    input:
        unpack(plan.separate_inputs),
    output:
        directory(
            "results/separate/{dataset}/{sources}/{method}/{f0}/seed{seed}/{split}/{shard}"
        ),
        manifest="results/separate/{dataset}/{sources}/{method}/{f0}/seed{seed}/{split}/{shard}.json",
    log:
        "results/logs/separate/{dataset}/{sources}/{method}/{f0}-seed{seed}-{split}-{shard}.log",
    benchmark:
        "results/benchmarks/separate/{dataset}/{sources}/{method}/{f0}-seed{seed}-{split}-{shard}.jsonl"
    threads: plan.resource("methods", "threads")
    resources:
        mem_mb=plan.resource("methods", "mem_mb"),
        runtime=plan.resource("methods", "runtime"),
        gpu=plan.resource("methods", "gpu"),
    params:
        module=lambda wildcards: plan.method(wildcards.method)["module"],
        settings=lambda wildcards: text(plan.method(wildcards.method)["settings"]),
        needs=lambda wildcards: plan.method(wildcards.method)["needs"],
        sources=lambda wildcards: wildcards.sources.split("+"),
        optional=optional,
        code=lambda wildcards: codes.separate(
            wildcards.dataset, wildcards.method, wildcards.f0
        ),
    message:
        "Separating {wildcards.dataset} ({wildcards.sources}) by {wildcards.method}, F0: {wildcards.f0}, seed {wildcards.seed}"
    shell:
        "python -m workflow_scripts.separate.separate --data {input.data:q} --module {params.module}"
        " --settings {params.settings:q} --needs {params.needs:q} --sources {params.sources:q}"
        " --split {wildcards.split} --part {wildcards.shard} --seed {wildcards.seed} {params.optional:q} --out {output.manifest:q}"
        " --threads {threads} --gpu {resources.gpu} --code {params.code} &> {log:q}"
