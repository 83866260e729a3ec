"""Converts music from one format to another: all pieces of a file, or all files of a folder.

A piece that cannot be read or written is reported and left out, and so is what is no file; where nothing more
can be written at all (`StorageError`) the conversion ends. Training examples (see `antiphon.codecs.examples`)
are converted to the music that their sequences stand for.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from antiphon import io
from antiphon.codecs import examples
from antiphon.data import sources
from antiphon.errors import AntiphonError, EmptyError, FormatError, StorageError
from antiphon.files import claimed
from antiphon.io.examples import loads as loads_example
from antiphon.io.formats import by_suffix
from antiphon.io.notesequence import tfrecord
from antiphon.io.notesequence.write import Origin
from antiphon.io.places import Place
from antiphon.score.score import Score

Warn = Callable[[str], None]
"""Called with the reason, and the file's name, for everything left out."""


@dataclass
class Tally:
    """The numbers of pieces converted; of pieces, files and folders that failed; and of things that were
    passed over, since no music was to be expected there (pipes, second links to a folder). Files of no known
    suffix are not counted."""

    done: int = 0
    failed: int = 0
    passed_over: int = 0
    warn: Warn = field(default=lambda why: None, repr=False)

    def fail(self, why: AntiphonError) -> None:
        """Count and report a piece or file that could not be read or written."""
        self.failed += 1
        self.warn(str(why))


def load(place: str | Place) -> Score:
    """The music at a place; that of a training example is what its sequence stands for. Raises
    `FormatError`."""
    try:
        return io.load(place)
    except FormatError:
        found = place if isinstance(place, Place) else io.find(place)
        if not _holds_example(found):
            raise
        payload = next(examples.payloads(found))
        return examples.to_score(loads_example(payload)).replace(source=str(place))


def to_folder(
    source: str, folder: Path, suffix: str, warn: Warn, *, wait: Callable[[str], None] | None = None
) -> Tally:
    """Write every piece of a file (or the one named by 'FILE#NAME'), or of the files below a folder, to
    `folder` in the format of `suffix`.

    Files of a folder keep their relative paths; a piece in a file of many is named after both; a name that is
    taken, by another piece or by a file that is read, gets a number. `wait` is what `files.claimed` is given:
    where another process writes there, it is told and waits; None raises `BusyError`. Raises `FormatError`
    where `source` does not exist, `StorageError` as soon as nothing more can be written.
    """
    tally = Tally(warn=warn)
    places = list(_places(source, tally))
    taken = {os.path.realpath(place.path) for place in places}
    with claimed(folder, wait=wait):
        for place in places:
            target = _unused(folder / _name(place, source), suffix, taken)
            try:
                io.save(load(place), target)
                tally.done += 1
            except StorageError:
                raise
            except AntiphonError as error:
                tally.fail(error)
    return tally


def to_records(source: str, target: Path, warn: Warn) -> Tally:
    """Write every piece of a file, or of the files below a folder, as a record of one TFRecord file; each
    record names its path in the folder.

    Raises `EmptyError` where nothing could be read (and writes nothing), and `OutputError`.
    """
    tally = Tally(warn=warn)
    root = Path(source) if os.path.isdir(source) else Path(source).parent
    tally.done = tfrecord.write(target, _scores(source, tally), origin=partial(_origin, root=root))
    return tally


def _origin(source: str, root: Path) -> Origin:
    """The path of a file below `root` in the collection of that name, with the id that Magenta's
    `convert_dir_to_note_sequences` gives it: '/id/<format>/<collection>/<SHA-1 of the relative name>'.
    """
    file = Path(source.partition("#")[0])
    filename = source if not file.is_relative_to(root) else Path(source).relative_to(root).as_posix()
    form = by_suffix(file.suffix)
    kind = form.name if form else ""
    collection = root.resolve().name
    digest = hashlib.sha1(os.fsencode(filename), usedforsecurity=False).hexdigest()
    return Origin(f"/id/{kind.lower()}/{collection}/{digest}", filename, collection, kind)


def _scores(source: str, tally: Tally) -> Iterator[Score]:
    n_read = 0
    for place in _places(source, tally):
        try:
            score = load(place)
        except AntiphonError as error:
            tally.fail(error)
            continue
        n_read += 1
        yield score
    if not n_read:
        raise EmptyError(f"Nothing in '{source}' could be read; see the formats with: antiphon formats.")


def _places(source: str, tally: Tally) -> Iterator[Place]:
    """Every piece of `source`, file by file."""
    if not os.path.exists(source):
        yield io.find(source)
        return
    found = sources.find([source], io.suffixes(), with_metadata=False)
    for skipped in found.skipped:
        if skipped.is_music_lost:
            tally.fail(FormatError(f"'{skipped.path}': {skipped.reason}"))
        else:
            tally.passed_over += 1
            tally.warn(f"'{skipped.path}': {skipped.reason}")
    yield from (piece.place for piece in found.music)


def _holds_example(place: Place) -> bool:
    try:
        return examples.holds_examples(place)
    except (AntiphonError, OSError):
        return False


def _name(place: Place, source: str) -> Path:
    """The relative path of a piece's target, without suffix."""
    file = Path(os.path.relpath(place.path, source if os.path.isdir(source) else os.path.dirname(place.path)))
    return file.with_name(place.stem)


def _unused(path: Path, suffix: str, taken: set[str]) -> Path:
    """`path` with `suffix`, numbered where its real path is `taken`, to which it is added."""
    target, number = path.with_name(path.name + suffix), 1
    while (real := os.path.realpath(target)) in taken:
        number += 1
        target = path.with_name(f"{path.name}-{number}{suffix}")
    taken.add(real)
    return target
