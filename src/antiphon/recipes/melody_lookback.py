"""Melody with lookback: inputs and labels for repeating what stood one or two bars back (`lookback_rnn`)."""

from antiphon.recipes import Lookback, Lstm, Recipe, Training

RECIPE = Recipe(
    name="melody/lookback",
    family="melody",
    summary="Melodies that can say 'as one bar ago' or 'as two bars ago'.",
    codec=Lookback(bars=(1, 2), clock_bits=5),
    net=Lstm(layers=(128, 128)),
    training=Training(batch_size=128, dropout=0.5, clip_norm=5.0),
    paper="Waite et al., 'Generating long-term structure in songs and stories', Magenta, 2016",
)
