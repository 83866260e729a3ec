"""The health of a corpus as a page: statistics, and examples to listen to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePath

import numpy as np

from antiphon.cli.corpus.panels import describe_sounds, kind_panels, pieces_panels, title
from antiphon.codecs import kinds as registry
from antiphon.data.corpus import Corpus
from antiphon.data.health import Health
from antiphon.data.kind_stats import KindStats, quantiles
from antiphon.render.pages import sound_uri
from antiphon.render.report import AudioExample, Chapter, ReportPage, ReportTable
from antiphon.score.maps import DEFAULT_QPM

_EXAMPLES = 12
"""Examples on the whole page."""
_EXAMPLES_PER_KIND = 4
"""The most of one kind."""
_SECONDS = 12.0


def health_report(folder: Path, health: Health) -> ReportPage:
    """The report on the corpus in `folder`."""
    corpora = {kind: Corpus.open(folder, kind) for kind in health.kinds}
    each = max(1, min(_EXAMPLES_PER_KIND, _EXAMPLES // max(len(corpora), 1)))
    kinds = [_kind(health.kinds[kind], corpus, each) for kind, corpus in corpora.items()]
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
    return Chapter("The pieces", figures=figures, panels=list(pieces_panels(health)))


def _kind(stats: KindStats, corpus: Corpus, n_examples: int) -> Chapter:
    lengths = quantiles(stats.lengths)
    figures = [
        ("sequences", f"{stats.sequences:,}"),
        ("groups", f"{stats.groups:,}"),
        ("events", f"{stats.events:,}"),
        (f"{stats.unit}, the middle one", f"{lengths.get('median', 0):,}"),
        ("begin within a bar", f"{stats.upbeats:,}"),
    ]
    about = "" if stats.classes else describe_sounds(stats).capitalize()
    examples = list(_examples(corpus, n_examples)) if stats.sequences else []
    panels = list(kind_panels(stats)) if stats.sequences else []
    return Chapter(stats.kind.replace("_", " ").capitalize(), about, figures, panels, examples)


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


def _examples(corpus: Corpus, n: int) -> Iterator[AudioExample]:
    """The beginnings of random sequences, always the same for the same corpus, at their tempo."""
    rng = np.random.default_rng(int(corpus.digest[:8], 16))
    chosen = np.sort(rng.choice(corpus.n, min(n, corpus.n), replace=False)).tolist()
    tempos = _tempos(corpus, [int(corpus.table["piece"][index]) for index in chosen])
    to_score = registry.kind(corpus.kind).extractor.to_score
    for index, qpm in zip(chosen, tempos, strict=True):
        score = to_score(corpus.sequence(index), qpm=qpm)
        meter = corpus.standing(index).meter
        about = (
            f"{qpm:.0f} quarters per minute, {meter}" if corpus.steps_per_bar(index) else "as it was played"
        )
        path = PurePath(corpus.source(index))
        if sound := sound_uri(score, _SECONDS):
            yield AudioExample(path.name, f"{about}; {path.parent}", sound)


def _tempos(corpus: Corpus, pieces: Sequence[int]) -> list[float]:
    """The tempo of each piece; `pieces` are ascending."""
    wanted = set(pieces)
    rows = islice(corpus.pieces(), max(pieces) + 1)
    found = {row: piece["facts"].get("tempo", DEFAULT_QPM) for row, piece in enumerate(rows) if row in wanted}
    return [found[piece] for piece in pieces]
