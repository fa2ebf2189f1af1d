"""Every data set, of whatever origin, becomes a track table and a folder a track."""


rule prepare:
    output:
        directory("results/prepare/{dataset}"),
        manifest="results/prepare/{dataset}.json",
    log:
        "results/logs/prepare/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare/{dataset}.jsonl"
    threads: plan.resource("datasets", "threads")
    resources:
        mem_mb=plan.resource("datasets", "mem_mb"),
        runtime=plan.resource("datasets", "runtime"),
    params:
        kind=lambda wildcards: plan.dataset(wildcards.dataset)["kind"],
        dataset=lambda wildcards: plan.preparation(wildcards.dataset),
        cache=plan.config["data_cache"],
        code=lambda wildcards: codes.prepare(wildcards.dataset),
    message:
        "Preparing the data set {wildcards.dataset}"
    shell:
        "python -m workflow_scripts.data.prepare --kind {params.kind} --dataset {params.dataset:q}"
        " --out {output.manifest:q} --cache {params.cache:q} --processes {threads} --code {params.code} &> {log:q}"
