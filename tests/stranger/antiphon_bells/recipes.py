"""What the package trains."""

from __future__ import annotations

from antiphon.recipes import OneHot, Recipe, Training
from antiphon_bells.family import BellView, Density
from antiphon_bells.parts import Again, Echo, Touch

TRAINING = Training(
    batch_size=8, max_steps=30, evaluate_every=10, max_length=64, learning_rate=0.01, dropout=0.1
)

TOWER = Recipe(
    name="bells/tower",
    family="bells",
    summary="Peals by the beat, with a label for the same bell again.",
    codec=Again(),
    net=Echo(size=24, length=16),
    training=TRAINING,
)
HALL = Recipe(
    name="bells/hall",
    family="bells",
    summary="Peals by the clock, as dense as one asks, struck hard and softly.",
    codec=OneHot(),
    net=Echo(size=24, length=16),
    head=Touch(),
    control=Density(),
    view=BellView(steps_per_quarter=0, steps_per_second=20, touch=True),
    training=TRAINING,
)
