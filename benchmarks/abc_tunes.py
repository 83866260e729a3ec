"""Old tune books against MIDI that another program (abc2midi) made of them: `python benchmarks/abc_tunes.py`.

Pitches and onsets of the first part are compared on a grid of sixteenths, one tick taken off every onset.
First with the MIDI beside each tune. Where that differs, with ornaments off: abc2midi, where this machine has
it (symusic brings it along), plays the same text without marks of ornaments, grace notes, fermatas and
the name of a dance (it swings hornpipes). This also spares it a fault, broken rhythms it loses before a mark.
What still differs is counted by cause: a cause is one change to the text that spells out, or leaves out, what
the two read otherwise, after which they agree.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import symusic

from antiphon import io
from antiphon.errors import FormatError, InputError
from antiphon.io import abc
from antiphon.score.score import Score

PLAYER = Path(symusic.__file__).parent / "bin" / "abc2midi"
_OPTIONS = ("-silent", "-NGUI", "-NFER", "-NGRA")  # no chord symbols, fermatas, grace notes
_LONGEST_S = 5
_SIXTEENTHS = 4
_FIELD = re.compile(r"[A-Za-z+]:|%")
_ORDER = r"![^!\s]*(?:D\.|[Ss]egno|[Ff]ine|[Cc]oda)[^!\n]*!"
_MARK = re.compile(rf"(?P<kept>\"[^\"]*\"|\[[A-Za-z]:[^\]]*\]|{_ORDER})|\{{[^}}]*\}}|![^!\s]+!|[~.HLMOPSTuv]")

Sounds = list[tuple[int, int]]  # (onset in sixteenths, pitch)


def sounds(score: Score, late: int = 0) -> Sounds:
    """(onset, pitch) of the first part; onsets are `late` by so many ticks."""
    notes = score.notes[score.notes.track == 0]
    steps = np.floor((notes.start - late) * _SIXTEENTHS / score.ticks_per_quarter + 0.501).astype(int)
    return sorted(zip(steps.tolist(), notes.pitch.tolist(), strict=True))


def read(text: str) -> Sounds:
    """The tune as this package reads it."""
    return sounds(abc.loads(text.encode()))


def played(text: str) -> Sounds | None:
    """The tune as abc2midi plays it, ornaments off; None where it makes no MIDI file of it."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "tune.abc"), Path(folder, "tune.mid")
        source.write_text(without_ornaments(text), encoding="utf-8")
        command = [str(PLAYER), str(source), *_OPTIONS, "-o", str(made)]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=folder, start_new_session=True)
        try:
            process.wait(_LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        try:
            return sounds(io.load(made), late=1)
        except (InputError, FormatError):
            return None


def without_ornaments(text: str) -> str:
    """The tune without the marks that say how notes are played, and without the name of its dance."""

    def plain(line: str) -> str:
        return line if _FIELD.match(line) else _MARK.sub(lambda match: match["kept"] or "", line)

    head, mark, body = re.sub(r"^R:.*\n", "", text, flags=re.MULTILINE).partition("\nK:")
    key, end, music = body.partition("\n")
    return head + mark + key + end + "\n".join(map(plain, music.split("\n")))


# Causes


def _in_music(change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        head, mark, body = text.partition("\nK:")
        return head + mark + change(body)

    return changed


def _first_voice(text: str) -> str:
    names = re.findall(r"^(?:\[V:|V:)\s*([^\s\]%]+)", text, re.MULTILINE)
    if len(set(names)) < 2:
        return text
    kept, voice = [], names[0]
    for line in text.split("\n"):
        match = re.match(r"\[?V:\s*([^\s\]%]+)\]?", line)
        voice = match[1] if match else voice
        rest = line[match.end() :] if match else line
        if (voice == names[0] or (_FIELD.match(line) and not match)) and rest.partition("%")[0].strip():
            kept.append(rest)
    return "\n".join(kept)


def _with_starts(body: str) -> str:
    """A start of repeat after every section, where the next one repeats and does not say where it begins."""
    ending = r"(?:\|\s*|\[)2[^:]*?(?:\|\||\|\]|\[\||\Z)|:\|(?![\s\\]*\[?\d|[|:])"
    repeats = r"(?!\s*(?:\|:|::))(?=(?:[^:\n]|\n(?:[A-Z]:.*)?:?)*(?::\||::))"
    return re.sub(rf"({ending}){repeats}", r"\1 |: ", body)


def _without_ends(body: str) -> str:
    """The repeat sign after a second ending is a double bar line."""
    return re.sub(r"((?:\|\s*|\[)2(?:(?!\|\||\|\])[^:])*?)\s*:+\|(?!:)", r"\1||", body)


def _without_starts(body: str) -> str:
    """A start of repeat before another one, without an end between, is a plain bar line."""
    return re.sub(r"\|:(?=[^:]*\|:)", "|", body)


def _drop(pattern: str, by: str = "") -> Callable[[str], str]:
    return _in_music(lambda body: re.sub(pattern, by, body))


# What abc2midi does with each, and the change to the music after which both agree.
WITHOUT: dict[str, Callable[[str], str]] = {
    "second ending with a repeat sign: it plays the section a third time": _in_music(_without_ends),
    "repeat without a beginning after endings or after '|:': it goes back further or not at all": _in_music(
        _with_starts
    ),
    "voices that repeat without '|:': it loses their repeats": _first_voice,
    "da capo and segno: it does not play them": _drop(_ORDER),
    "repeat that begins and never ends: it ends it": _in_music(_without_starts),
    "(5 (7 (9 in 3/4 and 3/8: it has three for two (ABC 2.1, 4.13)": _drop(r"\(([579])(?!:)", r"(\1:2:\1"),
    "number of an ending on the next line: it does not see it": _drop(r"\|\\\n", "|"),
    "chord that goes on in the next line: it ends it": _drop(r"(\[[^\][|:]*)\n", r"\1"),
    "'[' before a text: it opens a chord": _drop(r"\[(?=\")"),
    "broken rhythm of a chord and a longer note: it changes one of them": _drop(r"\][<>]+", "]"),
    "! as the end of a line: it loses the sign beside it": _drop("!"),
    "repeat that ends with ':]': it does not see it": _drop(":\\]", ":|"),
    "order of parts": lambda text: re.sub(r"^P:.*\n", "", text, flags=re.MULTILINE),
}


def cause(text: str) -> str:
    """Which changes make the two agree about a tune, as few as can be."""
    for n in (1, 2, 3):
        for names in itertools.combinations(WITHOUT, n):
            other = text
            for name in names:
                other = WITHOUT[name](other)
            if other != text and read(other) == played(other):
                return f"abc2midi: {'; '.join(names)}"
    return "other"


def compared(path: Path, midi: Path, *, has_player: bool) -> str:
    """'equal', 'equal, ornaments off', or why the tune and its MIDI differ."""
    text = path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
    try:
        ours = read(text)
        if ours == sounds(io.load(midi), late=1):
            return "equal"
        if not has_player:
            return "not equal (no abc2midi here: ornaments and causes are not looked into)"
        return "equal, ornaments off" if ours == played(text) else cause(text)
    except FormatError as error:
        return f"refused: {error}"


def main() -> None:
    """Print the share of equal tunes, the causes of the others, and the speed of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the set trad-tunes-abc, unpacked")
    parser.add_argument("--list", action="store_true", help="name the tunes that differ")
    options = parser.parse_args()
    tunes = sorted(path for path in options.folder.rglob("*.abc"))
    print(f"{len(tunes)} tunes, {_speed(tunes):.0f} tunes/s read (one core, CPU time)")
    causes: dict[str, list[str]] = defaultdict(list)
    for path in tunes:
        name = path.relative_to(options.folder)
        midi = options.folder / "midi" / name.with_suffix(".mid")
        causes[compared(path, midi, has_player=PLAYER.exists())].append(str(name))
    counts = Counter({what: len(names) for what, names in causes.items()})
    equal = sum(n for what, n in counts.items() if what.startswith("equal"))
    print(f"{equal} equal ({100 * equal / len(tunes):.1f} %), {counts['other']} of no known cause")
    for what, n in counts.most_common():
        print(f"{n:6} {what}")
        if options.list and not what.startswith("equal"):
            print("\n".join(f"         {name}" for name in causes[what]))


def _speed(tunes: list[Path]) -> float:
    texts = [path.read_bytes() for path in tunes]
    begun = time.process_time()
    for data in texts:
        try:
            abc.loads(data)
        except FormatError:
            continue
    return len(tunes) / (time.process_time() - begun)


if __name__ == "__main__":
    main()
