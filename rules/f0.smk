"""The F0 of the voices, from each named source."""


rule estimate_f0:
    input:
        unpack(plan.f0_inputs),
    output:
        directory("results/estimate_f0/{dataset}/{f0}/{split}/{shard}"),
        manifest="results/estimate_f0/{dataset}/{f0}/{split}/{shard}.json",
    log:
        "results/logs/estimate_f0/{dataset}/{f0}/{split}-{shard}.log",
    benchmark:
        "results/benchmarks/estimate_f0/{dataset}/{f0}/{split}-{shard}.jsonl"
    threads: plan.resource("f0", "threads")
    resources:
        mem_mb=plan.resource("f0", "mem_mb"),
        runtime=plan.resource("f0", "runtime"),
    params:
        kind=lambda wildcards: plan.f0_source(wildcards.f0)["kind"],
        settings=lambda wildcards: text(plan.f0_source(wildcards.f0)["settings"]),
        voices=lambda wildcards: plan.dataset(wildcards.dataset)["voices"],
        optional=optional,
        code=lambda wildcards: codes.estimate_f0(wildcards.dataset, wildcards.f0),
    message:
        "F0 of {wildcards.dataset} ({wildcards.split}): {wildcards.f0}"
    shell:
        "python -m workflow_scripts.f0.estimate_f0 --data {input.data:q} --kind {params.kind}"
        " --settings {params.settings:q} --voices {params.voices:q} --split {wildcards.split} --part {wildcards.shard}"
        " {params.optional:q} --out {output.manifest:q} --code {params.code} &> {log:q}"
