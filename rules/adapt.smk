"""Models adapted to each track. Beside them lies `<shard>.state` while they adapt: a job that was killed goes on from it."""


rule adapt:
    input:
        unpack(plan.adapt_inputs),
    output:
        directory(
            "results/adapt/{dataset}/{sources}/{method}/seed{seed}/{split}/{shard}"
        ),
        manifest="results/adapt/{dataset}/{sources}/{method}/seed{seed}/{split}/{shard}.json",
    log:
        "results/logs/adapt/{dataset}/{sources}/{method}/seed{seed}-{split}-{shard}.log",
    benchmark:
        "results/benchmarks/adapt/{dataset}/{sources}/{method}/seed{seed}-{split}-{shard}.jsonl"
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
        code=lambda wildcards: codes.adapt(wildcards.dataset, wildcards.method),
    message:
        "Adapting {wildcards.method} to {wildcards.dataset} ({wildcards.sources}), seed {wildcards.seed}; how far it is: {log}"
    shell:
        "python -m workflow_scripts.adapt.adapt --data {input.data:q} --module {params.module}"
        " --settings {params.settings:q} --needs {params.needs:q} --sources {params.sources:q}"
        " --split {wildcards.split} --part {wildcards.shard} --seed {wildcards.seed} {params.optional:q} --out {output.manifest:q}"
        " --threads {threads} --gpu {resources.gpu} --code {params.code} &> {log:q}"
