"""The F0 of the voices, from each named source."""


def f0_inputs(wildcards):
    entry = plan.f0_source(wildcards.f0)
    data = {"data": f"results/prepare/{wildcards.dataset}.json"}
    if entry["kind"] == "degraded":
        data["of"] = (
            f"results/estimate_f0/{wildcards.dataset}/{entry['of']}/{wildcards.split}/{wildcards.shard}.json"
        )
    return data


rule estimate_f0:
    input:
        unpack(f0_inputs),
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
        of=lambda wildcards, input: f"--of {input.of}" if "of" in input.keys() else "",
        code=lambda wildcards: plan.f0_code(wildcards.dataset, wildcards.f0),
    message:
        "F0 of {wildcards.dataset} ({wildcards.split}): {wildcards.f0}"
    shell:
        "python -m workflow_scripts.f0.estimate_f0 --data {input.data:q} --kind {params.kind}"
        " --settings {params.settings:q} --voices {params.voices:q} --split {wildcards.split} --part {wildcards.shard}"
        " {params.of} --out {output.manifest:q} --code {params.code} &> {log:q}"
