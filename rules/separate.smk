"""Estimates of every source, from every method."""


def separate_inputs(wildcards):
    needs = plan.method(wildcards.method)["needs"]
    paths = {"data": f"results/prepare/{wildcards.dataset}"}
    if wildcards.f0 != NO_F0:
        paths["f0"] = (
            f"results/estimate_f0/{wildcards.dataset}/{wildcards.f0}/{wildcards.split}/{wildcards.shard}"
        )
    if "training" in needs:
        paths["model"] = (
            f"results/train/{wildcards.dataset}/{wildcards.sources}/{wildcards.method}"
            f"/{wildcards.f0}/seed{wildcards.seed}/model.safetensors"
        )
    return paths


def optional_inputs(wildcards, input):
    return [
        part
        for name in ("f0", "model")
        if name in input.keys()
        for part in (f"--{name}", input[name])
    ]


rule separate:
    input:
        unpack(separate_inputs),
    output:
        directory(
            "results/separate/{dataset}/{sources}/{method}/{f0}/seed{seed}/{split}/{shard}"
        ),
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
        optional=optional_inputs,
        code=lambda wildcards: plan.separate_code(
            wildcards.dataset, wildcards.method, wildcards.f0
        ),
    message:
        "Separating {wildcards.dataset} ({wildcards.sources}) by {wildcards.method}, F0: {wildcards.f0}, seed {wildcards.seed}"
    shell:
        "python -m workflow_scripts.separate.separate --data {input.data:q} --module {params.module}"
        " --settings {params.settings:q} --needs {params.needs:q} --sources {params.sources:q}"
        " --split {wildcards.split} --part {wildcards.shard} --seed {wildcards.seed} {params.optional:q} --out {output:q}"
        " --threads {threads} --gpu {resources.gpu} --code {params.code} &> {log:q}"
