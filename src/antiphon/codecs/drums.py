"""Event ids of the kind and family "drums": the set of classes struck at a step, 0 to 511 for the nine of the
kit.

Bit i of an id is class i of `antiphon.extract.drum_classes`; 0, silence, is the default event. These are the
classes of Magenta's `MultiDrumOneHotEncoding`. The two ids of its one-drum model (0 silence, 1 a hit of
whatever) are a view of them, so that a corpus of drums trains both models.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from antiphon.codecs.alphabet import Alphabet, Ids, Span, single
from antiphon.codecs.families import Family, Float32, Learn, Learned, View
from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.errors import InputError, NameNotFound, PromptError
from antiphon.extract.drum_classes import CLASSES, DrumClasses, drum_classes
from antiphon.extract.drums import EXTRACTOR, DrumOptions, DrumTrack
from antiphon.schema import setting
from antiphon.score.notes import Int

SILENCE_ID = 0


def encode(drums: DrumTrack) -> Int:
    """Ids (int64 [T]) of a drum track; exact pitches, where it has them, are left behind."""
    return drums.events.astype(np.int64)


def decode(ids: Ids, standing: Standing, options: Any = DrumOptions()) -> DrumTrack:
    """The track of `ids` [T] in the classes of `options`; raises `InputError` for an id that is no set of
    them.
    """
    ids = np.asarray(ids)
    n = drum_classes(options.classes).n_sets
    wrong = ids[(ids < 0) | (ids >= n)]
    if len(wrong):
        raise InputError(f"Event id {wrong[0]} is no set of drums; expected 0 to {n - 1}.")
    return DrumTrack(ids.astype(np.int16), **standing.on_beats(), classes=options.classes)


def one_drum(ids: Ids) -> Int:
    """`ids` [...] of any classes as a one-drum model sees them: 1 where anything is struck (int64 [...])."""
    hit: Int = (np.asarray(ids) != SILENCE_ID).astype(np.int64)
    return hit


def profile(drums: DrumTrack) -> Profile:
    """Onsets and classes, at a step from the last class to the first."""
    step, index = drums.struck()
    order = np.lexsort((-index, step))
    return Profile(step[order], index[order])


def _sounds(options: Mapping[str, Any]) -> tuple[str, ...]:
    return drum_classes(options.get("classes", DrumOptions().classes)).names


KIND = Kind(
    "drums",
    EXTRACTOR,
    ("drums",),
    encode,
    decode,
    profile,
    transposable=False,
    sounds=_sounds,
    remedies=(
        ("no drum part", "say where the drums are with --drums-from track:N or program:N"),
        ("only drums", "extract drums with --for drums"),
    ),
)


@dataclass(frozen=True)
class DrumView(View):
    """Which sounds a model tells apart, and how finely it counts."""

    classes: str = setting(
        "nine",
        "Sounds told apart: nine of a kit, roland's nine, or one hit of whatever.",
        choices=tuple(CLASSES),
    )
    steps_per_quarter: int = setting(4, "Steps of the grid in a quarter.", low=1, high=96)


class DrumFamily(Family[DrumTrack]):
    """The family of drum tracks. In Python an event is the tuple of pitches struck: (36, 42), () for silence.

    As text, steps stand one after the other, '36+42 - 38 -'; a grid, 'kick x---x--- snare ----x---', and
    Magenta's '[(36, 42), (), (38,), ()]' are read too.
    """

    name = "drums"
    plural = "drum tracks"
    view = DrumView
    extractor = EXTRACTOR

    def alphabet(self, view: DrumView) -> Alphabet:
        """Silence, and every set of classes that is struck."""
        n = drum_classes(view.classes).n_sets
        return single(Span("silence", steps=1), Span("hits", n - 1, steps=1, onset=True))

    @property
    def sources(self) -> Mapping[str, Learn]:
        """Sets of classes, or hits of whatever."""
        return {"drums": lambda ids, view, control: Learned(_seen(ids, view)[:, None])}

    def misfit(self, options: Mapping[str, Any], view: DrumView) -> str:
        """Sets of some classes are no sets of others."""
        there = options.get("classes", DrumOptions().classes)
        return (
            ""
            if view.classes in ("one", there)
            else f"it holds drums of the classes '{there}', not '{view.classes}'"
        )

    def encode(self, sequence: DrumTrack, view: DrumView) -> Int:
        """Ids [T, 1]."""
        problem = self.misfit({"classes": sequence.classes}, view)
        if problem:
            raise InputError(f"The drum track does not suit the model: {problem}.")
        return _seen(encode(sequence), view)[:, None]

    def decode(self, ids: Ids, standing: Standing, view: DrumView, value: Float32 | None = None) -> DrumTrack:
        """The track of `ids` [T, 1]."""
        return decode(np.asarray(ids)[:, 0], standing, DrumOptions(classes=view.classes))

    def prompt_options(self, view: DrumView) -> DrumOptions:
        """All percussion of a score, rests and all."""
        return DrumOptions(min_bars=0, max_steps=None, gap_bars=1e9, classes=view.classes)

    def event(self, ids: Int, view: DrumView) -> tuple[int, ...]:
        """The pitches that the classes sound with, rising."""
        classes = drum_classes(view.classes)
        return tuple(sorted(int(pitch) for bit, pitch in enumerate(classes.sounds) if ids[0] >> bit & 1))

    def ids(self, event: Any, view: DrumView) -> Sequence[int]:
        """The set of the classes of these pitches."""
        classes = drum_classes(view.classes)
        found = 0
        for pitch in _pitches(event):
            bit = int(classes.bit_of_pitch[pitch])
            if not bit:
                raise PromptError(f"The primer's sound {pitch} is of no class of drums; {_known(classes)}.")
            found |= bit
        return (found,)

    def text(self, events: Sequence[Any]) -> str:
        """Steps with spaces between, '-' for silence."""
        return " ".join("+".join(map(str, event)) or "-" for event in events)

    def read(self, text: str, view: DrumView) -> list[Any]:
        """Steps, a grid, or a list of tuples."""
        if "(" in text or "[" in text:
            return _literal(text)
        if re.search(r"[a-zA-Z]|[-.]{2}", text):
            return _grid(text, _named(view))
        return [_step(word) for word in text.split()]


def _seen(ids: Ids, view: DrumView) -> Int:
    return one_drum(ids) if view.classes == "one" else np.asarray(ids, np.int64)


def _pitches(event: Any) -> list[int]:
    """The MIDI pitches of an event: a pitch, or several."""
    found = list(event) if isinstance(event, Iterable) else [event]
    pitches = [int(pitch) for pitch in found if isinstance(pitch, int | np.integer) and 0 <= pitch <= 127]
    if len(pitches) < len(found):
        raise PromptError(f"The primer event {event!r:.40} is no set of MIDI pitches, such as (36, 42).")
    return pitches


def _known(classes: DrumClasses) -> str:
    names = (f"{name} ({members[0]})" for name, members in zip(classes.names, classes.pitches, strict=True))
    return f"the model knows {', '.join(names)}, and sounds like them"


def _step(word: str) -> tuple[int, ...]:
    if word in "-.":
        return ()
    if not re.fullmatch(r"\d{1,3}(\+\d{1,3})*", word):
        raise PromptError(
            f"The primer's step '{word:.20}' is none; expected pitches such as 36+42, or - for silence."
        )
    return tuple(map(int, word.split("+")))


def _literal(text: str) -> list[Any]:
    try:
        found = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise PromptError(
            f"'{text:.40}' is no list of drums; expected '[(36, 42), (), (38,), ()]'."
        ) from None
    if isinstance(found, list):
        return found
    is_one = not isinstance(found, tuple) or all(isinstance(item, int) for item in found)
    return [found] if is_one else list(found)


# as a grid: a row for each drum, a sign for each step

_SHORT = {
    "bd": "kick", "bass": "kick", "sd": "snare", "sn": "snare", "hat": "closed hi-hat", "hh": "closed hi-hat",
    "hihat": "closed hi-hat", "ch": "closed hi-hat", "oh": "open hi-hat", "lt": "low tom", "mt": "mid tom",
    "ht": "high tom", "cr": "crash", "rd": "ride",
}  # fmt: skip


def _named(view: DrumView) -> DrumClasses:
    """The classes whose names people use for a model: its own; those of a kit where it tells none apart."""
    classes = drum_classes(view.classes)
    return classes if len(classes.names) > 1 else CLASSES["nine"]


def _grid(text: str, classes: DrumClasses) -> list[Any]:
    """The events of rows such as 'kick x---x---'; a row without a name is the kick. Short rows are
    repeated."""
    rows = []
    for line in re.split(r"[/;,\n]", text):
        rows += _rows(line, classes)
    length = max((len(steps) for _, steps in rows), default=0)
    return [tuple(pitch for pitch, steps in rows if steps[at % len(steps)] in "xXoO") for at in range(length)]


def _rows(line: str, classes: DrumClasses) -> list[tuple[int, str]]:
    """(pitch, signs) of each drum in a line: words are names, runs of signs are steps."""
    rows: list[tuple[int, str]] = []
    name: list[str] = []
    for word in line.replace(":", " ").replace("=", " ").split():
        if re.fullmatch(r"[xXoO.|-]+", word):
            signs = word.replace("|", "")
            if name or not rows:
                rows.append((_sound(" ".join(name) or "kick", classes), signs))
            else:
                rows[-1] = (rows[-1][0], rows[-1][1] + signs)
            name = []
        elif re.match(r"[xXoO.|-]{3}", word):
            raise PromptError(
                f"The row '{word:.40}' has other signs than steps: x or o is struck, - or . is not."
            )
        else:
            name.append(word)
    if name:
        raise PromptError(
            f"The drum '{' '.join(name):.30}' has no steps after it; expected a row such as x---x---."
        )
    return [row for row in rows if row[1]]


def _sound(name: str, classes: DrumClasses) -> int:
    """The pitch that a drum of this name sounds with."""
    wanted = _SHORT.get(name.lower().replace("-", "").replace(" ", ""), name.lower())
    found = [
        pitch for known, pitch in zip(classes.names, classes.sounds, strict=True) if known.startswith(wanted)
    ]
    if not found:
        raise NameNotFound("drum", name, classes.names)
    return int(found[0])


FAMILY = DrumFamily()
