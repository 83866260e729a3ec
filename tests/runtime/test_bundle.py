"""Bundles: what is written is read; what is truncated, altered, hostile or too new is refused in one line."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from antiphon import recipes
from antiphon.errors import AntiphonError, BundleError, NameNotFound
from antiphon.runtime import bundle, container
from antiphon.runtime.bundle import Bundle, Graph, LabelGroups, write

STATE = {"0_c": ("float32", (8,)), "bar": ("int64", ())}
STEP = Graph(
    b"a graph",
    {"event": ("int64", (1,)), "temperature": ("float32", ()), **STATE},
    {"log_p": ("float32", (130,)), **{f"next_{name}": tensor for name, tensor in STATE.items()}},
)


def _made(**changes) -> Bundle:
    values = {
        "name": "melody/basic",
        "recipe": recipes.find("melody/basic"),
        "opening": np.eye(130)[62],
        "state": STATE,
        "safetensors": save({"w": np.arange(6, dtype=np.float32).reshape(2, 3)}),
        "graphs": {"step": STEP},
        "labels": LabelGroups((40,), (0,)),
        "rings": ("0_c",),
        "card": "# Basic\n\nNaïve.",
        "provenance": {"seed": 3},
        "metrics": {"nll_per_step": 1.25},
        "defaults": {"meters": {"4/4": 1.0}},
        "check": {"seed": 0, "events": [[62], [0]], "log_likelihood": -2.5},
    }
    return Bundle(**{**values, **changes})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.antiphon"
    write(path, _made())
    return path


def _members(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _pack(path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _with_index(path, **changes) -> None:
    members = _members(path)
    index = {**json.loads(members[container.INDEX]), **changes}
    _pack(path, {**members, container.INDEX: json.dumps(index).encode()})


def test_what_is_written_is_read(file):
    made, opened = _made(), Bundle.open(file)
    for field in dataclasses.fields(Bundle):
        if field.name != "opening":
            assert getattr(opened, field.name) == getattr(made, field.name), field.name
    np.testing.assert_array_equal(opened.opening, made.opening)
    np.testing.assert_array_equal(opened.weights()["w"], [[0, 1, 2], [3, 4, 5]])
    assert opened.sha256 == hashlib.sha256(made.safetensors).hexdigest()


def test_equal_bundles_are_equal_bytes(file, tmp_path):
    again = tmp_path / "again.antiphon"
    write(again, Bundle.open(file))
    assert again.read_bytes() == file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        dates = {info.date_time for info in archive.infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}, "at whatever time"


def test_weights_stand_unpacked_in_the_file(file):
    assert _made().safetensors in file.read_bytes()


def _refused(path, words: str) -> None:
    with pytest.raises(BundleError, match=words) as caught:
        Bundle.open(path)
    assert "\n" not in str(caught.value)


def test_a_newer_version_asks_for_an_update(file):
    _with_index(file, version=bundle.VERSION + 1)
    _refused(file, "Update it")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (container.WEIGHTS, save({"w": np.zeros((2, 3), np.float32)})),
        (container.CARD, b"# Better"),
        ("step.onnx", b"another graph"),
    ],
)
def test_an_altered_member_is_named(file, name, data):
    _pack(file, {**_members(file), name: data})
    _refused(file, f"'{name}'.*altered")


def _graphs(*, event=("int64", (1,)), more=None, outputs=None) -> dict:
    """The graphs of an index with something wrong in them."""
    state = {name: [kind, list(shape)] for name, (kind, shape) in STATE.items()}
    given = {"event": list(event), "temperature": ["float32", []], **state, **(more or {})}
    made = {"log_p": ["float32", [130]], **{f"next_{name}": tensor for name, tensor in state.items()}}
    return {"step": {"file": "step.onnx", "inputs": given, "outputs": {**made, **(outputs or {})}}}


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "another"},
        {"version": "1"},
        {"version": 0},
        {"name": 3},
        {"recipe": {}},
        {"recipe": {"name": []}},
        {"recipe": 5},
        {"opening": [0.5, 0.6]},
        {"opening": [2.0, -1.0]},
        {"opening": [2.0, -1.0] + [0.0] * 128},
        {"opening": [1.01] + [0.0] * 129},
        {"opening": [0.0] * 130},
        {"opening": [math.nan] * 130},
        {"opening": "x"},
        {"opening": []},
        {"opening": [0.5, 0.5]},
        {"state": {"a": 3}},
        {"state": {"a": ["float32", [-1]]}},
        {"state": {"a": ["float32", [10**12]]}},
        {"state": []},
        {"state": {"0_c": ["float32", [8]], "foo": ["int64", []]}},
        {"state": {"0_c": ["float32", [9]], "bar": ["int64", []]}},
        {"sha256": {}},
        {"graphs": {}},
        {"graphs": {"step": {"file": "other.onnx", "inputs": {}, "outputs": {}}}},
        {"graphs": {"step": {"file": "step.onnx", "inputs": {}, "outputs": {"log_p": ["bool", [130]]}}}},
        {"labels": {"sizes": [40]}},
        {"labels": {"sizes": [0], "default": [0]}},
        {"labels": {"sizes": [40], "default": [-1]}},
        {"labels": {"sizes": [1 << 25], "default": [0]}},
        {"labels": {"sizes": [40], "default": [1 << 25]}},
        {"rings": ["1_c"]},
        {"rings": [3]},
        {"what": "sound"},
        {"what": None},
        {"alphabet": {}},
        {"alphabet": {"fields": [], "values": []}},
        {"decode": {"family": "melody", "version": 2}},
        {"decode": {"family": "drums", "version": 1}},
        {"decode": {}},
        {"check": 3},
        {"defaults": [1]},
        {"defaults": {"meters": [1]}},
        {"defaults": {"meters": {"4/4": "most"}}},
        {"opening": [10**400] * 130},
        {"graphs": _graphs(more={"hidden": ["float32", [3]]})},
        {"graphs": _graphs(event=["int64", [2]])},
        {"graphs": _graphs(event=["float32", [1]])},
        {"graphs": _graphs(outputs={"log_p": ["float32", [131]]})},
        {"graphs": _graphs(outputs={"log_p": ["float32", []]})},
        {"graphs": _graphs(outputs={"label": ["int64", [2]]})},
        {"metrics": 3},
        {"provenance": None},
    ],
)
def test_malformed_indices_are_refused(file, changes):
    _with_index(file, **changes)
    _refused(file, "x.antiphon")


def test_a_graph_takes_all_that_is_remembered_and_gives_it_back():
    for name in STATE:
        without = {key: tensor for key, tensor in STEP.inputs.items() if key != name}
        forgetful = {key: tensor for key, tensor in STEP.outputs.items() if key != f"next_{name}"}
        for graph in (STEP._replace(inputs=without), STEP._replace(outputs=forgetful)):
            with pytest.raises(BundleError, match="do not fit"):
                _made(graphs={"step": graph})


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"format": "antiphon-bundle"}']
)
def test_indices_that_are_no_index(file, text):
    _pack(file, {**_members(file), container.INDEX: text})
    _refused(file, "x.antiphon")


def test_other_members_are_refused(file):
    members = _members(file)
    _pack(file, {**members, "../../evil": b"x"})
    _refused(file, "evil")
    for name in (container.INDEX, container.WEIGHTS, container.CARD):
        _pack(file, {kept: data for kept, data in members.items() if kept != name})
        _refused(file, "is no bundle: it holds .*; expected bundle.json, weights.safetensors, card.md")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(file):
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(container.CARD, b"another")
    _refused(file, "is no bundle")


def test_a_bomb_is_not_unpacked(file):
    members = _members(file)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**members, container.CARD: bytes(5_000_000)}.items():
            archive.writestr(name, data)
    assert file.stat().st_size < 100_000
    _refused(file, "at most 1 MiB")


def test_weights_that_would_unpack_to_more_than_the_file_are_refused(file):
    members = _members(file)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**members, container.WEIGHTS: bytes(50_000_000)}.items():
            archive.writestr(name, data)
    _refused(file, "packed in an unknown way")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_are_packed_as_any_language_can_unpack_them(file, method):
    members = _members(file)
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data, method if name == container.CARD else zipfile.ZIP_STORED)
    _refused(file, "'card.md'.*packed in an unknown way")


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip", bytes(1000)])
def test_what_is_no_zip(tmp_path, content):
    path = tmp_path / "y.antiphon"
    path.write_bytes(content)
    _refused(path, "is no bundle")


def test_missing_and_unreadable_files(tmp_path):
    _refused(tmp_path / "none.antiphon", "no bundle at")
    _refused(tmp_path, "Cannot read")


def test_malformed_weights(tmp_path):
    path = tmp_path / "z.antiphon"
    write(path, _made(safetensors=b"\xff" * 64))
    with pytest.raises(BundleError, match="weights"):
        Bundle.open(path).weights()


def _written() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "x.antiphon"), _made())
        return Path(folder, "x.antiphon").read_bytes()


_WRITTEN = _written()


@given(data=st.data())
def test_a_mutated_bundle_opens_equal_or_is_refused(data):
    """Whatever happens to its bytes, one opens the same bundle or gets one line."""
    content = bytearray(_WRITTEN)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    refusal = None
    try:
        opened = _opened(bytes(content))
    except AntiphonError as error:
        refusal = str(error)
    if refusal is None:
        assert opened.safetensors == _made().safetensors
    else:
        assert "\n" not in refusal


def _opened(content: bytes) -> Bundle:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.antiphon")
        path.write_bytes(content)
        return Bundle.open(path)


def test_where_only_a_family_is_named_the_first_choice_plays(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "_SHIPPED", tmp_path)
    assert bundle.default("melody") is None
    for name, defaults in (("a-one-two", {}), ("b", {"first_choice": True}), ("c", {})):
        write(tmp_path / f"melody-{name}.antiphon", _made(defaults=defaults))
    assert bundle.default("melody") == "melody/b"
    (tmp_path / "melody-b.antiphon").unlink()
    assert bundle.default("melody") == "melody/a-one-two"
    assert bundle.find("melody/a-one-two") == tmp_path / "melody-a-one-two.antiphon"
    assert bundle.default("drums") is None


def test_bundles_are_found_by_name_and_by_path(file, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "_SHIPPED", tmp_path)
    write(tmp_path / "melody-attention.antiphon", _made())
    assert bundle.find("melody/attention") == tmp_path / "melody-attention.antiphon"
    assert bundle.find(file) == file
    assert len(bundle.shipped()) == 2
    with pytest.raises(NameNotFound, match="melody/attention"):
        bundle.find("melody/atention")
    with pytest.raises(BundleError, match="no bundle at"):
        bundle.find("none.antiphon")
    with pytest.raises(NameNotFound):
        bundle.find("n" * 300)
