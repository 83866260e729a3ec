"""Cards and tables say what the figures say."""

from __future__ import annotations

from typing import Any

import pytest

from antiphon.errors import OptionError
from antiphon.evaluate.card import card, markdown_table, put_between, shortcomings, table

ABOUT: dict[str, Any] = {
    "name": "melody/test",
    "summary": "Tunes for a test.",
    "paper": "Nobody, 'Nothing', 1900",
    "plural": "melodies",
    "pitched": True,
    "data": [
        {"name": "tunes", "content": "30 tunes", "licence": "public domain"},
        {"name": "songs", "content": "5 songs", "licence": "CC0"},
        {"name": "hymns", "content": "9 hymns", "licence": "CC0"},
    ],
    "licence": "public domain and CC0",
    "release": "Yes.",
    "weak": ["Endings.", "Anything slow."],
    "steps": 12_000,
    "n_parameters": 345_678,
    "size": 1_250_000,
}


def _predicted(nll: float) -> dict[str, float | None]:
    return {
        "nll_per_event": nll, "nll_per_step": nll, "nll_per_bar": 16 * nll, "perplexity": 2.0,
        "accuracy": 0.75, "event_accuracy": 0.5, "no_event_accuracy": None,
    }  # fmt: skip


def _repeats(share: float) -> dict[str, Any]:
    shares = {"1": share, "2": share / 2, "4": None}
    return {"repeats": shares, "rhythms": shares, "n_bars": 1600, "n_sequences": 200}


def _lengths(n: float) -> dict[str, float]:
    return {f"{unit}_{q}": n for unit in ("notes", "steps") for q in ("median", "p90", "max")}


FIGURES: dict[str, Any] = {
    "split": "test",
    "n_sequences": 321,
    "n_events": 54_321,
    **_predicted(0.5),
    "label_perplexity": 1.75,
    "label_accuracy": 0.8,
    "baselines_fitted_on": "train",
    "seen_in_training": False,
    "baselines": {"unigram": _predicted(1.9), "kn5": _predicted(0.9), "copy_kn5": _predicted(0.6)},
    "structure": {"generated": _repeats(0.2), "corpus": _repeats(0.25)},
    "copying": {"generated": _lengths(17), "held_out": _lengths(23)},
}


def test_a_card_answers_what_people_ask() -> None:
    text = card(ABOUT, FIGURES)
    for said in (
        "# melody/test", "Tunes for a test.", "## May music made with it be released?\n\nYes.",
        "| tunes | 30 tunes | public domain |", "12,000 steps (345,678 parameters)",
        "321 melodies and 54,321 events", "| melody/test | 0.500 | 8.000 | 2.000 | 75.0% | 50.0% | - |",
        "| interpolated Kneser-Ney 5-gram | 0.900 |", "perplexity 1.750, accuracy 80.0%",
        "| 1 back | 20.0% | 25.0% | 20.0% | 25.0% |", "| 4 back | - | - | - | - |",
        "| generated | 17 notes, 17 steps |", "| pieces it has not seen | 23 notes, 23 steps |",
        "- Endings.\n- Anything slow.", "Nobody, 'Nothing', 1900",
    ):  # fmt: skip
        assert said in text


def test_the_table_has_a_row_a_bundle() -> None:
    header, rule, *rows = table([(ABOUT, FIGURES)] * 2).splitlines()
    assert len(rows) == 2
    assert header.count("|") == rule.count("|") == rows[0].count("|")
    cells = [cell.strip() for cell in rows[0].strip("|").split("|")]
    assert cells == [
        "`melody/test`", "1.2 MB", "public domain and CC0", "0.500", "0.600",
        "20.0%, 10.0%, - (25.0%, 12.5%, -)", "17 notes (23)", "Endings. Anything slow.",
    ]  # fmt: skip


def test_shortcomings_are_what_the_figures_say() -> None:
    [said, *_] = shortcomings(FIGURES)
    assert said == "It repeats the bar 1 back less than real tunes do (20.0% of bars, 25.0% in the corpus)."
    good = {**FIGURES, "structure": {"generated": _repeats(0.24), "corpus": _repeats(0.25)}}
    assert shortcomings(good) == []
    bad = {**good, "nll_per_step": 0.95, "copying": {"generated": _lengths(40), "held_out": _lengths(23)}}
    assert shortcomings(bad) == [
        "It predicts no better than counting does (interpolated Kneser-Ney 5-gram).",
        "It copies. Its median passage from the training set has 40 notes, that of real tunes 23.",
    ]


def test_cells_cannot_break_a_table() -> None:
    assert markdown_table(("a",), [["x|y"]]).splitlines()[-1] == "| x/y |"


def test_put_between_replaces_what_was_there() -> None:
    page = "before\n<!-- table:begin -->\nold\n<!-- table:end -->\nafter\n"
    once = put_between(page, "table", "new")
    assert once == "before\n<!-- table:begin -->\nnew\n<!-- table:end -->\nafter\n"
    assert put_between(once, "table", "new") == once


@pytest.mark.parametrize("page", ["", "<!-- table:begin -->", "<!-- table:end --> <!-- table:begin -->"])
def test_missing_markers_are_named(page: str) -> None:
    with pytest.raises(OptionError, match="no '<!-- table:begin -->' followed by '<!-- table:end -->'"):
        put_between(page, "table", "new")
