"""The contact sheet: one page that stands alone, whose links resolve and whose music is the scores'."""

from __future__ import annotations

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from antiphon import io
from antiphon.errors import EmptyError, OutputError
from antiphon.render import roll, sheet
from antiphon.score.maps import TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score


class Page(HTMLParser):
    """Every element with its attributes, and the text of scripts and headings."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.scripts, self._inside = [], {}, None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("id", "code") if tag == "script" else None

    def handle_data(self, data):
        if self._inside:
            self.scripts[self._inside] = self.scripts.get(self._inside, "") + data

    def all(self, tag, **wanted):
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in wanted.items())]


def tune(transposed=0):
    notes = Notes.of([0, 480, 960], [480, 960, 1920], [60 + transposed, 64, 67], [100, 80, 90], program=40)
    drums = Notes.of([0], [240], [36], is_drum=True, track=1)
    return Score(Notes.join([notes, drums]), tempos=TempoMap.of([(0, 60)]))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheet") / "new music"
    folder.mkdir()
    entries = []
    for number, likelihood in ((1, -300.0), (2, -120.0), (3, None)):
        midi, picture, details = (folder / f"tune #{number}{end}" for end in (".mid", ".png", ".json"))
        io.save(tune(number), midi)
        roll.draw(tune(number), picture)
        details.write_text("{}")
        audio = folder / "tune 2.ogg" if number == 2 else None
        if audio:
            audio.write_bytes(b"")
        name = f'Tune <{number}> & "co"'
        entries.append(
            sheet.SheetEntry(
                name, tune(number), midi, audio, picture, details, likelihood, 100, primer_end=480
            )
        )
    return sheet.write(folder, entries, title="New </script> music", about="seed 7 & more")


def test_every_link_resolves(written):
    links = [a["href"] for a in Page(written).all("a")]
    assert len(links) == 3 * 3 + 1
    for link in links:
        assert (written.parent / unquote(link)).is_file(), link


def test_the_page_needs_no_network(written):
    text = written.read_text(encoding="utf-8")
    assert "http://" not in text
    assert "https://" not in text
    page = Page(written)
    assert len(page.all("script")) == 2
    assert all("src" not in a for a in page.all("script"))
    assert [a["href"] for a in page.all("link")] == ["data:,"]


def test_the_notes_of_every_piece_are_in_the_page(written):
    music = json.loads(Page(written).scripts["music"])
    assert len(music) == 3
    assert music[0]["duration"] == 4.0
    assert music[0]["notes"] == [
        [0.0, 1.0, 61, 100, 5],
        [0.0, 0.5, 36, 100, -1],
        [1.0, 1.0, 64, 80, 5],
        [2.0, 2.0, 67, 90, 5],
    ]


def test_pieces_carry_their_likelihood_for_sorting(written):
    page = Page(written)
    assert [a["data-likelihood"] for a in page.all("article")] == ["-3.000000", "-1.200000", ""]
    assert "−3.00" in written.read_text(encoding="utf-8")
    assert len(page.all("option")) == 3


def test_only_a_piece_with_an_audio_file_plays_it(written):
    assert [a.get("data-audio") for a in Page(written).all("article")] == [None, "tune%202.ogg", None]


def test_the_pictures_show_every_note_and_the_primer(written):
    page = Page(written)
    notes = [a for a in page.all("rect") if a["class"].startswith("t")]
    assert len(notes) == 3 * 4
    assert len(page.all("rect", **{"class": "given"})) == 3
    assert notes[0]["x"] == "0.00"
    assert float(notes[2]["x"]) == pytest.approx(500, abs=0.01)


def test_everything_one_can_touch_has_a_name(written):
    page = Page(written)
    assert all(a.get("aria-label") for a in page.all("button"))
    assert all(a.get("aria-label") for a in page.all("svg", role="img"))
    assert all(a.get("aria-label") for a in page.all("a"))
    assert page.all("html")[0]["lang"] == "en"


def test_names_and_titles_are_escaped(written):
    text = written.read_text(encoding="utf-8")
    assert "New &lt;/script&gt; music" in text
    assert "Tune &lt;1&gt; &amp; &quot;co&quot;" in text


def test_a_piece_without_notes_keeps_its_place(tmp_path):
    empty = Score(Notes.none())
    io.save(empty, tmp_path / "empty.mid")
    page = sheet.write(tmp_path, [sheet.SheetEntry("Nothing", empty, tmp_path / "empty.mid")])
    assert "no notes" in page.read_text(encoding="utf-8")


def test_an_empty_sheet_and_an_unwritable_folder_are_refused(tmp_path):
    with pytest.raises(EmptyError):
        sheet.write(tmp_path, [])
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        sheet.write(tmp_path / "file", [sheet.SheetEntry("a", tune(), tmp_path / "a.mid")])


@pytest.fixture
def swept(tmp_path):
    """A page of two rows and three columns, one cell of which holds two pieces."""
    entries = []
    for number, cell in enumerate(["a x", "a y", "a z", "b x", "b y", "b y"]):
        midi = tmp_path / f"{number}.mid"
        io.save(tune(number), midi)
        row, column = cell.split()
        entries.append(
            sheet.SheetEntry(str(number), tune(number), midi, cell=(f"key <{row}>", f"top-k {column}"))
        )
    return sheet.write(tmp_path, entries)


def test_a_sweep_is_a_grid_of_rows_and_columns(swept):
    page, text = Page(swept), swept.read_text(encoding="utf-8")
    (main,) = page.all("main")
    assert (main["class"], main["style"]) == ("sweep", "--columns: 3")
    assert len(page.all("h2", **{"class": "row"})) == 2
    assert len(page.all("h3", **{"class": "column"})) == len(page.all("div", **{"class": "cell"})) == 5
    places = [text.index(words) for words in ("key &lt;a&gt;", "top-k z", "key &lt;b&gt;", 'href="5.mid"')]
    assert places == sorted(places)
    assert len(page.all("article")) == 6


def test_pieces_without_a_sweep_have_no_grid(written):
    (main,) = Page(written).all("main")
    assert "class" not in main
    assert not Page(written).all("div", **{"class": "cell"})


def dom(page, tmp_path):
    """The page as a browser has it after its script has run."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("needs Chromium")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    done = subprocess.run(
        [*command, "--dump-dom", Path(page).as_uri()], capture_output=True, timeout=200, check=True
    )
    return done.stdout.decode()


def test_a_sweep_keeps_its_order_in_a_browser(swept, tmp_path):
    after = dom(swept, tmp_path)
    assert '<label id="ordering" hidden=""' in after
    assert after.count('<button class="play" type="button"') == 6


def test_the_script_runs_in_a_browser(written, tmp_path):
    after = dom(written, tmp_path)
    assert '<label id="ordering">' in after
    assert '<div class="tools">' in after  # the script shows the tools last
    assert after.count('<button class="play" type="button"') == 3
    assert 'hidden=""><svg' not in after
