"""Models, for the methods that learn from stems."""


rule train:
    input:
        data="results/prepare/{dataset}.json",
    output:
        model="results/train/{dataset}/{sources}/{method}/seed{seed}/model.safetensors",
        provenance="results/train/{dataset}/{sources}/{method}/seed{seed}/provenance.json",
    log:
        "results/logs/train/{dataset}/{sources}/{method}-seed{seed}.log",
    benchmark:
        "results/benchmarks/train/{dataset}/{sources}/{method}-seed{seed}.jsonl"
    threads: plan.resource("methods", "threads")
    resources:
        mem_mb=plan.resource("methods", "mem_mb"),
        runtime=plan.resource("methods", "runtime"),
        gpu=plan.resource("methods", "gpu"),
    params:
        module=lambda wildcards: plan.method(wildcards.method)["module"],
        settings=lambda wildcards: text(plan.method(wildcards.method)["settings"]),
        sources=lambda wildcards: wildcards.sources.split("+"),
        code=lambda wildcards: plan.train_code(wildcards.dataset, wildcards.method),
    message:
        "Training {wildcards.method} on {wildcards.dataset} ({wildcards.sources}), seed {wildcards.seed}"
    shell:
        "python -m workflow_scripts.train.train --data {input.data:q} --module {params.module}"
        " --settings {params.settings:q} --sources {params.sources:q} --seed {wildcards.seed} --out {output.model:q}"
        " --threads {threads} --gpu {resources.gpu} --code {params.code} &> {log:q}"
