"""Names that stand in paths and tables of every stage."""

NO_F0 = "no-f0"  # stands for the F0 source where a method uses none
