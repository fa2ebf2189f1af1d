"""Models adapted to each track. Beside them lies `<shard>.state` while they adapt: a job that was killed goes on from it."""


rule adapt:
    input:
        unpack(plan.inputs(Adapt)),
    output:
        directory(
            "results/adapt/{dataset}/{sources}/{method}/seed{seed}/{split}/{shard}"
        ),
        manifest="results/adapt/{dataset}/{sources}/{method}/seed{seed}/{split}/{shard}.json",
    log:
        "results/logs/adapt/{dataset}/{sources}/{method}/seed{seed}-{split}-{shard}.log",
    benchmark:
        "results/benchmarks/adapt/{dataset}/{sources}/{method}/seed{seed}-{split}-{shard}.jsonl"
    priority: plan.priority(Adapt)
    threads: plan.threads(Adapt)
    resources:
        mem_mb=plan.resource(Adapt, "mem_mb"),
        runtime=plan.resource(Adapt, "runtime"),
        gpu=plan.resource(Adapt, "gpu"),
    params:
        files=given,
        options=plan.options(Adapt),
        code=plan.fingerprint(Adapt),
    message:
        "Adapting {wildcards.method} to {wildcards.dataset} ({wildcards.sources}), seed {wildcards.seed}; how far it is: {log}"
    shell:
        "python -m workflow_scripts.adapt.adapt {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --threads {threads} --gpu {resources.gpu} --code {params.code} &> {log:q}"
