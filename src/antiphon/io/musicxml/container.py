"""MXL: a MusicXML file in a zip, whose `META-INF/container.xml` says which member it is.

Sources: MusicXML 4.0, "Compressed .MXL Files"; the zip application note (APPNOTE.TXT). Member names are
never used as paths: nothing is unpacked to disk.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.etree.ElementTree import Element

from antiphon.errors import FormatError, one_line
from antiphon.io.limits import Limits
from antiphon.io.musicxml import tree

CONTAINER = "META-INF/container.xml"
_MEDIA_TYPE = "application/vnd.recordare.musicxml+xml"
_SCORE = "score.musicxml"
_SUFFIXES = (".musicxml", ".xml")
_MEMBERS = 10_000
_RATIO = 200
_FREE = 1 << 20  # up to here any ratio is harmless
_STORED = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 1


def unpacked(data: bytes, limits: Limits) -> bytes:
    """The MusicXML in an MXL file's bytes: the first root file that the container names, else the only score
    in it.

    Raises `FormatError` for a damaged or encrypted zip, one without a score or with several to choose from,
    and for a member that unpacks to more than `limits.bytes` or to 200 times its size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if len(names) > _MEMBERS:
                raise FormatError(f"MXL of {len(names)} members; a score has a few. It is not read.")
            return _member(archive, _root_file(archive, names, limits), limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError) as error:
        if isinstance(error, FormatError):
            raise
        why = one_line(error, 80) or type(error).__name__
        raise FormatError(f"Damaged MXL: {why}. Export or download the file again.") from None


def packed(document: bytes) -> bytes:
    """An MXL file of one MusicXML document; the same bytes for the same document."""
    container = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<container>\n  <rootfiles>\n'
        f'    <rootfile full-path="{_SCORE}" media-type="{_MEDIA_TYPE}"/>\n  </rootfiles>\n</container>\n'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((CONTAINER, container.encode()), (_SCORE, document)):
            archive.writestr(zipfile.ZipInfo(name, _STORED), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _root_file(archive: zipfile.ZipFile, names: list[str], limits: Limits) -> str:
    """Name of the member that is the score: the one that the container names, or the only one."""
    wanted = _wanted(archive, limits) if CONTAINER in names else ""
    by_name = {_as_utf8(name): name for name in names} | {name: name for name in names}
    if wanted in by_name:
        return by_name[wanted]
    scores = [name for name in names if name.endswith(_SUFFIXES) and not name.startswith(("META-INF/", "__"))]
    if len(scores) != 1:
        raise FormatError(
            f"A zip with {len(scores)} MusicXML files and no container that names one of them, so no MXL. "
            "Unpack it and use the files."
        )
    return scores[0]


def _wanted(archive: zipfile.ZipFile, limits: Limits) -> str:
    """The member that the container names; none where the container is no XML, as where an apostrophe of
    the file name ends it early.
    """
    content = _member(archive, CONTAINER, limits)
    try:
        return _named(tree.parse(content))
    except FormatError:
        return ""


def _named(root: Element) -> str:
    """Path of the first root file that is MusicXML; its media type may be left out."""
    files = [file for file in root.iter() if file.tag.rpartition("}")[2] == "rootfile"]
    scores = [file for file in files if file.get("media-type", _MEDIA_TYPE) == _MEDIA_TYPE]
    return next((file.get("full-path", "") for file in scores or files), "")


def _as_utf8(name: str) -> str:
    """A member's name as UTF-8 where the zip does not say that it is: zipfile took its bytes for cp437."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _member(archive: zipfile.ZipFile, name: str, limits: Limits) -> bytes:
    info = archive.getinfo(name)
    if info.flag_bits & _ENCRYPTED:
        raise FormatError("MXL with a password, which is not read. Save it without one.")
    if info.file_size > limits.bytes:
        raise FormatError(
            f"MXL that unpacks to {info.file_size >> 20} MiB; at most {limits.bytes >> 20} MiB are read."
        )
    if info.file_size > _FREE and info.file_size > _RATIO * max(info.compress_size, 1):
        raise FormatError(
            f"MXL that unpacks to {info.file_size // max(info.compress_size, 1)} times its size, as bombs "
            "do; it is not read."
        )
    with archive.open(info) as member:
        content = member.read(info.file_size + 1)  # zipfile stops at the size that the directory gives
    if len(content) != info.file_size:
        raise FormatError("Damaged MXL: the score in it is cut off. Export or download the file again.")
    return content
