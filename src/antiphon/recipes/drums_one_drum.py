"""Drums as one: whether anything is struck on each eighth (Magenta's `one_drum`: 2 classes in, 2 out)."""

from antiphon.codecs.drums import DrumView
from antiphon.recipes import Lstm, OneHot, Recipe, Training

RECIPE = Recipe(
    name="drums/one-drum",
    family="drums",
    summary="Rhythms: whether anything is struck on each eighth.",
    codec=OneHot(),
    net=Lstm(layers=(128, 128)),
    view=DrumView(classes="one", steps_per_quarter=2),
    training=Training(batch_size=128, dropout=0.5, clip_norm=5.0),
    paper="Magenta's drums_rnn, Google Brain, 2016",
)
