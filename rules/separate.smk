"""Estimates of every source, from every method."""


rule separate:
    input:
        unpack(plan.inputs(Separate)),
    output:
        directory(
            "results/separate/{dataset}/{sources}/{method}/{f0}/seed{seed}/{split}/{shard}"
        ),
        manifest="results/separate/{dataset}/{sources}/{method}/{f0}/seed{seed}/{split}/{shard}.json",
    log:
        "results/logs/separate/{dataset}/{sources}/{method}/{f0}-seed{seed}-{split}-{shard}.log",
    benchmark:
        "results/benchmarks/separate/{dataset}/{sources}/{method}/{f0}-seed{seed}-{split}-{shard}.jsonl"
    priority: plan.priority(Separate)
    threads: plan.threads(Separate)
    resources:
        mem_mb=plan.resource(Separate, "mem_mb"),
        runtime=plan.resource(Separate, "runtime"),
        gpu=plan.resource(Separate, "gpu"),
    params:
        files=given,
        options=plan.options(Separate),
        code=plan.fingerprint(Separate),
    message:
        "Separating {wildcards.dataset} ({wildcards.sources}) by {wildcards.method}, F0: {wildcards.f0}, seed {wildcards.seed}"
    shell:
        "python -m workflow_scripts.separate.separate {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --threads {threads} --gpu {resources.gpu} --code {params.code} &> {log:q}"
