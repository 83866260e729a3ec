"""Bundles such as an attacker might send. `benchmarks/hostile_bundles.py` opens more than a thousand under
every verb, and mutants without end; here are some of each class."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from antiphon.errors import BundleError
from antiphon.runtime import admission, container
from antiphon.runtime.admission import admit, protobuf
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.index_values import name as checked_name
from antiphon.runtime.player import Player
from antiphon.runtime.weights import weight_places

pytest.importorskip("onnx")
_BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def hostile() -> Iterator[ModuleType]:
    """`benchmarks/hostile_bundles.py`."""
    sys.path.insert(0, str(_BENCHMARKS))
    try:
        import hostile_bundles  # type: ignore[import-not-found]

        yield hostile_bundles
    finally:
        sys.path.remove(str(_BENCHMARKS))


@pytest.fixture(scope="module")
def made(hostile: ModuleType) -> dict[str, Any]:
    return dict(hostile._makers())


def opened(path: Path, data: bytes) -> Player:
    path.write_bytes(data)
    return Player(Bundle.open(path))


def test_there_are_more_than_a_thousand_attacks_of_different_names(hostile: ModuleType) -> None:
    names = [name for name, _ in hostile._makers()]
    assert len(names) == len({*names}) > 1000


def test_one_of_each_class_is_played_or_refused_in_one_line(tmp_path: Path, made: dict[str, Any]) -> None:
    """Without a fork: everything that takes no memory to make."""
    played, refused = 0, 0
    said: list[str] = []
    for name in [*made][::24]:
        if any(word in name for word in ("bomb", "members", "million", "400000", "60000", "numbers in")):
            continue
        try:
            opened(tmp_path / "hostile.antiphon", made[name]())
            played += 1
        except BundleError as error:
            refused += 1
            said.append(str(error))
    assert all(line.isprintable() and len(line) < 1200 for line in said)
    assert played > 2
    assert refused > 20


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_few_under_every_verb(hostile: ModuleType, made: dict[str, Any], tmp_path: Path) -> None:
    """In a process of their own, under watch: this one may have threads, after which forks are no good."""
    words = [sys.executable, str(_BENCHMARKS / "hostile_bundles.py"), "--every", "450"]
    env = {**os.environ, "PYTHONPATH": str(_BENCHMARKS.parent / "src")}
    told = subprocess.run(words, capture_output=True, text=True, check=False, env=env, timeout=280)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-2000:]
    assert "0 ended otherwise" in told.stdout


def test_work_is_counted_and_not_only_what_comes_of_it(
    hostile: ModuleType, made: dict[str, Any], tmp_path: Path
) -> None:
    for name in (
        "ReduceSum of 1048576 2000 times", "Exp of 1048576 2000 times", "Pow of 1048576 8 times",
        "1000 products of 1024", "Sin of 33554432 1 times",
    ):  # fmt: skip
        with pytest.raises(BundleError, match=r"rows takes [\d,]+ (ms|MB)"):
            opened(tmp_path / "slow.antiphon", made[name]())
    assert opened(tmp_path / "right.antiphon", made["Tanh of 1024 64 times"]())


def test_what_is_computed_of_weights_alone_is_counted_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights in half precision become whole when a graph is opened, not in every step."""
    from antiphon.runtime.bundle import shipped

    kit = Bundle.open(next(path for path in shipped() if path.stem == "drums-drum-kit"))
    summed: list[tuple[list[int], list[int]]] = []
    monkeypatch.setattr(
        admission, "_check_sums", lambda size, spent, rows: summed.append(([*size], [*spent]))
    )
    admit(kit)
    (once, now), (spent_once, spent_now) = summed[-1]
    assert once > 2 * sum(weight.size for weight in kit.weights().values()) > now
    assert spent_once > spent_now > 0


def test_a_graph_of_many_small_fields_is_refused_soon() -> None:
    def five_times() -> None:
        with protobuf.counted():
            for _ in range(5):
                protobuf.message(b"\x12\0" * 60_000, {2: "B"}, "x")

    with pytest.raises(protobuf.Refused, match="more than 262,144 values"):
        five_times()


def test_a_list_of_a_million_members_is_not_read(
    hostile: ModuleType, made: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "many.antiphon"
    path.write_bytes(made["300,000 members"]())
    with pytest.raises(BundleError, match="list of members"):
        container.read(path, 2)
    packed = io.BytesIO(made["not altered"]())
    with zipfile.ZipFile(packed, "a") as archive:
        archive.comment = b"x"
    path.write_bytes(packed.getvalue())
    with pytest.raises(BundleError, match="list of members"):
        container.read(path, 2)


def test_values_of_an_index_are_such_as_can_be_used(made: dict[str, Any], tmp_path: Path) -> None:
    said = {
        "raw 0 as metrics": "NaN is no number", "raw 3 as metrics": "too large",
        "raw 5 as name": "half a character",
        "raw 7 as metrics": "nested too deeply", "index provenance.corpus odd 8": "expected values by name",
        "index provenance.steps odd 2": "expected a number of steps", "ten thousand graphs": "does not know",
    }  # fmt: skip
    for name, why in said.items():
        with pytest.raises(BundleError, match=why):
            opened(tmp_path / "odd.antiphon", made[name]())
    for name in ("", "\x1b[2J", "a\nb", "x" * 201):
        with pytest.raises(ValueError, match="can be printed"):
            checked_name(name)


def test_a_header_of_weights_is_bounded() -> None:
    many = {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(10_000)}
    for text in (json.dumps(many).encode(), b'{"w": NaN}', b"[]"):
        with pytest.raises(BundleError, match="malformed"):
            weight_places(struct.pack("<Q", len(text)) + text)


def test_a_check_that_fails_is_told_of_bundles_from_elsewhere(
    made: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from antiphon.cli import app

    path = tmp_path / "other.antiphon"
    for name, status in (
        ("a check of other events", 1),
        ("a check of a million events", 1),
        ("not altered", 0),
    ):
        path.write_bytes(made[name]())
        monkeypatch.setattr(sys, "argv", ["antiphon", "models", str(path)])
        with pytest.raises(SystemExit) as end:
            app.main()
        assert (end.value.code or 0) == status, name
        assert capsys.readouterr().err.count("\n") <= 1
