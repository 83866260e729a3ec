"""Melody over all 128 pitches, in the key it came in (Magenta's `mono_rnn`)."""

from antiphon.codecs.pitches import PitchView
from antiphon.recipes import Lstm, OneHot, Recipe, Training

RECIPE = Recipe(
    name="melody/mono",
    family="melody",
    summary="Melodies over the whole MIDI range, in the key they came in.",
    codec=OneHot(),
    net=Lstm(layers=(128, 128)),
    view=PitchView(min_pitch=0, max_pitch=128, key=None),
    training=Training(batch_size=128, dropout=0.5, clip_norm=5.0),
    paper="Waite et al., 'Generating long-term structure in songs and stories', Magenta, 2016",
)
