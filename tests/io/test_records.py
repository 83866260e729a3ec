"""TFRecord files: framing, checksums, an index that reads no payload, and every way of being damaged."""

from __future__ import annotations

import io as stdlib_io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon import io
from antiphon.errors import FormatError
from antiphon.io import examples, records
from antiphon.io.notesequence import tfrecord
from antiphon.score.notes import Notes
from antiphon.score.score import Score

SCORE = Score(Notes.of([0], [480], [60]), track_names=("p",))


def test_checksums_are_those_of_the_format() -> None:
    """CRC-32C's check value is 0xE3069283; the mask is a rotation by 15 bits and a constant."""
    assert records.masked_checksum(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) % (
        1 << 32
    )
    assert records.pack(b"") == bytes(8) + b"\x29\x03\x98\x07" + b"\xd8\xea\x82\xa2"


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_what_is_packed_is_unpacked(payloads: list[bytes]) -> None:
    file = b"".join(map(records.pack, payloads))
    spans = list(records.spans(stdlib_io.BytesIO(file)))
    assert [records.unpack(file[start:stop]) for start, stop in spans] == payloads


@given(st.binary(max_size=200), st.integers(0, 60))
def test_an_index_covers_any_file(noise: bytes, cut: int) -> None:
    file = (records.pack(b"payload") * 3)[:cut] + noise
    spans = list(records.spans(stdlib_io.BytesIO(file)))
    ends = [0, *(stop for _, stop in spans)]
    assert [start for start, _ in spans] == ends[:-1]
    assert ends[-1] == len(file)


def test_an_index_reads_no_payload(tmp_path: Path) -> None:
    """Ten records of a gigabyte, which a sparse file has for nothing."""
    path, size = tmp_path / "big.tfrecord", 1 << 30
    head = records.pack(b"")[:0] + struct.pack("<Q", size)
    head += struct.pack("<I", records.masked_checksum(head))
    with path.open("wb") as file:
        for number in range(10):
            file.seek(number * (size + records.AROUND))
            file.write(head)
        file.truncate(10 * (size + records.AROUND))
    places = io.places(path)
    assert [place.name for place in places] == [str(number) for number in range(1, 11)]
    with pytest.raises(FormatError, match="1024 MiB"):
        io.load(places[4])
    with pytest.raises(FormatError, match="record 1: a record of 1024 MiB"):
        next(records.read(path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-1], "cut short"),
        (lambda data: data[:14], "cut short"),
        (lambda data: data[:5], "cut short"),
        (lambda data: b"\x01" + data[1:], "length is damaged"),
        (lambda data: data[:20] + b"\xff" + data[21:], "checksum"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "checksum"),
        (lambda data: b"\x1f\x8b" + data, "gunzip"),
        (lambda data: b"X:1\nK:C\nabc\n" * 3, "no TFRecord"),
        (lambda data: b"", "empty"),
    ],
)
def test_damage_is_named(tmp_path: Path, change: Callable[[bytes], bytes], words: str) -> None:
    path = tmp_path / "x.tfrecord"
    good = tfrecord.dumps_record(SCORE)
    with pytest.raises(FormatError, match=words):
        tfrecord.loads_record(change(good))
    path.write_bytes(good + change(good))
    assert io.load(io.places(path)[0]) == SCORE
    if change(good):
        with pytest.raises(FormatError, match=words) as refusal:
            io.load(f"{path}#2")
        assert f"{path}#2" in str(refusal.value)
        with pytest.raises(FormatError, match=r"record 2|#2"):
            list(tfrecord.read(path))


def test_one_record_is_expected_of_a_piece() -> None:
    with pytest.raises(FormatError, match="1 bytes after the record"):
        tfrecord.loads_record(tfrecord.dumps_record(SCORE) + b"\n")


def test_files_of_many_scores_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "many.tfrecord"
    assert tfrecord.write(path, [SCORE] * 3) == 3
    assert list(tfrecord.read(path)) == [SCORE] * 3

    def breaks() -> object:
        yield SCORE
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - ours
        tfrecord.write(path, breaks())  # type: ignore[arg-type]
    assert list(tfrecord.read(path)) == [SCORE] * 3
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    with pytest.raises(FormatError, match="Cannot read"):
        next(tfrecord.read(tmp_path / "none.tfrecord"))


def example(inputs: list[list[float]], labels: list[list[int]]) -> bytes:
    message = examples._messages()["SequenceExample"]()
    for name, rows in (("inputs", inputs), ("labels", labels)):
        entry = message.feature_lists.feature_list.add(key=name)
        for row in rows:
            feature = entry.value.feature.add()
            getattr(feature, "float_list" if name == "inputs" else "int64_list").value.extend(row)
    return bytes(message.SerializeToString())


def test_examples_are_read() -> None:
    found = examples.loads(example([[0.5, 1], [0, 2]], [[3], [4]]))
    np.testing.assert_array_equal(found.inputs, [[0.5, 1], [0, 2]])
    assert (found.inputs.dtype, found.labels.tolist()) == (np.float32, [3, 4])
    assert examples.loads(example([[1.0]], [[3, 4]])).labels.tolist() == [[3, 4]]
    assert examples.unpack(records.pack(example([[1.0]], [[3]]))).labels.tolist() == [3]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xff",
        example([], []),
        example([[1.0], [1.0, 2.0]], [[1], [1]]),
        example([[1.0]], [[1], [1]]),
        example([[]], [[]]),
        tfrecord.dumps(SCORE),
    ],
)
def test_what_is_no_example_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        examples.loads(data)


def test_music_is_no_example() -> None:
    assert examples.is_example(example([[1.0]], [[1]]))
    assert not examples.is_example(tfrecord.dumps(SCORE))
    assert not examples.is_example(b"")
