"""Chord symbols: what they mean, how they are spelled, transposed, and found for given pitches."""

from antiphon.score.chords.grammar import NO_CHORD, Chord, ChordError, parse
from antiphon.score.chords.naming import name, symbol_of, transpose

__all__ = ["NO_CHORD", "Chord", "ChordError", "name", "parse", "symbol_of", "transpose"]
