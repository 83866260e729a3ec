"""Training: the loop, its checkpoints and logs, what a run left behind, and its export to a bundle.

A run is a folder: `run.json` says what is trained on what, `last.safetensors` is where training goes on after
a stop, `best.safetensors` holds the weights that did best on the validation split, `metrics.jsonl` and
`tensorboard/` how it went.
"""
