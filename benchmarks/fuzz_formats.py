"""Does any file of ABC, MusicXML, MXL or TFRecord crash, hang or bloat the reader? Like `fuzz_midi.py`.

    python benchmarks/fuzz_formats.py FORMAT [FOLDER ...] [-n 2000] [--limit 5] [--seed 0] [--keep DIR]

FORMAT is abc, musicxml, mxl or tfrecord; seeds are files of it in the folders with fewer than 50 notes, and
what we write ourselves. Each mutant's pieces go through `io.load`, quantisation, `io.dumps_midi` and a
NoteSequence in a worker process that is watched. Exits 1 after any crash or hang.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

import fuzz_midi
import mutants
import watched
from watched import Task

from antiphon import io
from antiphon.errors import FormatError, OutputError
from antiphon.io import notesequence
from antiphon.io.formats import by_suffix
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter
from antiphon.score.score import Score

FORMATS = {
    "abc": (".abc", mutants.abc),
    "musicxml": (".musicxml", mutants.musicxml),
    "mxl": (".mxl", mutants.mxl),
    "tfrecord": (".tfrecord", mutants.tfrecord),
}
_MOST_NOTES, _MOST_BYTES, _MOST_PIECES = 50, 200_000, 5


def digest(path: Path) -> str:
    """What became of a file: "read" where all its pieces were, or the first refusal's words without figures.
    Anything else raised is a crash.
    """
    try:
        places = io.places(path)
        scores = [io.load(place) for place in places[:_MOST_PIECES]]
    except FormatError as error:
        return "".join(c for c in str(error).split("': ")[-1].split(".")[0] if not c.isdigit())
    return min(map(_used, scores), default="no piece")


def small_files(suffix: str, rng: random.Random) -> list[bytes]:
    """Files with a little of everything that the format of `suffix` can hold."""
    form = by_suffix(suffix)
    assert form is not None
    assert form.dumps is not None
    found = []
    for data in fuzz_midi.small_files(rng):
        score = io.loads_midi(data)
        found += [part for part in (score, _one_voice(score)) if _can_be_written(form, part)]
    return [form.dumps(score) for score in found]


def _one_voice(score: Score) -> Score:
    """The first part's notes, one at a time."""
    notes = score.notes[score.notes.track == 0].sorted()
    alone = [i == 0 or notes.start[i] >= notes.end[:i].max() for i in range(len(notes))]
    return score.replace(notes=notes[alone])


def _can_be_written(form: io.Format, score: Score) -> bool:
    assert form.dumps is not None
    try:
        form.dumps(score)
    except OutputError:
        return False
    return True


def _used(score: Score) -> str:
    quantize(score, PerQuarter(4))
    notesequence.loads(notesequence.dumps(score))
    try:
        io.dumps_midi(score)
    except OutputError:
        return "read, too much for MIDI"
    return "read"


def seeds(suffix: str, folders: list[Path], rng: random.Random) -> list[bytes]:
    """Files of few notes in `folders`, and our own."""
    form = by_suffix(suffix)
    paths = sorted(p for folder in folders for p in folder.rglob("*") if by_suffix(p.suffix) is form)
    small = [p for p in rng.sample(paths, min(len(paths), 400)) if p.stat().st_size < _MOST_BYTES]
    return [path.read_bytes() for path in small if _is_seed(path)] + small_files(suffix, rng)


def _is_seed(path: Path) -> bool:
    try:
        return len(io.load(path).notes) < _MOST_NOTES
    except FormatError:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("folders", nargs="*", type=Path)
    options = watched.options(parser, number=2_000, limit=5.0)
    suffix, mutant = FORMATS[options.format]
    found = seeds(suffix, options.folders, random.Random(options.seed))
    print(f"{len(found)} seeds", file=sys.stderr)
    return watched.report(options.format, watched.run(Task(suffix, found, mutant, digest), options))


if __name__ == "__main__":
    sys.exit(main())
