"""ABC: tunes as text.

Read: the ABC music standard 2.1 and what is commonly written beside it. Repeats, endings, da capo and the
order of parts are played out; ties are joined; grace notes, slurs and ornaments take no time and are left
out, loudness marks become velocities. A voice is a part. A short first bar is a pick-up
(`score.bars.pickup`).
"""

from __future__ import annotations

from antiphon.io.abc import playing, text
from antiphon.io.abc.text import index
from antiphon.io.abc.tune import TuneReader
from antiphon.io.abc.write import dumps
from antiphon.io.limits import DEFAULT, Limits, check_length
from antiphon.score.score import Score

__all__ = ["dumps", "index", "loads"]


def loads(data: bytes, limits: Limits = DEFAULT, source: str = "") -> Score:
    """The first tune in the bytes of an ABC file. Raises `FormatError`, with the line, for what is none."""
    tune = TuneReader(limits).read(text.lines(data))
    score = playing.score(tune.written(), tune.order, tune.qpm, limits)
    check_length(score, limits, "ABC")
    title, *others = tune.titles or [""]
    about = (*(("subtitle", other) for other in others), *tune.about)
    return score.replace(title=title, about=about, source=source)
