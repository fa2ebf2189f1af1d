"""Tables and figures of a paper by name: snakemake --configfile config/papers/one_shot.yaml paper_one_shot_results"""

for target, made in plan.named_targets().items():

    rule:
        name:
            target
        input:
            made,
