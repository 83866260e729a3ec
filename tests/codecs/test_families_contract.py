"""What every registered family of events promises, whoever wrote it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from antiphon.codecs.alphabet import Alphabet
from antiphon.codecs.families import FAMILIES
from antiphon.codecs.kinds import KINDS, Standing
from antiphon.codecs.rules import combined
from antiphon.errors import AntiphonError, NameNotFound
from antiphon.recipes import RECIPES, Recipe
from antiphon.score.maps import Meter
from antiphon.score.quantize import quantize

NAMES = sorted(FAMILIES)
VARIANTS = sorted(RECIPES)
STANDING = Standing(Meter(3, 4), steps_per_quarter=4, start_step=24, start_in_bar=8)


@pytest.fixture(params=VARIANTS)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return RECIPES[request.param]


def every_event(alphabet: Alphabet) -> np.ndarray:
    """Each id of each field, the others being 0, int64 [N, F]."""
    rows = [np.zeros((size, alphabet.n_fields), np.int64) for size in alphabet.sizes]
    for f, row in enumerate(rows):
        row[:, f] = np.arange(len(row))
    return np.concatenate(rows)


def test_every_family_has_a_recipe_and_knows_its_name() -> None:
    assert len(NAMES) >= 2
    assert {recipe.family for recipe in RECIPES.things()} == set(NAMES)
    for name in NAMES:
        assert FAMILIES[name].name == name
        assert set(FAMILIES[name].sources) <= set(KINDS)
    with pytest.raises(NameNotFound, match="Did you mean 'melody'"):
        FAMILIES.find("melodys")


def test_a_recipe_learns_from_a_kind_that_its_family_reads(recipe: Recipe) -> None:
    assert recipe.learns_from in recipe.events.sources
    assert recipe.name.startswith(f"{recipe.family}/")


def test_an_alphabet_keeps_its_promises(recipe: Recipe) -> None:
    for field in recipe.alphabet.fields:
        assert field.known[0], "the default event is one that the model knows"
        assert not field.onset[0], "with it nothing begins"
        assert field.known[field.nearest].all()
        assert np.array_equal(field.nearest[field.known], np.flatnonzero(field.known))


def test_an_alphabet_can_be_read_by_anybody(recipe: Recipe) -> None:
    """From its plain values, as the page of the playing contract says."""
    plain = json.loads(json.dumps(recipe.alphabet.as_dict()))
    for field, wanted in zip(plain["fields"], recipe.alphabet.fields, strict=True):
        rows = []
        for span in field["spans"]:
            n, steps, more = span.get("n", 1), span.get("steps", 0), span.get("steps_more", 0)
            low, high = span.get("known", [0, n])
            for k in range(n):
                pitch = span["pitch"] + k if "pitch" in span else -1
                rows.append((steps + k * more, span.get("onset", False), pitch, low <= k < high))
        columns = zip(*rows, strict=True)
        for ours, found in zip(
            (wanted.steps, wanted.onset, wanted.pitch, wanted.known), columns, strict=True
        ):
            assert ours.tolist() == list(found)


def test_sequences_survive_their_ids(recipe: Recipe, walks) -> None:
    family, view = recipe.events, recipe.view
    for ids in walks(recipe, 6, 80):
        sequence = family.decode(ids, STANDING, view)
        assert isinstance(sequence, family.extractor.sequence)
        assert np.array_equal(family.encode(sequence, view), ids)
        assert Standing.of(sequence)[:4] == STANDING[:4]


def test_what_is_no_id_is_refused_in_one_line(recipe: Recipe) -> None:
    for f, size in enumerate(recipe.alphabet.sizes):
        for wrong in (-1, size):
            ids = np.zeros((2, recipe.alphabet.n_fields), np.int64)
            ids[1, f] = wrong
            with pytest.raises(AntiphonError, match=str(wrong)):
                recipe.events.decode(ids, STANDING, recipe.view)


def test_people_read_and_write_events(recipe: Recipe, walks) -> None:
    family, view = recipe.events, recipe.view
    rows = [*every_event(recipe.alphabet), *walks(recipe, 1, 60)[0]]
    events = [family.event(row, view) for row in rows]
    assert [list(family.ids(event, view)) for event in events] == [row.tolist() for row in rows]
    assert family.read(family.text(events), view) == events
    assert "\n" not in family.text(events)


@pytest.mark.parametrize("text", ["?!", "x1", "60 -2 sixty", "kick", "1 2 128", "99999999999999999999"])
def test_what_is_no_event_is_answered_in_one_line(recipe: Recipe, text: str) -> None:
    with pytest.raises(AntiphonError) as caught:
        [recipe.events.ids(event, recipe.view) for event in recipe.events.read(text, recipe.view)]
    assert "\n" not in str(caught.value)


def test_the_grammar_is_followed_by_excerpts_and_silence(recipe: Recipe, walks) -> None:
    family = recipe.events
    for ids in walks(recipe, 6, 120, seed=1):
        for start, stop in ((0, None), (7, 40), (31, None), (119, 120)):
            part = family.excerpt(ids, start, stop)
            assert part.shape == ids[start:stop].shape
            assert obeys(recipe, part)
        silence = family.silence(recipe.alphabet, 8)
        assert recipe.alphabet.steps(silence).sum() == 8
        assert recipe.alphabet.knows(silence)
        assert not recipe.alphabet.onsets(silence).any()


def obeys(recipe: Recipe, ids: np.ndarray) -> bool:
    """Whether the grammar allows all of `ids` [T, F]."""
    for rule in recipe.events.grammar(recipe.alphabet):
        state = rule.begin(1)
        for event in ids:
            for f, number in enumerate(event):
                allowed = rule.allowed(state, f)
                if allowed is not None and not allowed[0, number]:
                    return False
                state = rule.advance(state, f, np.array([number]))
    return True


def test_a_grammar_always_leaves_an_event_that_the_model_knows(recipe: Recipe, walks) -> None:
    """Whatever sounded before, and where a piece opens and ends."""
    alphabet, family = recipe.alphabet, recipe.events
    for f, field in enumerate(alphabet.fields):
        for masks in (family.opening(alphabet), family.after_end(alphabet)):
            assert masks is None or (masks[f] & field.known).any()
    grammar = combined(family.grammar(alphabet))
    for ids in walks(recipe, 3, 60, seed=2):
        states = [rule.begin(1) for rule in grammar]
        for event in ids:
            for f, number in enumerate(event):
                may = alphabet.fields[f].known.copy()
                for rule, state in zip(grammar, states, strict=True):
                    allowed = rule.allowed(state, f)
                    may &= True if allowed is None else allowed[0]
                assert may.any()
                states = [
                    rule.advance(state, f, np.array([number]))
                    for rule, state in zip(grammar, states, strict=True)
                ]


def test_prompts_are_read_from_scores(recipe: Recipe, walks) -> None:
    """A sequence that became a score is found in it again, by the options for prompts."""
    family, view = recipe.events, recipe.view
    ids = walks(recipe, 1, 64, seed=5)[0]
    standing = Standing(Meter(3, 4), *view.grid)
    sequence = family.decode(ids, standing, view)
    options = family.prompt_options(view)
    grid = family.extractor.reading(options, view.grid[0]).grid
    found = family.extractor.extract(quantize(family.extractor.to_score(sequence), grid), options)
    onsets = recipe.alphabet.onsets(ids)
    again = family.encode(found.sequences[0], view)
    n = min(len(again), len(ids))
    assert np.array_equal(recipe.alphabet.onsets(again[:n]), onsets[:n])
    assert not onsets[n:].any()
