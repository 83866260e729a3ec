"""The corpora that the bundled models are trained on, from the shared data sets.

    python benchmarks/ship_corpus.py [--shared DIR] [--which melody|drum-kit|one-drum] [--voices] -o DIR

Melodies: three sets whose licences allow it, traditional tunes (public domain), vocal lines of songs (CC0),
and the soprano of four-part hymns (public domain). The melody is the first part of every MIDI file; the
notation beside some of them says the same again.

Drums: the Groove MIDI Dataset (CC BY 4.0), on a grid of sixteenths for the kit and of eighths for one drum.
With `--voices` every performance comes several times, with some of its drums left out or played on others: a
first lesson in keeping a pattern, after which a net is tuned on what the drummers played.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from antiphon import io
from antiphon.data import build
from antiphon.extract.drum_classes import CLASSES
from antiphon.extract.drums import DrumOptions
from antiphon.extract.melody import MelodyOptions
from antiphon.score.score import Score

SHARED = Path(os.environ.get("ANTIPHON_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@dataclass(frozen=True)
class Source:
    """What a corpus is built from, and how."""

    kind: str
    sets: tuple[str, ...]
    options: Any
    steps_per_quarter: int = 4


CORPORA: Mapping[str, Source] = {
    "melody": Source(
        "melody",
        ("melody/trad-tunes-abc", "melody/openscore-lieder-vocal", "chorales/open-hymnal"),
        MelodyOptions(polyphony="top", track=0),
    ),
    "drum-kit": Source("drums", ("drums/groove-midi-dataset",), DrumOptions(min_bars=2, max_steps=2048)),
    "one-drum": Source("drums", ("drums/groove-midi-dataset",), DrumOptions(min_bars=2, max_steps=1024), 2),
}

_SHORTEST_S = 6.0
"""Of a performance that is played in other voices; most shorter ones are single fills."""
_FEWEST = 24
"""Strokes of one."""
_VOICES: Mapping[str, Mapping[str, str]] = {
    "as played": {},
    "ride for hats": {"closed hi-hat": "ride", "ride": "closed hi-hat", "crash": "open hi-hat",
                      "open hi-hat": "crash"},
    "no hats": {"closed hi-hat": "", "open hi-hat": ""},
    "no metal": {"closed hi-hat": "", "open hi-hat": "", "ride": "", "crash": ""},
    "no kick": {"kick": ""},
    "no snare": {"snare": ""},
    "on the toms": {"snare": "mid tom", "closed hi-hat": "low tom", "ride": "low tom"},
    "no kick and snare": {"kick": "", "snare": ""},
    "high tom for hats": {"closed hi-hat": "high tom", "open hi-hat": "snare", "ride": "high tom"},
}  # fmt: skip
"""Which drums are left out (''), or played on which others."""
_PARTS: Mapping[str, tuple[str, ...]] = {
    "as played": CLASSES["nine"].names,
    "kick": ("kick",),
    "snare": ("snare",),
    "hats": ("closed hi-hat", "open hi-hat"),
    "cymbals": ("crash", "ride"),
    "toms": ("low tom", "mid tom", "high tom"),
    "kick and snare": ("kick", "snare"),
    "feet": ("kick", "closed hi-hat"),
}
"""Drums that are heard as one, each set alone a rhythm of its own."""


def unpack(shared: Path, sets: tuple[str, ...], target: Path) -> list[Path]:
    """The sets' folders below `target`, with their MIDI files and tables."""
    folders = []
    for name in sets:
        folder = target / Path(name).name
        with zipfile.ZipFile(shared / "data" / f"{name}.zip") as archive:
            wanted = [name for name in archive.namelist() if name.endswith((".mid", ".tsv"))]
            archive.extractall(folder, wanted)
        folders.append(folder)
    return folders


def build_ship_corpus(shared: Path, out: Path, which: str = "melody", *, voices: bool = False) -> None:
    """Build a corpus at `out`; what is there already is not built again."""
    if (out / "corpus.json").exists():
        return
    source = CORPORA[which]
    with tempfile.TemporaryDirectory() as scratch:
        folders = unpack(shared, source.sets, Path(scratch))
        if voices:
            folders = [in_voices(one, Path(scratch) / "voices", which) for one in folders]
        report = build.build(
            folders,
            out,
            kinds=(source.kind,),
            options={source.kind: source.options},
            steps_per_quarter=source.steps_per_quarter,
            duplicates="keep" if voices else "drop",
        )
    print(f"{report.corpus.folder}: {report.corpus.n} sequences")


def in_voices(folder: Path, target: Path, which: str) -> Path:
    """Every longer performance of `folder` in all its versions, each in the group of the performance, so that
    none crosses the split."""
    rows = [("path", "group")]
    with (folder / "MANIFEST.tsv").open() as table:
        for row in csv.DictReader(table, delimiter="\t"):
            path = Path(row["path"])
            if path.suffix != ".mid" or not row["group"] or float(row["seconds"] or 0) < _SHORTEST_S:
                continue
            for name, version in versions(io.load(folder / path), which):
                io.save(version, target / name / path)
                rows.append((f"{name}/{path.as_posix()}", row["group"]))
    (target / "MANIFEST.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    return target


def versions(score: Score, which: str) -> Iterator[tuple[str, Score]]:
    """What a performance becomes, by name: other voices for the kit, each voice alone for one drum."""
    names = CLASSES["nine"].names
    tables: Mapping[str, Mapping[str, str]] = (
        _VOICES
        if which == "drum-kit"
        else {part: {name: "" for name in names if name not in kept} for part, kept in _PARTS.items()}
    )
    for version, changes in tables.items():
        found = revoiced(score, lambda name, changes=changes: changes.get(name, name))
        if len(found.notes) >= _FEWEST:
            yield version, found


def revoiced(score: Score, voice: Callable[[str], str]) -> Score:
    """`score` with each drum played on the one that `voice` names; '' leaves it out."""
    nine = CLASSES["nine"]
    to = {name: nine.sounds[nine.names.index(voice(name))] if voice(name) else -1 for name in nine.names}
    table = np.full(128, -1)
    for pitch in range(128):
        bit = int(nine.bit_of_pitch[pitch])
        if bit:
            table[pitch] = to[nine.names[bit.bit_length() - 1]]
    drums = score.notes[score.notes.is_drum]
    pitch = table[drums.pitch]
    kept = drums[pitch >= 0]
    return score.replace(notes=kept.replace(pitch=pitch[pitch >= 0].astype(np.int16)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--which", choices=list(CORPORA), default="melody")
    parser.add_argument("--voices", action="store_true")
    parser.add_argument("-o", "--out", type=Path, required=True)
    arguments = parser.parse_args()
    build_ship_corpus(arguments.shared, arguments.out, arguments.which, voices=arguments.voices)
