"""Published claims beside ours: snakemake ledger, or snakemake claim_<id> for one of them."""


rule ledger:
    input:
        plan.ledger_targets()
        or "no claim: run a comparison beside one, as config/study.yaml does",


for word, path in claims.items():

    rule:
        name:
            word
        input:
            path,
        localrule: True


rule judge:
    input:
        unpack(plan.inputs(Judge)),
    output:
        report(
            directory("results/judge/{ledger}"),
            patterns=["{figure}.svg"],
            category="Published claims",
            subcategory="{ledger}",
        ),
        manifest="results/judge/{ledger}.json",
    log:
        "results/logs/judge/{ledger}.log",
    benchmark:
        "results/benchmarks/judge/{ledger}.jsonl"
    priority: plan.priority(Judge)
    threads: plan.threads(Judge)
    resources:
        mem_mb=plan.resource(Judge, "mem_mb"),
        runtime=plan.resource(Judge, "runtime"),
    params:
        files=given,
        options=plan.options(Judge),
        code=plan.fingerprint(Judge),
    message:
        "Published claims beside ours: {wildcards.ledger}"
    shell:
        "python -m workflow_scripts.judge.judge {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"
