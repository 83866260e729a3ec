"""What Magenta left behind, made to fit here: the variables of its checkpoints."""
