"""Melody, one-hot: the plain baseline (Magenta's `basic_rnn`: 38 classes in, 38 out)."""

from antiphon.recipes import Lstm, OneHot, Recipe, Training

RECIPE = Recipe(
    name="melody/basic",
    family="melody",
    summary="Melodies, one event per step, nothing but the last event to go on.",
    codec=OneHot(),
    net=Lstm(layers=(128, 128)),
    training=Training(batch_size=128, dropout=0.5, clip_norm=5.0),
    paper="Waite et al., 'Generating long-term structure in songs and stories', Magenta, 2016",
)
