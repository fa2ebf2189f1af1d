"""When each source plays and when it is silent, from each named source of marks."""


rule make_marks:
    input:
        unpack(plan.inputs(MakeMarks)),
    output:
        directory("results/make_marks/{dataset}/{marks}/{split}/{shard}"),
        manifest="results/make_marks/{dataset}/{marks}/{split}/{shard}.json",
    log:
        "results/logs/make_marks/{dataset}/{marks}/{split}-{shard}.log",
    benchmark:
        "results/benchmarks/make_marks/{dataset}/{marks}/{split}-{shard}.jsonl"
    priority: 10**9  # a mistake in a user's marks is told before hours of training
    threads: plan.threads(MakeMarks)
    resources:
        mem_mb=plan.resource(MakeMarks, "mem_mb"),
        runtime=plan.resource(MakeMarks, "runtime"),
    params:
        files=given,
        options=plan.options(MakeMarks),
        code=plan.fingerprint(MakeMarks),
    message:
        "Marks of {wildcards.dataset} ({wildcards.split}): {wildcards.marks}"
    shell:
        "python -m workflow_scripts.marks.make_marks {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"
