"""Models: trained ones, beside which lies `state.pt` while they train (a job that was killed goes on from it), and read ones."""


rule train:
    input:
        unpack(plan.inputs(Train)),
    output:
        model="results/train/{dataset}/{sources}/{method}/{f0}/seed{seed}/model.safetensors",
        curves="results/train/{dataset}/{sources}/{method}/{f0}/seed{seed}/curves.csv",
        provenance="results/train/{dataset}/{sources}/{method}/{f0}/seed{seed}/provenance.json",
    log:
        "results/logs/train/{dataset}/{sources}/{method}/{f0}-seed{seed}.log",
    benchmark:
        "results/benchmarks/train/{dataset}/{sources}/{method}/{f0}-seed{seed}.jsonl"
    priority: plan.priority(Train)
    threads: plan.threads(Train)
    resources:
        mem_mb=plan.resource(Train, "mem_mb"),
        runtime=plan.resource(Train, "runtime"),
        gpu=plan.resource(Train, "gpu"),
    params:
        files=given,
        options=plan.options(Train),
        code=plan.fingerprint(Train),
    message:
        "Training {wildcards.method} on {wildcards.dataset} ({wildcards.sources}), F0: {wildcards.f0}, seed {wildcards.seed}; how far it is: {log}"
    shell:
        "python -m workflow_scripts.train.train {params.files:q} {params.options:q}"
        " --out {output.model:q} --threads {threads} --gpu {resources.gpu} --code {params.code} &> {log:q}"


rule import_weights:
    input:
        unpack(plan.inputs(ImportWeights)),
    output:
        model="results/import_weights/{method}/model.safetensors",
        provenance="results/import_weights/{method}/provenance.json",
    log:
        "results/logs/import_weights/{method}.log",
    benchmark:
        "results/benchmarks/import_weights/{method}.jsonl"
    priority: plan.priority(ImportWeights)
    threads: plan.threads(ImportWeights)
    resources:
        mem_mb=plan.resource(ImportWeights, "mem_mb"),
        runtime=plan.resource(ImportWeights, "runtime"),
    params:
        files=given,
        options=plan.options(ImportWeights),
        cache=plan.configuration.keys.data_cache,
        code=plan.fingerprint(ImportWeights),
    message:
        "Reading the published weights of {wildcards.method}"
    shell:
        "python -m workflow_scripts.train.import_weights {params.files:q} {params.options:q}"
        " --out {output.model:q} --cache {params.cache:q} --code {params.code} &> {log:q}"
