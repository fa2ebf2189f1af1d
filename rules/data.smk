"""Every data set, of whatever origin, becomes a track table and a folder a track."""


rule prepare:
    input:
        unpack(plan.inputs(Prepare)),
    output:
        directory("results/prepare/{dataset}"),
        manifest="results/prepare/{dataset}.json",
    log:
        "results/logs/prepare/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare/{dataset}.jsonl"
    priority: plan.priority(Prepare)
    threads: plan.threads(Prepare)
    resources:
        mem_mb=plan.resource(Prepare, "mem_mb"),
        runtime=plan.resource(Prepare, "runtime"),
    params:
        files=given,
        options=plan.options(Prepare),
        cache=plan.configuration.keys.data_cache,
        code=plan.fingerprint(Prepare),
    message:
        "Preparing the data set {wildcards.dataset}"
    shell:
        "python -m workflow_scripts.data.prepare {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --cache {params.cache:q} --processes {threads} --code {params.code} &> {log:q}"


rule register:
    input:
        unpack(plan.inputs(Register)),
    output:
        directory("results/register"),
        manifest="results/register.json",
    log:
        "results/logs/register.log",
    benchmark:
        "results/benchmarks/register.jsonl"
    priority: plan.priority(Register)
    threads: plan.threads(Register)
    resources:
        mem_mb=plan.resource(Register, "mem_mb"),
        runtime=plan.resource(Register, "runtime"),
    params:
        files=given,
        options=plan.options(Register),
        cache=plan.configuration.keys.data_cache,
        code=plan.fingerprint(Register),
    message:
        "Writing down the data of the run"
    shell:
        "python -m workflow_scripts.data.register {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --cache {params.cache:q} --code {params.code} &> {log:q}"
