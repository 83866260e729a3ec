"""Bundles and how they are played: the player, the sampler, beams, constraints, counter-based randomness."""
