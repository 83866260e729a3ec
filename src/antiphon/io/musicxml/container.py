"""The outside of a MusicXML file, which may come from anyone: the zip of an MXL file, and XML as a tree.

MXL is a MusicXML file in a zip, whose `META-INF/container.xml` says which member it is. Member names are
never used as paths: nothing is unpacked to disk. In XML nothing is fetched, no entity is expanded, and size
and depth are bounded. Sources: MusicXML 4.0, "Compressed .MXL Files"; the zip application note (APPNOTE.TXT).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from antiphon.errors import FormatError, one_line
from antiphon.io.limits import Limits

CONTAINER = "META-INF/container.xml"
_MEDIA_TYPE = "application/vnd.recordare.musicxml+xml"
_SCORE = "score.musicxml"
_SUFFIXES = (".musicxml", ".xml")
_MEMBERS = 10_000
_RATIO = 200  # unpacked to packed
_FREE = 1 << 20  # bytes up to which any ratio is harmless
_STORED = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 1  # a bit of the flags of a member
_TAGS = 2_500_000
_DEPTH = 64
_SHOWN = 40  # characters of a text in a message
_CUT_OFF = {
    expat.errors.codes[name]
    for name in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


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
        return _named(parse(content))
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


def parse(data: bytes) -> Element:
    """The root element of an XML document, in any encoding that XML parsers must know or Python's one-byte
    codecs.

    Raises `FormatError`, with the line, for one that is damaged or cut off, that declares entities (no
    MusicXML needs them; they can blow up or read other files), that holds more than 2.5 million tags, or
    that nests deeper than 64.
    """
    if data.count(b"<") > _TAGS:
        raise FormatError(f"XML of more than {_TAGS} tags, which is no score. Check where the file is from.")
    _check_prolog(data)
    parser = XMLParser()
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise _damaged(error, data) from None
    _check_depth(root)
    return root


def _check_prolog(data: bytes) -> None:
    """Read up to the root element; raises `FormatError` for a declared entity."""
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _refuse_entity
    parser.StartElementHandler = _reached
    try:
        parser.Parse(data, True)
    except _Reached:
        return
    except FormatError:  # a ValueError too
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _damaged(error, data) from None


class _Reached(Exception):
    """The root element begins."""


def _reached(name: str, attributes: dict[str, str]) -> None:
    raise _Reached


def _refuse_entity(name: str, *rest: Any) -> None:
    raise FormatError(
        f"XML that declares an entity ('{one_line(name, _SHOWN)}'), which is not read: entities can hide "
        "other files or endless text. Export the score again as plain MusicXML."
    )


def _check_depth(root: Element) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > _DEPTH:
            raise FormatError(f"XML nested deeper than {_DEPTH} levels, which is no score.")
        level = [child for element in level for child in element]


def _damaged(error: Exception, data: bytes) -> FormatError:
    """What an XML parser complains about, in words; with the line where it knows one."""
    line, _ = getattr(error, "position", None) or (getattr(error, "lineno", 0), 0)
    code = getattr(error, "code", None)
    at = f" (line {line})" if line else ""
    if code in _CUT_OFF:
        what = "the file ends too early" if data.strip() else "the file is empty"
    elif code is not None:
        what = expat.ErrorString(code)
    else:
        what = one_line(error, 80)
    return FormatError(f"Damaged XML{at}: {what}. Export or download the file again.")
