"""One recording of the user's own: snakemake separate_song --config song=PATH marks=PATH   (or f0=PATH)."""


rule separate_song:
    input:
        plan.targets()
        if plan.configuration.song
        else "no song: add --config song=PATH marks=PATH",


rule write_song:
    input:
        unpack(plan.inputs(WriteSong)),
    output:
        directory("results/song/{song}"),
        manifest="results/song/{song}.json",
    log:
        "results/logs/song/{song}.log",
    benchmark:
        "results/benchmarks/song/{song}.jsonl"
    priority: plan.priority(WriteSong)
    threads: plan.threads(WriteSong)
    resources:
        mem_mb=plan.resource(WriteSong, "mem_mb"),
        runtime=plan.resource(WriteSong, "runtime"),
    params:
        files=given,
        options=plan.options(WriteSong),
        code=plan.fingerprint(WriteSong),
    message:
        "Stems and summary of {wildcards.song}"
    shell:
        "python -m workflow_scripts.song.write_song {params.files:q} {params.options:q}"
        " --out {output.manifest:q} --code {params.code} &> {log:q}"
