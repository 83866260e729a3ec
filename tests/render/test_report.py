"""The report: one page that stands alone, with tables behind its charts and sound that can be reached."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import OutputError
from antiphon.render import pages, report
from antiphon.render.charts import Panel, histogram
from antiphon.render.pages import sound_uri
from antiphon.render.report import AudioExample, Chapter, ReportPage, ReportTable
from antiphon.score.notes import Notes
from antiphon.score.score import Score


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def text(tmp_path: Path) -> str:
    chapter = Chapter(
        "Drums & <bass>",
        "about",
        [("sequences", "12")],
        [
            histogram("Tempo", [90.0, 91.0, 120.0], "quarters"),
            Panel("Files", [3, 1], labels=["used", "</td>"]),
        ],
        [AudioExample("a</audio>.mid", "4/4", "data:audio/mpeg;base64,AAAA")],
        [ReportTable("Reasons", ("piece", "why"), [("<b>", "broken")])],
    )
    report.write(
        tmp_path / "page.html", ReportPage("Title \udcff", "x", ["Mind <this>"], [chapter, Chapter("B")])
    )
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_page_needs_nothing_from_outside(text: str) -> None:
    page = Page(text)
    assert not page.all("script")
    assert {str(link["href"])[:5] for link in page.all("link")} == {"data:"}
    assert "http" not in text.replace("http-equiv", "")
    targets = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {str(link["href"])[1:] for link in page.all("a")} <= targets


def test_words_from_strangers_are_only_words(text: str) -> None:
    for words in ("<bass>", "<this>", "</td>\n", "<b>", "a</audio>"):
        assert words not in text
    assert "Drums &amp; &lt;bass&gt;" in text
    assert "Mind &lt;this&gt;" in text


def test_everything_has_a_name_and_a_table(text: str) -> None:
    page = Page(text)
    assert page.all("html")[0]["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("h1", "h2", "h3", "audio", "svg")] == [1, 3, 1, 1, 1]
    assert all(a.get("aria-label") for a in [*page.all("svg"), *page.all("audio")])
    assert len(page.all("table")) == 3
    assert "from 90 to 120 quarters, most (1) at 90" in str(page.all("svg")[0]["aria-label"])


def test_without_warnings_it_says_that_all_is_well(tmp_path: Path) -> None:
    report.write(tmp_path / "page.html", ReportPage("T", "x"))
    assert "looks healthy" in (tmp_path / "page.html").read_text(encoding="utf-8")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        report.write(tmp_path / "file" / "page.html", ReportPage("T", "x"))


def test_a_chart_draws_every_bar_and_tells_every_number() -> None:
    html = pages.figure(Panel("P", [1, 0, 4], [60, 61, 62], ticks={60: "C4"}, x_label="pitch"))
    page = Page(html)
    assert len(page.all("rect")) == 2
    assert html.count("<tr>") == 2
    assert "C4" in html
    heights = [float(str(rect["height"])) for rect in page.all("rect")]
    assert heights[1] == pytest.approx(4 * heights[0])


@pytest.mark.parametrize("top", [1, 29, 31, 200, 12_345, 1e7])
def test_a_histogram_counts_all_in_few_round_ranges(top: float) -> None:
    values = np.append(np.linspace(0, top, 500), [top * 50])
    panel = histogram("h", values, "x")
    assert sum(panel.values) == 501
    assert 1 <= len(panel.values) <= 32
    steps = set(np.diff(panel.places).tolist())
    assert len(steps) <= 1
    assert all(str(step)[0] in "125" for step in steps)
    assert "highest 1%" in panel.x_label


def test_a_histogram_of_one_value_or_none() -> None:
    assert histogram("h", [], "x").values == []
    panel = histogram("h", [7.0, 7.0], "x")
    assert (list(panel.values), list(panel.places), panel.x_label) == ([2], [7.0], "x")


def test_an_excerpt_is_short_and_small() -> None:
    beats = np.arange(0, 480 * 240, 480)
    long = Score(Notes.of(beats, beats + 400, 60 + beats // 480 % 12))
    uri = sound_uri(long, 3.0)
    sound = base64.b64decode(uri.removeprefix("data:audio/mpeg;base64,"))
    assert 5_000 < len(sound) < 60_000
    assert sound_uri(long, 3.0) == uri
    assert sound_uri(Score(Notes.none()), 3.0) == ""
