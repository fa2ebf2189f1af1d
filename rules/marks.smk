"""When each source plays and when it is silent, from each named source of marks."""


rule make_marks:
    input:
        unpack(plan.marks_inputs),
    output:
        directory("results/make_marks/{dataset}/{marks}/{split}/{shard}"),
        manifest="results/make_marks/{dataset}/{marks}/{split}/{shard}.json",
    log:
        "results/logs/make_marks/{dataset}/{marks}/{split}-{shard}.log",
    benchmark:
        "results/benchmarks/make_marks/{dataset}/{marks}/{split}-{shard}.jsonl"
    priority: 1  # a mistake in a user's marks is told before hours of training
    threads: plan.resource("marks", "threads")
    resources:
        mem_mb=plan.resource("marks", "mem_mb"),
        runtime=plan.resource("marks", "runtime"),
    params:
        kind=lambda wildcards: plan.marks_source(wildcards.marks)["kind"],
        settings=lambda wildcards: text(plan.marks_source(wildcards.marks)["settings"]),
        stems=lambda wildcards: plan.dataset(wildcards.dataset)["stems"],
        optional=optional,
        code=lambda wildcards: codes.make_marks(wildcards.dataset, wildcards.marks),
    message:
        "Marks of {wildcards.dataset} ({wildcards.split}): {wildcards.marks}"
    shell:
        "python -m workflow_scripts.marks.make_marks --data {input.data:q} --kind {params.kind}"
        " --settings {params.settings:q} --stems {params.stems:q} --split {wildcards.split} --part {wildcards.shard}"
        " {params.optional:q} --out {output.manifest:q} --code {params.code} &> {log:q}"
