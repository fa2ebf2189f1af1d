"""One recording of the user's own: snakemake separate_song --config song=PATH marks=PATH   (or f0=PATH)."""


rule separate_song:
    input:
        plan.targets() if plan.song else "no song: add --config song=PATH marks=PATH",


rule write_song:
    input:
        unpack(plan.song_inputs),
    output:
        directory("results/song/{song}"),
        manifest="results/song/{song}.json",
    log:
        "results/logs/song/{song}.log",
    benchmark:
        "results/benchmarks/song/{song}.jsonl"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        sources=lambda wildcards: plan.dataset(plan.song.dataset)["stems"],
        names=lambda wildcards: [
            plan.method(name)["label"] for name in plan.song.methods
        ],
        optional=optional,
        code=lambda wildcards: codes.write_song(),
    message:
        "Stems and summary of {wildcards.song}"
    shell:
        "python -m workflow_scripts.song.write_song --song {input.song:q} --data {input.data:q} --after {input.after:q}"
        " --sources {params.sources:q} --names {params.names:q} {params.optional:q} --out {output.manifest:q} --code {params.code} &> {log:q}"
