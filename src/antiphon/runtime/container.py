"""The file that a bundle is: a zip of known members, read with bounds and written whole.

A file from a stranger is checked before anything in it is used: names, sizes and ways of packing before it is
unpacked, hashes after. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from antiphon import plain_json
from antiphon.errors import BundleError, one_line
from antiphon.files import atomic_write

SUFFIX = ".antiphon"
FORMAT = "antiphon-bundle"
INDEX, WEIGHTS, CARD = "bundle.json", "weights.safetensors", "card.md"
GRAPHS = ("step.onnx", "prefill.onnx", "encode.onnx", "begin.onnx")
"""Members that hold a graph each; every bundle has some of them."""

_MIB = 1 << 20
_LARGEST = {INDEX: 4 * _MIB, WEIGHTS: 1024 * _MIB, CARD: _MIB, **dict.fromkeys(GRAPHS, 16 * _MIB)}
"""Largest size of each member, unpacked. No other member is allowed."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DATE = (1980, 1, 1, 0, 0, 0)
"""Every member's date, so that equal content gives equal bytes."""


def read(path: Path, newest: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The index of the bundle at `path` and all its members, hashes checked.

    Raises `BundleError` where it is missing, truncated, altered, or of a format version above `newest`.
    """
    members = _members(path)
    try:
        index = _index(members[INDEX], path, newest)
        _verify(members, index, path)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BundleError(
            f"The index of '{path}' is malformed ({brief(error)}); get the bundle anew."
        ) from None
    return index, members


def peek(path: Path) -> dict[str, Any]:
    """The index of the bundle at `path` alone, unchecked: to choose among files of our own. Raises
    `BundleError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            index: dict[str, Any] = plain_json.loads(archive.read(INDEX))
            return index
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise BundleError(f"The index of '{path}' cannot be read ({brief(error)}).") from None


def write(path: Path, index: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    """Write a bundle to `path`, whole or not at all; the hashes of `members` are put into the index. Equal
    content gives equal bytes. Raises `OutputError`."""
    full = {"format": FORMAT, **index, "sha256": {name: _hash(data) for name, data in members.items()}}
    text = json.dumps(full, indent=1, ensure_ascii=False, allow_nan=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in {INDEX: text.encode(), **members}.items():
            # Weights do not shrink; stored as they are, they can be mapped.
            method = zipfile.ZIP_STORED if name == WEIGHTS else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, _DATE), data, method)
    atomic_write(path, packed.getvalue())


def brief(error: Exception) -> str:
    """An error's text on one line, not too long."""
    return one_line(error, 120) or type(error).__name__


def _members(path: Path) -> dict[str, bytes]:
    """Every member, unpacked within its bound."""
    try:
        with path.open("rb") as file, _archive(file) as archive:
            _check_outside(archive, path)
            return {info.filename: archive.read(info) for info in archive.infolist()}
    except FileNotFoundError:
        raise BundleError(f"There is no bundle at '{path}'.") from None
    except OSError as error:
        raise BundleError(f"Cannot read '{path}': {error.strerror or error}.") from None
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        RuntimeError,
        NotImplementedError,
        EOFError,
        ValueError,
        zlib.error,
    ) as error:
        raise BundleError(
            f"'{path}' is no bundle, or is truncated or altered ({brief(error)}); get it anew."
        ) from None


_END = struct.Struct("<4s4H2LH")
"""The end of an archive: signature, disks and counts, size and place of the list of members, comment."""
_END_MARK, _LARGE_MARK = b"PK\5\6", b"PK\6\7"
_LONGEST_LIST = 1 << 12


def _archive(file: IO[bytes]) -> zipfile.ZipFile:
    """The archive in an open file. Raises `BadZipFile` unless it ends as ours do, with a short list of
    members: a list of millions takes minutes and gigabytes to read."""
    large, size = 20, file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size - large))
    tail = file.read()
    if len(tail) < _END.size:
        raise zipfile.BadZipFile("it is too short")
    mark, *_, listed, _, comment = _END.unpack(tail[-_END.size :])
    if mark != _END_MARK or comment or listed > _LONGEST_LIST or tail.startswith(_LARGE_MARK):
        raise zipfile.BadZipFile("its list of members is not at its end, or too long")
    return zipfile.ZipFile(file)


def _check_outside(archive: zipfile.ZipFile, path: Path) -> None:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if len(set(names)) < len(names) or not {INDEX, WEIGHTS, CARD} <= set(names) <= _LARGEST.keys():
        found = ", ".join(repr(name[:40]) for name in sorted(names)[:8])
        wanted = f"{INDEX}, {WEIGHTS}, {CARD} and graphs such as {GRAPHS[0]}"
        raise BundleError(f"'{path}' is no bundle: it holds {found or 'nothing'}; expected {wanted}.")
    for info in infos:
        if info.file_size > _LARGEST[info.filename]:
            bound = _LARGEST[info.filename] // _MIB
            raise BundleError(
                f"'{info.filename}' in '{path}' is {info.file_size} bytes; at most {bound} MiB are read."
            )
    # Weights are stored as they are, so that what they unpack to is no larger than the file.
    for info in infos:
        methods = (zipfile.ZIP_STORED,) if info.filename == WEIGHTS else _METHODS
        if info.compress_type not in methods:
            raise BundleError(f"'{info.filename}' in '{path}' is packed in an unknown way; get it anew.")


def _index(data: bytes, path: Path, newest: int) -> dict[str, Any]:
    index = plain_json.loads(data)
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise BundleError(f"'{path}' is no Antiphon bundle: its index does not say '{FORMAT}'.")
    version = index.get("version")
    if type(version) is not int or version < 1:
        raise BundleError(
            f"'{path}' has the format version {one_line(repr(version), 40)}; expected 1 to {newest}."
        )
    if version > newest:
        raise BundleError(
            f"'{path}' has format version {version}; this Antiphon reads up to {newest}. "
            "Update it: pip install -U antiphon."
        )
    return index


def _verify(members: Mapping[str, bytes], index: Mapping[str, Any], path: Path) -> None:
    for name in members.keys() - {INDEX}:
        if _hash(members[name]) != index["sha256"][name]:
            raise BundleError(
                f"'{name}' in '{path}' was altered: its hash is not in the index. Get the bundle anew."
            )


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
