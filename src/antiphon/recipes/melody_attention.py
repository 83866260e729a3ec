"""Melody with attention over its last 40 outputs, and features of key and contour (`attention_rnn`)."""

from antiphon.recipes import Attention, KeyMelody, Recipe, Training

RECIPE = Recipe(
    name="melody/attention",
    family="melody",
    summary="Melodies with lookback that also attend to what the net said in the last 40 steps.",
    codec=KeyMelody(bars=(1, 2), clock_bits=7),
    net=Attention(layers=(128, 128), length=40),
    training=Training(batch_size=128, dropout=0.5, clip_norm=3.0),
    paper="Waite et al., 'Generating long-term structure in songs and stories', Magenta, 2016; "
    "Bahdanau et al., 'Neural machine translation by jointly learning to align and translate', 2015",
)
