"""What holds for every registered format: names, round trips of what it writes, patience with anything."""

from __future__ import annotations

import io as stdlib_io
import random
from pathlib import Path

import numpy as np
import pytest

from antiphon import io
from antiphon.errors import FormatError
from antiphon.io import Format, Limits, formats
from antiphon.score.maps import Key, KeyChange, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

WRITABLE = [form for form in formats() if form.dumps]
MANY = [form for form in formats() if form.index]
SMALL = 20_000


def name_of(form: Format) -> str:
    return form.name


every = pytest.mark.parametrize("form", formats(), ids=name_of)
writable = pytest.mark.parametrize("form", WRITABLE, ids=name_of)
many = pytest.mark.parametrize("form", MANY, ids=name_of)


def tune(ticks_per_quarter: int = 480) -> Score:
    """Two bars of one voice: sixteenths to a half, a dot, rests inside, a note over the bar line."""
    quarters = [(0, 1), (1, 0.5), (1.5, 0.25), (1.75, 0.25), (2, 1.5), (3.75, 1.25), (5.5, 0.5), (6, 2)]
    start, length = (np.array(column) * ticks_per_quarter for column in zip(*quarters, strict=True))
    pitches = [60, 62, 64, 65, 67, 66, 72, 55]
    return Score(
        Notes.of(start.astype(int), (start + length).astype(int), pitches),
        ticks_per_quarter,
        tempos=TempoMap.of([(0, 96)]),
        meters=MeterMap.of([(0, 4, 4)]),
        keys=(KeyChange(0, Key(7)),),
        track_names=("Flute",),
        title="A tune",
    )


def on_grid(score: Score) -> list[tuple[float, float, int]]:
    """(onset, length, pitch) of every note in quarters, sorted."""
    notes, q = score.notes, score.ticks_per_quarter
    rows = zip(notes.start / q, (notes.end - notes.start) / q, notes.pitch.tolist(), strict=True)
    return sorted((float(start), float(length), pitch) for start, length, pitch in rows)


def real_files(form: Format, folder: Path) -> list[bytes]:
    """The smallest files of strangers, and what we write."""
    paths = [p for p in folder.rglob("*") if p.suffix.lower() in form.suffixes and p.stat().st_size]
    smallest = sorted((p for p in paths if p.stat().st_size < SMALL), key=lambda p: p.stat().st_size)
    ours = [form.dumps(tune())] if form.dumps else []
    return ours + [path.read_bytes() for path in smallest[:8]]


def read_or_refused(form: Format, data: bytes) -> bool:
    """Whether it was read; what is not refused properly fails the test."""
    try:
        form.loads(data, Limits(), "x")
    except FormatError as error:
        reason = str(error)
    else:
        return True
    assert reason
    assert "\n" not in reason
    return False


def test_there_are_formats_to_test() -> None:
    assert len(formats()) >= 6
    assert len(WRITABLE) >= 5
    assert len(MANY) >= 2


def test_names_and_suffixes_are_of_one_format_each() -> None:
    names = [form.name for form in formats()]
    suffixes = io.suffixes()
    assert len(set(names)) == len(names)
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)
    assert all(form.suffixes and form.carries for form in formats())


@writable
@pytest.mark.parametrize("ticks_per_quarter", [480, 96])
def test_what_is_written_is_read_on_the_grid(form: Format, ticks_per_quarter: int, tmp_path: Path) -> None:
    score = tune(ticks_per_quarter)
    for suffix in form.suffixes:
        path = tmp_path / f"tune{suffix}"
        io.save(score, path)
        again = io.load(path)
        assert on_grid(again) == on_grid(score)
        assert (again.meters.at(0), float(again.tempos.qpm[0])) == ((4, 4), pytest.approx(96))
        assert again.source == str(path)


@writable
def test_a_score_without_notes_is_written_and_read_or_refused(form: Format) -> None:
    assert form.dumps
    read_or_refused(form, form.dumps(Score(Notes.none())))


@every
def test_nothing_and_noise_are_refused(form: Format) -> None:
    rng = random.Random(5)
    assert not read_or_refused(form, b"")
    for _ in range(100):
        noise = rng.randbytes(rng.randrange(1, 400))
        read_or_refused(form, noise)
        read_or_refused(form, rng.choice(form.magic or (b"",)) + noise)


@every
def test_files_cut_short_or_damaged_are_read_or_refused(form: Format, odd_files: Path) -> None:
    rng = random.Random(6)
    files = real_files(form, odd_files)
    assert files
    for data in files:
        for _ in range(12):
            read_or_refused(form, data[: rng.randrange(len(data))])
            damaged = bytearray(data)
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            read_or_refused(form, bytes(damaged))


@writable
def test_limits_are_kept(form: Format) -> None:
    assert form.dumps
    data = form.dumps(tune())
    form.loads(data, Limits(), "")
    for limits in (Limits(notes=7), Limits(quarters=3), Limits(seconds=4.5)):
        with pytest.raises(FormatError):
            form.loads(data, limits, "")


@every
def test_too_many_bytes_are_refused_unread(form: Format, tmp_path: Path) -> None:
    path = tmp_path / f"big{form.suffixes[0]}"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    with pytest.raises(FormatError, match="200 MiB"):
        io.load(path)


@many
def test_an_index_names_pieces_that_lie_in_the_file(form: Format, odd_files: Path) -> None:
    rng = random.Random(7)
    assert form.index
    texts = real_files(form, odd_files)
    for data in [b"", *texts, *(rng.randbytes(300) for _ in range(30))]:
        for _ in range(8):
            cut = data[: rng.randrange(len(data) + 1)]
            spans, header = form.index(stdlib_io.BytesIO(cut))
            bounds = [bound for span in spans for bound in (span.start, span.stop)]
            assert bounds == sorted(bounds)
            assert all(0 <= header <= bound <= len(cut) for bound in bounds)
            assert len({span.name for span in spans}) == len(spans)
            for span in spans[:5]:
                read_or_refused(form, cut[:header] + cut[span.start : span.stop])


@many
def test_pieces_have_places(form: Format, tmp_path: Path) -> None:
    """Files one after the other are a file of many (a blank line is allowed between)."""
    if form.dumps is None:
        pytest.skip("only read")
    path = tmp_path / f"many{form.suffixes[0]}"
    path.write_bytes(b"\n".join([form.dumps(tune())] * 2) if form.name == "ABC" else form.dumps(tune()) * 2)
    places = io.places(path)
    assert len(places) == 2
    assert [on_grid(io.load(place)) for place in places] == [on_grid(tune())] * 2
    assert io.load(str(places[1])) == io.load(places[1])
    with pytest.raises(FormatError, match="2 pieces"):
        io.load(path)
