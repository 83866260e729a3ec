"""Drums with nine sounds and a binary clock, and attention over the last two bars (Magenta's `drum_kit`: 518
inputs, 512 classes)."""

from antiphon.codecs.drums import DrumView
from antiphon.recipes import Attention, Lookback, Recipe, Training

RECIPE = Recipe(
    name="drums/drum-kit",
    family="drums",
    summary="A drum kit of nine sounds, with attention to its last 32 steps.",
    codec=Lookback(bars=(), clock_bits=6),
    net=Attention(layers=(256, 256, 256), length=32),
    view=DrumView(classes="nine", steps_per_quarter=4),
    training=Training(batch_size=128, dropout=0.5, clip_norm=3.0),
    paper="Magenta's drums_rnn, Google Brain, 2016",
)
