"""Melody with lookbacks as long as phrases: 1, 2, 4 and 8 bars (ours; the original looks back 2 at most)."""

from antiphon.recipes import Lookback, Lstm, Recipe, Training

RECIPE = Recipe(
    name="melody/phrase",
    family="melody",
    summary="Melodies that can take up a phrase of 1, 2, 4 or 8 bars ago.",
    codec=Lookback(bars=(1, 2, 4, 8), clock_bits=7),
    net=Lstm(layers=(128, 128)),
    training=Training(batch_size=128, dropout=0.5, clip_norm=5.0),
    paper="after Waite et al., 'Generating long-term structure in songs and stories', Magenta, 2016",
)
