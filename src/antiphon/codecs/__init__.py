"""Sequence <-> event ids, what the ids mean, and which may come next.

`kinds` are what corpora hold, `families` what models play: one module and one line each.
"""
