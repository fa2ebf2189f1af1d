"""Small corpora synthesised on the spot from names: a test of the workflow, no claim about real music."""
