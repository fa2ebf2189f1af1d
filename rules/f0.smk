"""The F0 of the voices, from each named source."""


rule estimate_f0:
    input:
        unpack(plan.inputs(EstimateF0)),
    output:
        directory("results/estimate_f0/{dataset}/{f0}/{split}/{shard}"),
        manifest="results/estimate_f0/{dataset}/{f0}/{split}/{shard}.json",
    log:
        "results/logs/estimate_f0/{dataset}/{f0}/{split}-{shard}.log",
    benchmark:
        "results/benchmarks/estimate_f0/{dataset}/{f0}/{split}-{shard}.jsonl"
    priority: plan.priority(EstimateF0)
    threads: plan.threads(EstimateF0)
    resources:
        mem_mb=plan.resource(EstimateF0, "mem_mb"),
        runtime=plan.resource(EstimateF0, "runtime"),
    params:
        files=given,
        options=plan.options(EstimateF0),
        code=plan.fingerprint(EstimateF0),
    message:
        "F0 of {wildcards.dataset} ({wildcards.split}): {wildcards.f0}"
    shell:
        "python -m workflow_scripts.f0.estimate_f0 {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"
