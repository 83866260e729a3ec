"""Arranging: what pure functions on scores make of music that is there: forms, layers, loops of
percussion."""
