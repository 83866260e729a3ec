"""Antiphon: learn from a folder of music; play, continue and share what was learnt."""

__version__ = "0.1.0"
