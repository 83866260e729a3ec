"""A bundle's card and the table of bundles, written from plain figures so that no number is ever typed by
hand.

`about` is a mapping with what a person decided: `name`, `summary`, `paper`, `plural` (what several pieces
are called), `pitched` (whether they have keys), `data` (a list of mappings with `name`, `content`,
`licence`), `licence` (that of the data in a few words), `release` (whether music made with it may be
released, one sentence), `weak` (what it is bad at, a list of sentences), and what the file says: `steps`
trained, `n_parameters`, `size` in bytes. `figures` is what `report.report` returns, `structure` and
`copying` included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from antiphon.errors import OptionError
from antiphon.evaluate.baselines import BASELINES
from antiphon.evaluate.memorisation import QUANTILES
from antiphon.evaluate.structure import LAGS

Facts = Mapping[str, Any]

_FOLDED = "Each baseline was fitted on groups of pieces that it is not judged on, in folds."
_TOLERANCE = 0.1
"""How far a generated share may be from the corpus's, as a part of it, before a card calls it a fault."""
_NOISE = 0.005
"""Shares of bars nearer than this, half a bar in a hundred, are not told apart."""


def card(about: Facts, figures: Facts) -> str:
    """The card in Markdown."""
    sections = (
        _section("May music made with it be released?", about["release"]),
        _data(about),
        _prediction(about, figures),
        _structure(figures["structure"], about["plural"]),
        _copying(figures["copying"], about),
        _section("What it is bad at", "\n".join(f"- {sentence}" for sentence in _faults(about, figures))),
        _section("Source", about["paper"]),
    )
    return "\n\n".join((f"# {about['name']}", about["summary"], *sections)) + "\n"


def shortcomings(figures: Facts, plural: str = "tunes") -> list[str]:
    """What the figures themselves say a model is bad at, a sentence each; none where they say nothing.
    `plural` are the real pieces that it is compared with."""
    return [
        *_not_beating(figures),
        *_off_repeats(figures["structure"], plural),
        *_copying_more(figures["copying"], plural),
    ]


def _faults(about: Facts, figures: Facts) -> list[str]:
    return [*about["weak"], *shortcomings(figures, about["plural"])]


def _not_beating(figures: Facts) -> list[str]:
    """A sentence about the weakest baseline that the model does not beat."""
    own, *others = (
        math.inf if of["nll_per_step"] is None else of["nll_per_step"]
        for of in (figures, *figures["baselines"].values())
    )
    reached = dict(zip(figures["baselines"], others, strict=True))
    beating = [name for name, nll in reached.items() if nll <= own]
    if not beating:
        return []
    weakest = max(beating, key=lambda name: reached[name])
    return [f"It predicts no better than counting does ({BASELINES.get(weakest, weakest)})."]


def _off_repeats(structure: Facts, plural: str) -> list[str]:
    made, real = structure["generated"]["repeats"], structure["corpus"]["repeats"]
    return [
        f"It repeats the bar {lag} back {'less' if made[lag] < share else 'more'} than real {plural} do "
        f"({_percent(made[lag])} of bars, {_percent(share)} in the corpus)."
        for lag, share in real.items()
        if share and made[lag] is not None and abs(made[lag] - share) > max(_TOLERANCE * share, _NOISE)
    ]


def _copying_more(copying: Facts, plural: str) -> list[str]:
    made, real = copying["generated"]["notes_median"], copying["held_out"]["notes_median"]
    more = f"Its median passage from the training set has {made:.0f} notes, that of real {plural} {real:.0f}."
    return [f"It copies. {more}"] if made > real * (1 + _TOLERANCE) else []


def table(bundles: Sequence[tuple[Facts, Facts]]) -> str:
    """The table of bundles in Markdown, a row for each (`about`, `figures`).

    Faults of repetition stand in figures there, so that the last column names the others only.
    """
    header = (
        "bundle", "size", "data", "NLL, nats per step", "best baseline",
        "bars as 1, 2, 4 bars back (real)", "longest copy (real)", "bad at",
    )  # fmt: skip
    return markdown_table(header, [_row(about, figures) for about, figures in bundles])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown's pipes."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def put_between(text: str, marker: str, content: str) -> str:
    """`text` with what stands between `<!-- marker:begin -->` and `<!-- marker:end -->` replaced by
    `content`.

    Raises `OptionError` where the markers are not there.
    """
    begin, end = f"<!-- {marker}:begin -->", f"<!-- {marker}:end -->"
    if begin not in text or end not in text.split(begin, 1)[1]:
        raise OptionError(f"The text has no '{begin}' followed by '{end}'; put both where the table belongs.")
    before, rest = text.split(begin, 1)
    return f"{before}{begin}\n{content}\n{end}{rest.split(end, 1)[1]}"


