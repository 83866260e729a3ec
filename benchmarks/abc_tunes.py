"""Old tune books against MIDI that another program (abc2midi) made of them: `python benchmarks/abc_tunes.py`.

Pitches and onsets are compared on a grid of sixteenths, one tick taken off every onset. What abc2midi *plays*
of ornaments is left out on its side: grace notes and rolls (sounds that a written note waits for), fermatas
(it holds them twice as long), the swing of hornpipes (it plays pairs 2:1). What remains is counted by cause.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from antiphon import io
from antiphon.errors import FormatError
from antiphon.io import abc
from antiphon.score.score import Score

_SIXTEENTHS = 4
_FERMATA = re.compile(
    r"(?:H|!fermata!)((?:[.~uvTS(]|\"[^\"]*\"|![^!\s]*!|\{[^}]*\})*)(\[[^\]|]*\]|[_=^]*[A-Ga-gzx][,']*)(\d*)[<>]?"
)
_WRITTEN = r"(?:\[[^\]|]*\]|[_=^]*[A-Ga-gz][,']*)[\d/]*"
_ORNAMENT = re.compile(r"[{~TOPMR]|trill|roll|mordent|turn")

Heard = tuple[float, int, float]  # onset in sixteenths, pitch, duration


def held(text: str) -> str:
    """The tune with its fermatas written out as abc2midi holds them."""
    head, mark, body = text.partition("\nK:")
    return head + mark + _FERMATA.sub(lambda m: f"{m[1]}{m[2]}{2 * int(m[3] or 1)}", body)


def sounds(score: Score, late: int = 0) -> list[Heard]:
    """(onset, pitch, duration) in sixteenths, of the first part."""
    scale = _SIXTEENTHS / score.ticks_per_quarter
    notes = score.notes[score.notes.track == 0]
    start, end = (notes.start - late) * scale, notes.end * scale
    return sorted(zip(start.tolist(), notes.pitch.tolist(), (end - start).tolist(), strict=True))


def straight(found: list[Heard], unit: float) -> list[Heard]:
    """A hornpipe's pairs of `unit` sixteenths without their swing, 2:1 or 3:1."""

    def even(onset: float) -> float:
        pair, within = divmod(onset + 1e-6, 2 * unit)
        return pair * 2 * unit + (unit if abs(within - unit * 1.4) < 0.15 * unit else within)

    return [(even(onset), pitch, length) for onset, pitch, length in found]


def rounded(found: list[Heard]) -> list[tuple[int, int]]:
    return sorted((int(np.floor(onset + 0.5 + 1e-3)), pitch) for onset, pitch, _ in found)


def without_ornaments(heard: list[Heard], ours: list[Heard]) -> bool:
    """Whether `heard` is `ours` with more sounds between: every note of ours sounds, in order, before its
    time is over, and what is heard besides lies within the time of a note."""
    at = defaultdict(list)
    for onset, pitch, _ in heard:
        at[pitch].append(onset)
    matched = 0
    for onset, pitch, length in ours:
        waiting = at[pitch]
        while waiting and waiting[0] < onset - 0.1:
            waiting.pop(0)
        if not waiting or waiting[0] > onset + max(length - 0.05, 0.1):
            return False
        waiting.pop(0)
        matched += 1
    return matched == len(ours)


