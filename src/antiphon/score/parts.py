"""Parts of a score: taken out one by one, chosen, or brought together by instrument, as new values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from antiphon.arrays import Int64
from antiphon.errors import NameNotFound
from antiphon.score.score import Bends, Controls, Score


def part(score: Score, track: int) -> Score:
    """One part alone, as track 0, with all that belongs to it and to no part in particular.

    Raises `NameNotFound` for a track that is not there.
    """
    return chosen(score, [track])


def chosen(score: Score, tracks: Iterable[int]) -> Score:
    """Some parts, numbered anew in the given order. Raises `NameNotFound` for a track that is not there."""
    wanted = list(dict.fromkeys(tracks))
    number = np.full(score.n_tracks + 1, -1)  # the last place is for marks of no part, numbered -1
    for new, track in enumerate(wanted):
        if not 0 <= track < score.n_tracks:
            raise NameNotFound("track", str(track), map(str, range(score.n_tracks)))
        number[track] = new
    names = tuple(score.track_name(track) for track in wanted)
    return _renumbered(score, number, drop=True).replace(track_names=names if any(names) else ())


def separate(score: Score) -> list[Score]:
    """Every part that has notes, alone, in order."""
    return [part(score, track) for track in np.unique(score.notes.track).tolist()]


def by_instrument(score: Score) -> Score:
    """The score with one part for each instrument: the notes of a program together, all drums together.

    Parts come in the order of their first notes' tracks; each is named like the first part in it. Controls,
    bends and lyrics go with the part that their track's first note is in; those of a part without notes stay
    in a part of their own.
    """
    notes = score.notes
    if not len(notes):
        return score
    instrument = np.where(notes.is_drum, 128, notes.program).astype(np.int64)
    order = np.lexsort((notes.start, notes.track))
    kinds, first = np.unique(instrument[order], return_index=True)
    by_appearance = np.argsort(first, kind="stable")
    new_of_kind = np.empty(129, np.int64)
    new_of_kind[kinds[by_appearance]] = np.arange(len(kinds))
    number = _homes(score, new_of_kind[instrument[order]], notes.track[order].astype(np.int64), len(kinds))
    leaders = notes.track[order][first[by_appearance]].tolist()
    silent = [track for track in range(score.n_tracks) if number[track] >= len(kinds)]
    names = tuple(score.track_name(track) for track in [*leaders, *silent])
    moved = _renumbered(score, number, drop=False)
    return moved.replace(
        notes=notes.replace(track=new_of_kind[instrument].astype(np.int16)),
        track_names=names if any(names) else (),
    )


def _homes(score: Score, new: Int64, track: Int64, n: int) -> Int64:
    """The new number of each track, the one its first note has; silent tracks are numbered from `n` on."""
    number = np.full(score.n_tracks + 1, -1)
    sounding, first = np.unique(track, return_index=True)
    number[sounding] = new[first]
    silent = np.flatnonzero(number[:-1] < 0)
    number[silent] = n + np.arange(len(silent))
    return number


def _renumbered(score: Score, number: Int64, *, drop: bool) -> Score:
    """Everything on the track that `number` [n_tracks + 1] says; -1 leaves it out where `drop` says so."""
    notes, controls, bends = score.notes, score.controls, score.bends
    rows = [number[column.track] >= 0 if drop else slice(None) for column in (notes, controls, bends)]
    heard, turned, bent = notes[rows[0]], rows[1], rows[2]
    lyrics = (mark._replace(track=int(number[mark.track])) for mark in score.lyrics)
    kept = (new for old, new in zip(score.lyrics, lyrics, strict=True) if old.track < 0 or new.track >= 0)
    return score.replace(
        notes=heard.replace(track=number[heard.track].astype(np.int16)),
        controls=Controls(
            controls.time[turned],
            controls.number[turned],
            controls.value[turned],
            number[controls.track[turned]].astype(np.int16),
        ),
        bends=Bends(bends.time[bent], bends.value[bent], number[bends.track[bent]].astype(np.int16)),
        lyrics=tuple(kept),
    )