def _section(title: str, *paragraphs: str) -> str:
    return "\n\n".join((f"## {title}", *paragraphs))


def _data(about: Facts) -> str:
    rows = [(data["name"], data["content"], data["licence"]) for data in about["data"]]
    return _section("Trained on", markdown_table(("set", "content", "licence"), rows))


def _prediction(about: Facts, figures: Facts) -> str:
    nats = shown_nats(figures)
    seen = "" if figures["seen_in_training"] else "not "
    rows = [
        [BASELINES.get(name, name), *_predicted(of, nats)]
        for name, of in {about["name"]: figures, **figures["baselines"]}.items()
    ]
    header = (
        "",
        *(f"nats per {each}" for each in nats),
        "perplexity",
        "accuracy",
        "of events",
        "of no-events",
    )
    return _section(
        "How well it predicts",
        f"Trained for {about['steps']:,} steps ({about['n_parameters']:,} parameters). On the "
        f"{figures['split']} split, {figures['n_sequences']:,} {about['plural']} and "
        f"{figures['n_events']:,} events of pieces it has {seen}seen:",
        markdown_table(header, rows),
        *([_FOLDED] if figures["baselines_fitted_on"] != "train" else []),
        f"Magenta's own figures, of labels: perplexity {_number(figures['label_perplexity'])}, "
        f"accuracy {_percent(figures['label_accuracy'])}.",
    )


def shown_nats(figures: Facts) -> dict[str, str]:
    """Names of the figures in nats by what they are of: events only where an event is not a step, bars only
    where there are some."""
    names = {each: f"nll_per_{each}" for each in ("event", "step", "bar")}
    if figures["nll_per_event"] == figures["nll_per_step"]:
        del names["event"]
    if figures["nll_per_bar"] is None:
        names["second"] = "nll_per_second"
        del names["bar"]
    return names


def _predicted(of: Facts, nats: Mapping[str, str]) -> list[str]:
    numbers = [_number(of[key]) for key in (*nats.values(), "perplexity")]
    return numbers + [_percent(of[key]) for key in ("accuracy", "event_accuracy", "no_event_accuracy")]


def _structure(structure: Facts, plural: str) -> str:
    made, real = structure["generated"], structure["corpus"]
    rows = [
        [
            f"{lag} back",
            *(_percent(of[kind][str(lag)]) for kind in ("repeats", "rhythms") for of in (made, real)),
        ]
        for lag in LAGS
    ]
    header = ("bars that repeat the one", "generated", "corpus", "rhythm only: generated", "corpus")
    return _section(
        "Structure",
        markdown_table(header, rows),
        f"Generated from nothing at temperature 1: {made['n_sequences']:,} {plural}, {made['n_bars']:,} "
        "bars, with the meters, pick-ups and lengths of as many held-out ones "
        f"(corpus: {real['n_sequences']:,} {plural}, {real['n_bars']:,} bars).",
    )


def _copying(copying: Facts, about: Facts) -> str:
    whose = {"generated": copying["generated"], "pieces it has not seen": copying["held_out"]}
    rows = [[name, *(passage(of, quantile) for quantile in QUANTILES)] for name, of in whose.items()]
    return _section(
        "Does it copy?",
        f"The longest passage of each of the {about['plural']} that stands in the training set"
        f"{', in whatever key' if about['pitched'] else ''}:",
        markdown_table(("", "median", "90th percentile", "longest"), rows),
    )


def passage(of: Facts, quantile: str) -> str:
    """Length of a longest passage in words; `of` is a `Copies.summary`."""
    return f"{of[f'notes_{quantile}']:.0f} notes, {of[f'steps_{quantile}']:.0f} steps"


def _row(about: Facts, figures: Facts) -> list[str]:
    structure, copying = figures["structure"], figures["copying"]
    best = min(figures["baselines"], key=lambda name: figures["baselines"][name]["nll_per_step"])
    made, real = (
        [_percent(structure[whose]["repeats"][str(lag)]) for lag in LAGS] for whose in ("generated", "corpus")
    )
    return [
        f"`{about['name']}`",
        f"{about['size'] / 1e6:.1f} MB",
        about["licence"],
        _number(figures["nll_per_step"]),
        _number(figures["baselines"][best]["nll_per_step"]),
        f"{', '.join(made)} ({', '.join(real)})",
        f"{copying['generated']['notes_max']:.0f} notes ({copying['held_out']['notes_max']:.0f})",
        " ".join((*about["weak"], *_not_beating(figures), *_copying_more(copying, about["plural"]))) or "-",
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}%"
