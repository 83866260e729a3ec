"""Every file of the set of format tests: read or refused with its reason, beside what was expected of it.

    python benchmarks/formats_table.py [FOLDER] [--unexpected]

FOLDER is the unpacked set; without it the shared data is looked for. `--unexpected` prints those files only.
Exits 1 where a file was neither read nor refused in one line, or not as expected.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from antiphon import io
from antiphon.errors import FormatError
from antiphon.score.score import Score

SHARED = Path(os.environ.get("ANTIPHON_SHARED", Path(__file__).resolve().parents[2] / "shared"))
NO_MUSIC = (".md", ".tsv", ".json", "")

# Files of other projects that are right to be refused, and why.
REFUSED: Mapping[str, str] = {
    "muspy/midi/negative-ticks-per-beat.mid": "a SMPTE rate of 1 frame a second",
    "muspy/midi/zero-ticks-per-beat.mid": "0 ticks per quarter",
    "symusic/MIDIs_corrupted/ValueError_Control168.mid": "a data byte above 127",
}


class Verdict(NamedTuple):
    """`outcome` is the music's size or why it was refused; `wrong` what was expected instead, or ''."""

    file: str
    is_read: bool
    outcome: str
    wrong: str


def verdicts(folder: Path) -> Iterator[Verdict]:
    """Of every file of music below `folder`, in order. What is raised but a refusal goes through."""
    expected = {
        f"{kind}-synthetic/{name}": entry
        for kind in ("abc", "midi")
        for name, entry in json.loads((folder / f"expected-{kind}.json").read_text()).items()
    }
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix.lower() not in NO_MUSIC:
            name = path.relative_to(folder).as_posix()
            yield _verdict(name, path, expected.get(name))


def _verdict(name: str, path: Path, expected: Mapping[str, Any] | None) -> Verdict:
    try:
        scores = [io.load(place) for place in io.places(path)]
        if not scores:
            raise FormatError(f"'{path}': holds no piece.")
    except FormatError as error:
        reason = str(error).replace(f"'{path}': ", "")
        return Verdict(name, False, reason, "" if _may_be_refused(name, expected) else "should be read")
    sizes = f"{len(scores)} pieces, " if len(scores) > 1 else ""
    outcome = f"{sizes}{sum(len(score.notes) for score in scores)} notes"
    return Verdict(name, True, outcome, _wrong(name, scores, expected))


def _may_be_refused(name: str, expected: Mapping[str, Any] | None) -> bool:
    if name in REFUSED or name.endswith(".krn"):
        return True
    return expected is not None and expected["valid"] is not True


def _wrong(name: str, scores: list[Score], expected: Mapping[str, Any] | None) -> str:
    if expected is None:
        return f"should be refused ({REFUSED[name]})" if name in REFUSED else ""
    if expected["valid"] is False:
        return "should be refused"
    checked = {key: value for key, value in expected.items() if key in CHECKS}
    unknown = set(expected) - set(CHECKS) - {"valid", "remark", "tunes"}
    if unknown:
        return f"expectations that nothing checks: {unknown}"
    if expected.get("tunes", len(scores)) != len(scores):
        return f"{expected['tunes']} tunes"
    return "; ".join(f"{key} {value}" for key, value in checked.items() if not CHECKS[key](scores[0], value))


def _pitches(score: Score) -> list[int]:
    found: list[int] = score.notes.sorted().pitch.tolist()
    return found


def _notes(score: Score) -> list[tuple[int, float, float]]:
    columns = (score.notes.pitch.tolist(), score.start_s.tolist(), score.end_s.tolist())
    return sorted(zip(*columns, strict=True), key=lambda note: (note[1], note[0]))


def _same_notes(score: Score, wanted: list[list[float]]) -> bool:
    found = _notes(score)
    return len(found) == len(wanted) and bool(np.allclose(found, wanted, atol=1e-4))


def _has_notes(score: Score, wanted: list[list[float]]) -> bool:
    found = np.array(_notes(score))
    return all(np.isclose(found, row, atol=1e-3).all(axis=1).any() for row in wanted)


def _meters(score: Score, wanted: list[str]) -> bool:
    return [str(score.meters.at(int(time))) for time in score.meters.time] == wanted


def _eighths(score: Score, wanted: list[float]) -> bool:
    lengths = (score.notes.end - score.notes.start) * 2 / score.ticks_per_quarter
    return len(lengths) == len(wanted) and bool(np.allclose(lengths, wanted, atol=0.01))


CHECKS: Mapping[str, Callable[[Score, Any], bool]] = {
    "n_notes": lambda score, n: len(score.notes) == n,
    "n_notes_if_read": lambda score, n: len(score.notes) == n,
    "n_notes_allowed": lambda score, allowed: len(score.notes) in allowed,
    "pitches": lambda score, wanted: _pitches(score) == wanted,
    "pitches_unrolled": lambda score, wanted: _pitches(score) == wanted,
    "pitches_written": lambda score, wanted: sorted(set(_pitches(score))) == sorted(set(wanted)),
    "first_bar_pitches": lambda score, wanted: _pitches(score)[: len(wanted)] == wanted,
    "notes": _same_notes,
    "notes_without_grace": _has_notes,
    "durations_in_eighths": _eighths,
    "time_signatures": _meters,
    "time_signature": lambda score, wanted: str(score.meters.at(0)) == wanted,
    "tempo_qpm": lambda score, wanted: abs(score.tempos.qpm[0] - wanted) < 1e-3,
    "key": lambda score, wanted: str(score.keys[0].key) == wanted.partition(" (")[0],
    "chords": lambda score, wanted: [chord.text for chord in score.chords] == wanted,
    "voices": lambda score, wanted: score.n_tracks == wanted,
    "is_drum": lambda score, wanted: bool(score.notes.is_drum.all()) is wanted,
    "drum_notes": lambda score, wanted: int(score.notes.is_drum.sum()) == wanted,
    "control_changes": lambda score, wanted: len(score.controls) == wanted,
    "pitch_bends": lambda score, wanted: len(score.bends) == wanted,
    "program": lambda score, wanted: set(score.notes.program.tolist()) == {wanted},
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--unexpected", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as unpacked:
        if options.folder is None:
            with zipfile.ZipFile(SHARED / "data" / "formats" / "formats.zip") as archive:
                archive.extractall(unpacked)
        found = list(verdicts(options.folder or Path(unpacked)))
    return _print(found, options.unexpected)


def _print(found: list[Verdict], unexpected_only: bool) -> int:
    print("| file | | outcome | expected instead |\n|---|---|---|---|")
    for file, is_read, outcome, wrong in found:
        if wrong or not unexpected_only:
            print(f"| {file} | {'read' if is_read else 'refused'} | {outcome} | {wrong} |")
    n_wrong = sum(bool(verdict.wrong) for verdict in found)
    n_read = sum(verdict.is_read for verdict in found)
    print(f"\n{len(found)} files: {n_read} read, {len(found) - n_read} refused, {n_wrong} not as expected")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
