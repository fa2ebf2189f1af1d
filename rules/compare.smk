"""Tables with intervals, and paired tests."""


rule compare:
    input:
        unpack(plan.inputs(Compare)),
    output:
        report(
            directory("results/compare/{comparison}"),
            patterns=["{table}.csv"],
            category="{comparison}",
            subcategory="Tables",
        ),
        manifest="results/compare/{comparison}.json",
    log:
        "results/logs/compare/{comparison}.log",
    benchmark:
        "results/benchmarks/compare/{comparison}.jsonl"
    priority: plan.priority(Compare)
    threads: plan.threads(Compare)
    resources:
        mem_mb=plan.resource(Compare, "mem_mb"),
        runtime=plan.resource(Compare, "runtime"),
    params:
        files=given,
        options=plan.options(Compare),
        code=plan.fingerprint(Compare),
    message:
        "Comparing the methods of {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.compare.compare {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"
