"""MusicXML and MXL from strangers: read or refused with one line; nothing is fetched, nothing expands."""

from __future__ import annotations

import io as stdlib_io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from antiphon import io
from antiphon.errors import FormatError
from antiphon.io import Limits, musicxml
from antiphon.io.musicxml import container
from antiphon.score.notes import Notes
from antiphon.score.score import Score

NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>{}</duration></note>"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def score(measures: str) -> str:
    part = '<part-list><score-part id="P1"/></part-list><part id="P1">'
    return f"<score-partwise>{part}{measures}</part></score-partwise>"


PLAIN = score("<measure>" + NOTE.format(4) + "</measure>")


def archive(members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = stdlib_io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def pointing_at(*paths: str) -> str:
    files = "".join(f'<rootfile full-path="{path}"/>' for path in paths)
    return f"<container><rootfiles>{files}</rootfiles></container>"


def refused(data: bytes, limits: Limits | None = None) -> str:
    loads = musicxml.loads_mxl if data[:2] == b"PK" else musicxml.loads
    with pytest.raises(FormatError) as caught:
        loads(data, limits or Limits())
    reason = str(caught.value)
    assert "\n" not in reason
    assert len(reason) < 300
    return reason


def test_entities_are_refused_whatever_they_are() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    outside = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    parameter = '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>'
    for prolog in (bomb, outside, parameter):
        assert "entity" in refused((HEAD + prolog + PLAIN).encode())
        assert "entity" in refused((HEAD + prolog + PLAIN).replace("UTF-8", "UTF-16").encode("utf-16"))


def test_the_standard_document_type_is_not_fetched() -> None:
    doctype = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://127.0.0.1:9/x">'
    assert len(musicxml.loads((HEAD + doctype + PLAIN).encode()).notes) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    declared = "utf-16" if encoding.startswith("utf-16") else encoding.removesuffix("-sig")
    text = HEAD.replace("UTF-8", declared) + PLAIN.replace(
        '"P1"/>', '"P1"><part-name>Flöte</part-name></score-part>'
    )
    path = tmp_path / "without.suffix"
    path.write_bytes(text.encode(encoding))
    assert io.load(path).track_names == ("Flöte",)


def test_a_file_cut_short_says_the_line() -> None:
    text = (HEAD + PLAIN).replace("><", ">\n<")
    assert "line 6" in refused("\n".join(text.split("\n")[:6]).encode())
    assert "too early" in refused(text[:-5].encode())
    assert "empty" in refused(b"")


def test_other_xml_is_no_score() -> None:
    assert "<html>" in refused(b"<?xml version='1.0'?><html/>")


def test_deep_and_endless_documents_are_refused() -> None:
    assert "deeper" in refused(
        b"<score-partwise>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</score-partwise>"
    )
    assert "tags" in refused(b"<score-partwise>" + b"<a/>" * 2_600_000)


@pytest.mark.parametrize(
    ("damage", "said"),
    [(("<duration>4", "<duration>four"), "'four'"), (("<duration>4", "<duration>-4"), "'-4'"),
     (("<duration>4", "<duration>1e9"), "'1e9'"), (("<duration>4", "<duration>9999999999"), "500000 quarter"),
     (("<step>C", "<step>H"), "'H 4'"), (("<octave>4", "<octave>99"), "MIDI pitch"),
     (("<octave>4", "<octave>"), "a pitch of"), (("<duration>4</duration>", ""), "length"),
     (("<measure>", "<measure><attributes><divisions>0</divisions></attributes>"), "divisions")],
)  # fmt: skip
def test_measures_without_sense_are_refused_with_their_place(damage: tuple[str, str], said: str) -> None:
    reason = refused(PLAIN.replace(*damage).encode())
    assert said in reason
    assert "measure 1" in reason


def test_repeats_cannot_blow_up() -> None:
    repeat = '<barline location="right"><repeat direction="backward" times="999999999"/></barline>'
    measures = "<measure>" + NOTE.format(4) * 50 + repeat + "</measure>"
    assert len(musicxml.loads(score(measures).encode()).notes) <= 50 * 64
    assert "1000" in refused(score(measures).encode(), Limits(notes=1000))
    assert "quarter" in refused(score(measures * 3).encode(), Limits(quarters=1000))


def test_the_container_names_the_score() -> None:
    other = PLAIN.replace(">4</oct", ">5</oct")
    members = {
        "META-INF/container.xml": pointing_at("b/two.xml", "one.xml"),
        "one.xml": PLAIN,
        "b/two.xml": other,
    }
    assert musicxml.loads_mxl(archive(members)).notes.pitch.tolist() == [72]


@pytest.mark.parametrize(
    "container_xml", [None, "<container>", pointing_at("gone.xml"), pointing_at("../../etc/x")]
)
def test_without_a_usable_container_the_only_score_is_taken(container_xml: str | None) -> None:
    members: dict[str, bytes | str] = {"score.xml": PLAIN, "picture.png": b"\x89PNG"}
    if container_xml is not None:
        members["META-INF/container.xml"] = container_xml
    assert len(musicxml.loads_mxl(archive(members)).notes) == 1
    assert "2 MusicXML files" in refused(archive({**members, "other.musicxml": PLAIN}))


def test_other_zips_are_no_mxl() -> None:
    assert "0 MusicXML files" in refused(archive({"readme.txt": "hello"}))


def test_zip_bombs_are_refused_before_they_unpack() -> None:
    bomb = archive({"score.xml": b" " * (40 << 20)})
    assert len(bomb) < 100_000
    assert "bombs" in refused(bomb)
    assert "MiB" in refused(archive({"score.xml": b" " * (3 << 20)}), Limits(bytes=2 << 20))


def test_a_lying_directory_is_refused() -> None:
    data = bytearray(archive({"score.xml": PLAIN}, zipfile.ZIP_STORED))
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    refused(bytes(data))


def test_passwords_and_damage_are_refused() -> None:
    data = bytearray(archive({"score.xml": PLAIN}))
    for marker, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(marker) + flags] |= 1
    assert "password" in refused(bytes(data))
    whole = archive({"score.xml": PLAIN * 20})
    for length in range(4, len(whole), 37):
        refused(whole[:length])


def test_an_mxl_is_the_same_bytes_for_the_same_document() -> None:
    assert container.packed(b"<a/>") == container.packed(b"<a/>")
    assert container.unpacked(container.packed(b"<a/>"), Limits()) == b"<a/>"


def test_too_many_of_anything(tmp_path: Path) -> None:
    start = np.repeat(np.arange(30), 2) * 480
    path = tmp_path / "duet.xml"
    io.save(Score(Notes.of(start, start + 480, 60 + np.arange(60) % 12, track=np.arange(60) % 2)), path)
    assert len(io.load(path).notes) == 60
    for limits in (
        Limits(notes=50),
        Limits(parts=1),
        Limits(quarters=10),
        Limits(seconds=5.0),
        Limits(bytes=100),
    ):
        with pytest.raises(FormatError):
            io.load(path, limits=limits)
