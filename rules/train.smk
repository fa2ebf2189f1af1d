"""Models: trained ones, beside which lies `state.pt` while they train (a job that was killed goes on from it), and read ones."""


rule train:
    input:
        data="results/prepare/{dataset}.json",
        f0=lambda wildcards: plan.training_f0(
            wildcards.dataset, wildcards.method, wildcards.f0
        ),
        start=plan.start_model,
    output:
        model="results/train/{dataset}/{sources}/{method}/{f0}/seed{seed}/model.safetensors",
        curves="results/train/{dataset}/{sources}/{method}/{f0}/seed{seed}/curves.csv",
        provenance="results/train/{dataset}/{sources}/{method}/{f0}/seed{seed}/provenance.json",
    log:
        "results/logs/train/{dataset}/{sources}/{method}/{f0}-seed{seed}.log",
    benchmark:
        "results/benchmarks/train/{dataset}/{sources}/{method}/{f0}-seed{seed}.jsonl"
    threads: plan.resource("methods", "threads")
    resources:
        mem_mb=plan.resource("methods", "mem_mb"),
        runtime=plan.resource("methods", "runtime"),
        gpu=plan.resource("methods", "gpu"),
    params:
        module=lambda wildcards: plan.method(wildcards.method)["module"],
        settings=lambda wildcards: text(plan.method(wildcards.method)["settings"]),
        training=lambda wildcards: text(plan.method(wildcards.method)["training"]),
        budget=lambda wildcards: text(plan.method(wildcards.method)["budget"]),
        unpaired=lambda wildcards: text(plan.unpaired(wildcards.method)),
        split=lambda wildcards: plan.method(wildcards.method)["train_on"],
        sources=lambda wildcards: wildcards.sources.split("+"),
        code=lambda wildcards: codes.train(
            wildcards.dataset, wildcards.method, wildcards.f0
        ),
    message:
        "Training {wildcards.method} on {wildcards.dataset} ({wildcards.sources}), F0: {wildcards.f0}, seed {wildcards.seed}; how far it is: {log}"
    shell:
        "python -m workflow_scripts.train.train --data {input.data:q} --module {params.module}"
        " --settings {params.settings:q} --training {params.training:q} --sources {params.sources:q}"
        " --split {params.split} --budget {params.budget:q} --unpaired {params.unpaired:q} --start {input.start:q}"
        " --f0 {input.f0:q} --seed {wildcards.seed} --out {output.model:q} --threads {threads} --gpu {resources.gpu} --code {params.code} &> {log:q}"


rule import_weights:
    output:
        model="results/import_weights/{method}/model.safetensors",
        provenance="results/import_weights/{method}/provenance.json",
    log:
        "results/logs/import_weights/{method}.log",
    benchmark:
        "results/benchmarks/import_weights/{method}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        weights=lambda wildcards: plan.method(wildcards.method)["weights"]["file"],
        format=lambda wildcards: plan.method(wildcards.method)["weights"]["format"],
        sha256=lambda wildcards: plan.method(wildcards.method)["weights"]["sha256"],
        cache=plan.config["data_cache"],
        code=lambda wildcards: codes.import_weights(wildcards.method),
    message:
        "Reading the published weights of {wildcards.method}"
    shell:
        "python -m workflow_scripts.train.import_weights --weights {params.weights:q} --format {params.format}"
        " --sha256 {params.sha256} --cache {params.cache:q} --out {output.model:q} --code {params.code} &> {log:q}"