def _body(change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        head, mark, body = text.partition("\nK:")
        return head + mark + change(body)

    return changed


# What abc2midi does otherwise than the standard says (or than we do), as changes to the text of a tune.
OTHERWISE: dict[str, Callable[[str], str]] = {
    "repeats go back over double bar lines (ABC 2.1, 4.8: they do not)": _body(
        lambda body: re.sub(r"(?<!:)\|\|(?!:)|\|\](?!:)|\[\|\]?", "|", body)
    ),
    "broken rhythms before a decoration are lost": _body(
        lambda body: re.sub(r"[<>]+(?=[ )(\n]*(?:[.~uvTSHJLMOPR!{]|\"))", "", body)
    ),
    "broken rhythms of unequal notes are lost": _body(lambda body: _UNEQUAL.sub(_without_broken, body)),
    "da capo and segno are not played": _body(
        lambda body: re.sub(r"!(?:D\.|[Ss]egno|[Ff]ine|[Cc]oda|da)[^!]*!", "", body)
    ),
    "the order of parts is played otherwise": lambda text: re.sub(r"^P:.*\n", "", text, flags=re.MULTILINE),
    "tuplets of five, seven and nine stand for three in 3/4 (ABC 2.1, 4.13: for two)": _body(
        lambda body: re.sub(r"\(([579])(?!:)", r"(\1:3", body)
    ),
}
_UNEQUAL = re.compile(rf"({_WRITTEN})([<>]+)([ )(\n]*)({_WRITTEN})")


def _without_broken(match: re.Match[str]) -> str:
    first, sign, between, second = match.groups()
    sound = r"^[\^_=]*(?:[A-Ga-gz]|\[[^\]]*\])[,']*"
    lengths = [re.sub(sound, "", note) for note in (first, second)]
    return first + ("" if lengths[0] != lengths[1] else sign) + between + second


def cause(path: Path, midi: Path) -> str:
    """Why the two differ; 'equal' and 'equal but for ornaments' where they do not."""
    data = path.read_bytes()
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
    heard = sounds(io.load(midi), late=1)
    try:
        if rounded(heard) == rounded(sounds(abc.loads(data))):
            return "equal"
        if but_for_ornaments(heard, text):
            return "equal but for ornaments"
    except FormatError as error:
        return f"refused: {error}"
    for n in (1, 2):
        for names in itertools.combinations(OTHERWISE, n):
            other = text
            for name in names:
                other = OTHERWISE[name](other)
            if other != text and but_for_ornaments(heard, other):
                return "abc2midi: " + "; ".join(names)
    return "other"


def but_for_ornaments(heard: list[Heard], text: str) -> bool:
    """Whether the tune is what is heard, ornaments left out."""
    readings = [sounds(abc.loads(version.encode())) for version in dict.fromkeys((held(text), text))]
    if re.search(r"^R: *[Hh]orn", text, re.MULTILINE):
        unit = re.search(r"^L: *1/(\d+)", text, re.MULTILINE)
        heard, *readings = (straight(s, 16 / int(unit[1]) if unit else 2.0) for s in (heard, *readings))
    has_ornaments = bool(_ORNAMENT.search(text.partition("\nK:")[2]))
    return any(
        rounded(heard) == rounded(ours) or (has_ornaments and without_ornaments(heard, ours))
        for ours in readings
    )


def main() -> None:
    """Print the share of equal tunes, the causes of the others, and the speed of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the set trad-tunes-abc, unpacked")
    parser.add_argument("--list", action="store_true", help="name the tunes that differ")
    options = parser.parse_args()
    tunes = sorted(path for path in options.folder.rglob("*.abc"))
    begun = time.perf_counter()
    for path in tunes:
        try:
            abc.loads(path.read_bytes())
        except FormatError:
            continue
    speed = len(tunes) / (time.perf_counter() - begun)
    causes: dict[str, list[str]] = defaultdict(list)
    for path in tunes:
        name = path.relative_to(options.folder)
        causes[cause(path, options.folder / "midi" / name.with_suffix(".mid"))].append(str(name))
    counts = Counter({what: len(names) for what, names in causes.items()})
    equal = sum(n for what, n in counts.items() if what.startswith("equal"))
    print(f"{len(tunes)} tunes, {speed:.0f} tunes/s read")
    print(f"{equal} equal ({100 * equal / len(tunes):.1f} %), {counts['other']} of no known cause")
    for what, n in counts.most_common():
        print(f"{n:6} {what}")
        if options.list and not what.startswith("equal"):
            print("\n".join(f"         {name}" for name in causes[what]))


if __name__ == "__main__":
    sys.exit(main())
