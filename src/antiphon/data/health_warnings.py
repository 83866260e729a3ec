"""Warnings about the health of a corpus, each with advice on what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from antiphon.codecs.kinds import KINDS
from antiphon.data.duplicates import RELATION_NAMES, Relation
from antiphon.data.kind_stats import KindStats
from antiphon.data.splits import SPLITS
from antiphon.recipes import MAX_STEPS_PER_BAR, RECIPES, Attention, Recipe

FEW_GROUPS = 200
"""With fewer groups of pieces a net soon overfits."""
_LARGE_SHARE = 0.25
_SMALL_SHARE = 0.05
_MUSIC_RESULTS = ("used", "duplicate", "nothing", "unreadable")
_CROSS_SPLIT = RELATION_NAMES[Relation.CROSS_SPLIT]

_ADVICE = (
    ("polyphonic", "keep one voice with --polyphony top or bottom, or choose a part with --track"),
    ("shorter than", "allow shorter ones with --min-bars"),
    ("different pitch classes", "allow plainer ones with --min-pitch-classes"),
    ("cut at", "keep more of each with --max-steps 0"),
    ("more than one program", "choose a part with --track, or --set split_parts=true"),
    ("fewer than", "allow shorter ones with --set min_events=8"),
    ("whole number of steps", "choose a finer grid with --steps-per-quarter"),
    ("no chord symbols", "infer them first, or extract another kind"),
)
"""What to do about a cause that contains these words."""


def recipe_for(kind: str) -> str:
    """The name of a recipe that learns from sequences of `kind`, preferably with attention; '' for none."""
    fitting = [recipe for recipe in RECIPES.things() if recipe.learns_from == kind]
    attentive = [recipe for recipe in fitting if isinstance(recipe.net, Attention)]
    return next((recipe.name for recipe in [*attentive, *fitting]), "")


def small_corpus_advice(recipe: Recipe, trained: str | None, *, fine_tuning: bool = False) -> str:
    """What helps where there is little music to train `recipe` on, as a sentence; `trained` names a bundle
    to start from."""
    # Where the view moves all music to one key, transposing it first changes next to nothing.
    small = hasattr(recipe.net, "layers") and not fine_tuning
    transposable = recipe.alphabet.is_pitched and getattr(recipe.view, "key", None) is None
    advice = [
        "Add music",
        *([f"fine-tune a trained bundle (--from {trained})"] if trained and not fine_tuning else []),
        *(["make it smaller (--set net.layers=64,64)"] if small else []),
        *(["transpose while training (--set training.transpose=-5,6)"] if transposable else []),
        "drop more (--set training.dropout=0.6)",
    ]
    return f"{', '.join(advice[:-1])}, or {advice[-1]}."


def warnings(
    results: Mapping[str, int],
    main_cause: str,
    duplicates: str,
    kinds: Mapping[str, KindStats],
    trained: Callable[[str], str | None],
) -> Iterator[str]:
    """All warnings; one about a kind is prefixed with it where there are several.

    `main_cause` is the most frequent cause among the pieces without sequences; `trained` names a bundle of a
    family, or None.
    """
    yield from _few_pieces_used(results, main_cause)
    for kind, stats in kinds.items():
        prefix = f"{kind}: " if len(kinds) > 1 else ""
        yield from (prefix + words for words in _of_kind(stats, duplicates, trained))


def _of_kind(stats: KindStats, duplicates: str, trained: Callable[[str], str | None]) -> Iterator[str]:
    if not stats.sequences:
        yield "There is not one sequence of this kind: see the reasons in the ledger."
        return
    yield from _few_groups(stats, trained)
    yield from _large_group(stats)
    yield from _many_repeats(stats, duplicates)
    if stats.duplicate_counts.get(_CROSS_SPLIT, 0) > _SMALL_SHARE * stats.sequences:
        yield (
            f"{stats.duplicate_counts[_CROSS_SPLIT]} sequences were left out because they resemble pieces in "
            "another split: give pieces that belong together one group in a MANIFEST.tsv."
        )
    if stats.too_wide:
        yield (
            f"{stats.too_wide} sequences have bars of over {MAX_STEPS_PER_BAR} steps: training leaves them "
            "out."
        )
    if empty := [name for name in SPLITS if not stats.splits[name].sequences]:
        yield f"Nothing stands in the split {' and '.join(empty)}: add pieces until each has some."


def _few_pieces_used(results: Mapping[str, int], cause: str) -> Iterator[str]:
    music = sum(results.get(result, 0) for result in _MUSIC_RESULTS)
    without = results.get("nothing", 0) + results.get("unreadable", 0)
    if without > _LARGE_SHARE * music:
        every = [*_ADVICE, *(remedy for kind in KINDS.things() for remedy in kind.remedies)]
        remedy = next((advice for words, advice in every if words in cause), "see the ledger")
        yield (
            f"Nothing came of {without} of {music} pieces, most often because: {cause}. "
            f"To change that: {remedy}."
        )


def _few_groups(stats: KindStats, trained: Callable[[str], str | None]) -> Iterator[str]:
    if stats.groups >= FEW_GROUPS:
        return
    name = recipe_for(stats.kind)
    recipe = RECIPES.find(name) if name else None
    advice = small_corpus_advice(recipe, trained(recipe.family)) if recipe else "Add music."
    yield f"Only {stats.groups} groups of pieces: a net will soon know them by heart. {advice}"


def _large_group(stats: KindStats) -> Iterator[str]:
    share = stats.largest_group / max(stats.pieces, 1)
    if share > _LARGE_SHARE and stats.groups > 1:
        yield (
            f"{share:.0%} of all pieces are one group and stand in one split: check the names, or give "
            "groups in a MANIFEST.tsv."
        )


def _many_repeats(stats: KindStats, duplicates: str) -> Iterator[str]:
    repeats = sum(n for word, n in stats.duplicate_counts.items() if word != _CROSS_SPLIT)
    if duplicates != "drop" and repeats > _LARGE_SHARE * stats.sequences:
        yield (
            f"{repeats} of {stats.sequences} sequences repeat others and weigh more for it: --duplicates "
            "drop leaves them out."
        )
