"""The health of a corpus as a page: its chapters, and examples to listen to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePath

import numpy as np

from antiphon.cli.corpus.panels import of_kind, of_pieces, sounds_in_words, title
from antiphon.codecs import kinds as registry
from antiphon.data.checkup import Checkup, quantiles
from antiphon.data.corpus import Corpus
from antiphon.data.health import Health
from antiphon.render.pages import sound_uri
from antiphon.render.report import AudioExample, Chapter, ReportPage, ReportTable
from antiphon.score.maps import DEFAULT_QPM

_EXAMPLES = 12
"""On the whole page."""
_MOST_EXAMPLES = 4
"""Of one kind."""
_SECONDS = 12.0


def report_of(folder: Path, health: Health) -> ReportPage:
    """The report on the corpus in `folder`."""
    views = {checkup.kind: Corpus.open(folder, checkup.kind) for checkup in health.kinds.values()}
    each = max(1, min(_MOST_EXAMPLES, _EXAMPLES // max(len(views), 1)))
    kinds = [_kind(health.kinds[kind], view, each) for kind, view in views.items()]
    chapters = [_pieces(health), *kinds, *_left_out(health)]
    return ReportPage(title(folder, health), str(folder), health.warnings, chapters)


def _pieces(health: Health) -> Chapter:
    seconds = float(health.music.seconds.sum())
    figures = [
        ("files", f"{health.files:,}"),
        ("pieces", f"{health.pieces:,}"),
        ("pieces used", f"{health.results.get('used', 0):,}"),
        ("hours of music used", f"{seconds / 3600:,.1f}"),
    ]
    return Chapter("The pieces", figures=figures, panels=list(of_pieces(health)))


def _kind(checkup: Checkup, view: Corpus, n_examples: int) -> Chapter:
    lengths = quantiles(checkup.lengths)
    figures = [
        ("sequences", f"{checkup.sequences:,}"),
        ("groups", f"{checkup.groups:,}"),
        ("events", f"{checkup.events:,}"),
        (f"{checkup.unit}, the middle one", f"{lengths.get('median', 0):,}"),
        ("begin within a bar", f"{checkup.upbeats:,}"),
    ]
    about = "" if checkup.classes else sounds_in_words(checkup).capitalize()
    examples = list(_examples(view, n_examples)) if checkup.sequences else []
    panels = list(of_kind(checkup)) if checkup.sequences else []
    return Chapter(checkup.kind.replace("_", " ").capitalize(), about, figures, panels, examples)


def _left_out(health: Health) -> Iterator[Chapter]:
    if health.rows:
        yield Chapter(
            "What was left out, and why",
            "Some rows of the ledger for each reason; ledger.tsv has all of them.",
            tables=[
                ReportTable(
                    f"{cause} ({health.causes[cause]:,})",
                    ("piece", "what became of it", "detail"),
                    [(row.path, row.result, row.reason()) for row in rows],
                )
                for cause, rows in health.rows.items()
            ],
        )


def _examples(view: Corpus, n: int) -> Iterator[AudioExample]:
    """The beginnings of sequences drawn at random, always the same of the same corpus, at their tempo."""
    draw = np.random.default_rng(int(view.digest[:8], 16))
    chosen = np.sort(draw.choice(view.n, min(n, view.n), replace=False)).tolist()
    tempos = _tempos(view, [int(view.table["piece"][index]) for index in chosen])
    to_score = registry.kind(view.kind).extractor.to_score
    for index, qpm in zip(chosen, tempos, strict=True):
        score = to_score(view.sequence(index), qpm=qpm)
        meter = view.standing(index).meter
        about = f"{qpm:.0f} quarters a minute, {meter}" if view.steps_per_bar(index) else "as it was played"
        path = PurePath(view.source(index))
        if sound := sound_uri(score, _SECONDS):
            yield AudioExample(path.name, f"{about}; {path.parent}", sound)


def _tempos(view: Corpus, pieces: Sequence[int]) -> list[float]:
    """The tempo of each piece; `pieces` ascend."""
    wanted = set(pieces)
    rows = islice(view.pieces(), max(pieces) + 1)
    found = {row: piece["facts"].get("tempo", DEFAULT_QPM) for row, piece in enumerate(rows) if row in wanted}
    return [found[piece] for piece in pieces]
