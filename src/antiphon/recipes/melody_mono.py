"""Melody over all 128 pitches, in the key it came in (Magenta's `mono_rnn`)."""

from antiphon.recipes.recipe import Codec, Recipe, Sizes, Training, View

RECIPE = Recipe(
    name="melody/mono",
    family="melody",
    summary="Melodies over the whole MIDI range, in the key they came in.",
    codec=Codec("onehot"),
    net="lstm",
    view=View(min_pitch=0, max_pitch=128, key=None),
    sizes=Sizes(layers=(128, 128)),
    training=Training(batch_size=128, dropout=0.5, clip_norm=5.0),
    paper="Waite et al., 'Generating long-term structure in songs and stories', Magenta, 2016",
)
