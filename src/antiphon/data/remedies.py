"""What is not well with a corpus, and what to do about it, in a line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from antiphon.codecs.kinds import KINDS
from antiphon.data.checkup import Checkup
from antiphon.data.grouping import ASTRIDE, LIKENESS
from antiphon.data.splits import SPLITS
from antiphon.recipes import MAX_STEPS_PER_BAR, RECIPES, Attention, Recipe

FEW_PIECES = 200
"""Below so many groups of pieces a net soon knows the training split by heart."""
_MUCH = 0.25
_SOME = 0.05
_MUSIC = ("used", "duplicate", "nothing", "unreadable")
_ASTRIDE = LIKENESS[ASTRIDE]

_REMEDIES = (
    ("polyphonic", "keep one voice with --polyphony top or bottom, or choose a part with --track"),
    ("shorter than", "allow shorter ones with --min-bars"),
    ("different pitch classes", "allow plainer ones with --min-pitch-classes"),
    ("cut at", "keep more of each with --max-steps 0"),
    ("more than one program", "choose a part with --track, or --set split_parts=true"),
    ("fewer than", "allow shorter ones with --set min_events=8"),
    ("whole number of steps", "choose a finer grid with --steps-per-quarter"),
    ("no chord symbols", "infer them first, or extract another kind"),
)


def recipe_for(kind: str) -> str:
    """A recipe that learns from sequences of `kind`, with attention if there is one; '' for none."""
    fitting = [recipe for recipe in RECIPES.things() if recipe.learns_from == kind]
    attentive = [recipe for recipe in fitting if isinstance(recipe.net, Attention)]
    return next((recipe.name for recipe in [*attentive, *fitting]), "")


def against_few(recipe: Recipe, trained: str | None, *, fine_tuning: bool = False) -> str:
    """What helps where there is little music to train `recipe` on, a sentence; `trained` is a bundle that
    one could begin with."""
    # Where all music is moved to one key, transposing it first changes next to nothing.
    small = hasattr(recipe.net, "layers") and not fine_tuning
    moves = recipe.alphabet.is_pitched and getattr(recipe.view, "key", None) is None
    remedies = [
        "Add music",
        *([f"fine-tune a trained bundle (--from {trained})"] if trained and not fine_tuning else []),
        *(["make it smaller (--set net.layers=64,64)"] if small else []),
        *(["transpose while training (--set training.transpose=-5,6)"] if moves else []),
        "drop more (--set training.dropout=0.6)",
    ]
    return f"{', '.join(remedies[:-1])}, or {remedies[-1]}."


def warnings(
    results: Mapping[str, int],
    main_cause_of_silence: str,
    duplicates: str,
    kinds: Mapping[str, Checkup],
    trained: Callable[[str], str | None],
) -> Iterator[str]:
    """All that is not well; the kind stands before what is about one of several. `trained` names a bundle of
    a family."""
    yield from _lost(results, main_cause_of_silence)
    for kind, checkup in kinds.items():
        prefix = f"{kind}: " if len(kinds) > 1 else ""
        yield from (prefix + words for words in _of_kind(checkup, duplicates, trained))


def _of_kind(checkup: Checkup, duplicates: str, trained: Callable[[str], str | None]) -> Iterator[str]:
    if not checkup.sequences:
        yield "There is not one sequence of this kind: see the reasons in the ledger."
        return
    yield from _few(checkup, trained)
    yield from _lopsided(checkup)
    yield from _repeated(checkup, duplicates)
    if checkup.likeness.get(_ASTRIDE, 0) > _SOME * checkup.sequences:
        yield (
            f"{checkup.likeness[_ASTRIDE]} sequences were left out because they resemble pieces in another "
            "split: give pieces that belong together one group in a MANIFEST.tsv."
        )
    if checkup.too_wide:
        yield (
            f"{checkup.too_wide} sequences have bars of over {MAX_STEPS_PER_BAR} steps: training leaves them "
            "out."
        )
    if empty := [name for name in SPLITS if not checkup.splits[name].sequences]:
        yield f"Nothing stands in the split {' and '.join(empty)}: add pieces until each has some."


def _lost(results: Mapping[str, int], cause: str) -> Iterator[str]:
    music = sum(results.get(result, 0) for result in _MUSIC)
    silent = results.get("nothing", 0) + results.get("unreadable", 0)
    if silent > _MUCH * music:
        every = [*_REMEDIES, *(remedy for kind in KINDS.things() for remedy in kind.remedies)]
        remedy = next((advice for words, advice in every if words in cause), "see the ledger")
        yield (
            f"Nothing came of {silent} of {music} pieces, most often because: {cause}. "
            f"To change that: {remedy}."
        )


def _few(checkup: Checkup, trained: Callable[[str], str | None]) -> Iterator[str]:
    if checkup.groups >= FEW_PIECES:
        return
    name = recipe_for(checkup.kind)
    recipe = RECIPES.find(name) if name else None
    advice = against_few(recipe, trained(recipe.family)) if recipe else "Add music."
    yield f"Only {checkup.groups} groups of pieces: a net will soon know them by heart. {advice}"


def _lopsided(checkup: Checkup) -> Iterator[str]:
    share = checkup.largest_group / max(checkup.pieces, 1)
    if share > _MUCH and checkup.groups > 1:
        yield (
            f"{share:.0%} of all pieces are one group and stand in one split: check the names, or give "
            "groups in a MANIFEST.tsv."
        )


def _repeated(checkup: Checkup, duplicates: str) -> Iterator[str]:
    repeats = sum(n for word, n in checkup.likeness.items() if word != _ASTRIDE)
    if duplicates != "drop" and repeats > _MUCH * checkup.sequences:
        yield (
            f"{repeats} of {checkup.sequences} sequences repeat others and weigh more for it: --duplicates "
            "drop leaves them out."
        )
