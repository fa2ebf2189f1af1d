"""Scores of the estimates, and of the F0."""


rule score:
    input:
        unpack(plan.inputs(Score)),
    output:
        directory("results/score/{comparison}/{shard}"),
        manifest="results/score/{comparison}/{shard}.json",
    log:
        "results/logs/score/{comparison}-{shard}.log",
    benchmark:
        "results/benchmarks/score/{comparison}-{shard}.jsonl"
    priority: plan.priority(Score)
    threads: plan.threads(Score)
    resources:
        mem_mb=plan.resource(Score, "mem_mb"),
        runtime=plan.resource(Score, "runtime"),
    params:
        files=given,
        options=plan.options(Score),
        code=plan.fingerprint(Score),
    message:
        "Scoring {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.score.score {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"


rule score_f0:
    input:
        unpack(plan.inputs(ScoreF0)),
    output:
        csv="results/score_f0/{comparison}/f0.csv",
        text="results/score_f0/{comparison}/f0.md",
    log:
        "results/logs/score_f0/{comparison}.log",
    benchmark:
        "results/benchmarks/score_f0/{comparison}.jsonl"
    priority: plan.priority(ScoreF0)
    threads: plan.threads(ScoreF0)
    resources:
        mem_mb=plan.resource(ScoreF0, "mem_mb"),
        runtime=plan.resource(ScoreF0, "runtime"),
    params:
        files=given,
        options=plan.options(ScoreF0),
        code=plan.fingerprint(ScoreF0),
    message:
        "F0 quality of {wildcards.comparison}"
    shell:
        "python -m workflow_scripts.score.score_f0 {params.files:q} {params.options:q}"
        " --csv {output.csv:q} --text {output.text:q} &> {log:q}"
