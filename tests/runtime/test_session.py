"""Sessions: forks are the same music made alone, changes on the way change what is to come only, rules hold
whatever is heard, proposed and forked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from antiphon import recipes
from antiphon.codecs.alphabet import Alphabet, Field, Span, single
from antiphon.codecs.rules import Automaton, Until, only
from antiphon.codecs.timing import Bars
from antiphon.errors import InputError, OptionError
from antiphon.runtime.bundle import Bundle, find
from antiphon.runtime.graph import StepInput, StepOutput
from antiphon.runtime.philox import Draws
from antiphon.runtime.player import Player
from antiphon.runtime.sampling_options import Sampling
from antiphon.runtime.session import Session

BARS = Bars.of(0, 16)


@dataclass
class Nothing:
    n: int

    def take(self, rows: np.ndarray) -> Nothing:
        return Nothing(len(rows))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(find("melody/lookback"))


@pytest.fixture(scope="module")
def player(bundle: Bundle) -> Player:
    return Player(bundle)


def started(player: Player, n: int = 1, **options: object) -> Session:
    """A session that keeps to the grammar."""
    bundle = player.bundle
    rules = bundle.recipe.events.grammar(bundle.alphabet)
    return Session(player, bundle.opening, BARS, n, rules=rules, **options)  # type: ignore[arg-type]


def played(session: Session, n: int) -> np.ndarray:
    """The next n events of each row, [B, n, F]."""
    return np.stack([session.step() for _ in range(n)], axis=1)


# forks ------------------------------------------------------------------------------------------------------


def test_forks_diverge_and_each_is_the_same_music_made_alone(player: Player) -> None:
    stem = started(player, seed=7)
    beginning = played(stem, 21)[0]
    forks = [stem.fork(outputs=[output]) for output in range(12)]
    together = stem.fork(np.zeros(12, np.int64), outputs=range(12))
    ends = [played(fork, 43)[0] for fork in forks]
    assert len({end.tobytes() for end in ends}) == 12
    assert np.array_equal(played(together, 43), np.stack(ends))
    for output, end in enumerate(ends):
        alone = started(player, seed=7, outputs=[output])
        for event in beginning:
            alone.hear(event[None])
        assert np.array_equal(played(alone, 43)[0], end)
    assert np.array_equal(played(stem, 43)[0], ends[0]), "the stem is not disturbed by its forks"


def test_a_fork_that_keeps_its_output_goes_on_as_the_stem(player: Player) -> None:
    stem = started(player, 3, seed=1)
    played(stem, 9)
    stem.propose()
    fork = stem.fork([2, 0])
    assert np.array_equal(played(fork, 20), played(stem, 20)[[2, 0]])


def test_a_fork_made_before_anything_was_drawn_keeps_its_outputs(player: Player) -> None:
    fork = started(player, 3, seed=1, outputs=[4, 5, 6]).fork([2, 0]).fork([1, 0])
    for row, output in enumerate([4, 6]):
        alone = started(player, seed=1, outputs=[output])
        assert np.array_equal(played(alone, 20)[0], played(fork.fork([row]), 20)[0])


def test_rows_are_the_same_alone_and_in_company(player: Player) -> None:
    together = played(started(player, 6, seed=5), 40)
    for output in range(6):
        alone = played(started(player, seed=5, outputs=[output]), 40)
        assert np.array_equal(alone[0], together[output])


# what may change on the way ---------------------------------------------------------------------------------


def test_a_temperature_changed_mid_stream_changes_later_events_only(player: Player) -> None:
    plain, changed = started(player, seed=3), started(player, seed=3)
    before = played(plain, 20), played(changed, 20)
    assert np.array_equal(*before)
    changed.propose()  # asked for already; the change still counts
    cool = changed.log_p
    changed.temperature = 2.5
    assert not np.array_equal(changed.log_p, cool)
    hot = played(changed, 60)
    assert not np.array_equal(hot, played(plain, 60))
    again = started(player, seed=3)
    for event in before[0][0]:
        again.hear(event[None])
    again.temperature = 2.5
    assert np.array_equal(played(again, 60), hot)


def test_rows_have_temperatures_of_their_own(player: Player) -> None:
    mixed = started(player, 4, seed=3)
    mixed.temperature = [0, 0.7, 1, 2]
    assert mixed.temperature.tolist() == pytest.approx([0, 0.7, 1, 2])
    events = played(mixed, 40)
    for output, temperature in enumerate([0, 0.7, 1, 2]):
        alone = started(player, seed=3, outputs=[output], sampling=Sampling(temperature))
        assert np.array_equal(played(alone, 40)[0], events[output])
    fork = mixed.fork([3, 0])
    assert fork.temperature.tolist() == pytest.approx([2, 0])


def test_a_session_says_its_temperature_when_all_rows_are_cold(player: Player) -> None:
    session = started(player, 2, sampling=Sampling(0))
    assert session.temperature.tolist() == [0, 0]
    session.temperature = 1.5
    assert session.temperature.tolist() == [1.5, 1.5]
    with pytest.raises(OptionError, match="temperature is -1"):
        session.temperature = -1


def test_limits_hold_from_when_they_were_set(player: Player) -> None:
    session = started(player, 3, seed=2)
    played(session, 16)
    allowed = np.zeros(130, bool)
    allowed[[0, 1, 62]] = True
    session.limit(only(allowed))
    assert set(played(session, 60).flat) <= {0, 1, 62}


class Conditioned:
    """Keeps the control that it is given; says nothing."""

    alphabet = single(Span("note", 3, steps=2, onset=True))
    wants, n_uniform, can_prefill = frozenset({"control"}), 0, False

    def __init__(self) -> None:
        self.given: list[list[list[float]]] = []

    def start(self, n: int) -> Nothing:
        return Nothing(n)

    def step(self, heard: StepInput, state: Nothing, *, keep: bool = True) -> StepOutput:
        assert heard.control is not None
        self.given.append(heard.control.tolist())
        return StepOutput(np.full((len(heard.event), 3), -np.log(3), np.float32), state)

    def prefill(self, heard: StepInput, state: Nothing, *, keep: bool = True) -> StepOutput:
        raise AssertionError("it said that it cannot")


def test_a_control_may_change_at_any_event_and_differ_by_row() -> None:
    player = Conditioned()
    session = Session(
        player, np.full(3, 1 / 3), BARS, 3, control=lambda steps: steps[:, None].astype(np.float32)
    )
    note = np.ones((3, 1), np.int64)
    session.hear(note)
    assert session.log_p.shape == (3, 3)
    assert player.given == [[[2], [2], [2]]], "that of the event to come, two steps on"
    session.control = [[1, 0.5], [2, 0.5], [3, 0.5]]
    _ = session.log_p
    assert player.given[1] == [[1, 0.5], [2, 0.5], [3, 0.5]], "asked again, since it was changed"
    fork = session.fork([2, 0])
    _ = fork.hear(note[:2]), fork.log_p
    assert player.given[-1] == [[3, 0.5], [1, 0.5]]
    fork.control = [9, 9]
    _ = fork.log_p
    assert player.given[-1] == [[9, 9], [9, 9]]
    _ = session.hear(note), session.log_p
    assert player.given[-1] == [[1, 0.5], [2, 0.5], [3, 0.5]], "the stem keeps its own"


# what is heard ----------------------------------------------------------------------------------------------


def test_proposing_changes_nothing_and_stepping_hears_what_was_proposed(player: Player) -> None:
    session = started(player, 2, seed=4)
    for _ in range(12):
        proposed = session.propose()
        assert np.array_equal(session.propose(), proposed)
        assert np.array_equal(session.step(), proposed)
    assert session.n_events == 12
    assert session.time.tolist() == [12, 12]


def test_other_music_than_was_proposed_is_what_counts(player: Player) -> None:
    one, other = started(player, seed=4), started(player, seed=4)
    one.propose()
    for event in (62, 0, 64, 0):
        one.hear(np.array([[event]]))
        other.propose()
        other.hear(np.array([[event]]))
    assert np.array_equal(one.log_p, other.log_p)


def test_unknown_pitches_are_folded_by_octaves_and_said(player: Player) -> None:
    """melody/lookback knows pitches 48 to 83, which are ids 50 to 85."""
    session, plain = started(player, 4), started(player, 4)
    wanted = np.array([[51], [50], [85], [84]])
    heard = session.hear(
        np.array([[39], [38], [97], [120]])
    )  # 37, 36, 95 and 118 are pitches of other octaves
    assert heard.tolist() == wanted.tolist()
    plain.hear(wanted)
    assert np.array_equal(session.log_p, plain.log_p)
    assert session.hear(np.array([[0], [1], [60], [129]]))[:, 0].tolist() == [0, 1, 60, 81]


@pytest.mark.parametrize("event", [-1, 130, 10**12])
def test_what_is_no_event_at_all_is_refused(player: Player, event: int) -> None:
    with pytest.raises(InputError, match=f"{event} is no id of the field 'event'; expected 0 to 129"):
        started(player).hear(np.array([[event]]))


def test_values_of_another_shape_and_forks_of_other_numbers_are_refused(player: Player) -> None:
    session = started(player, 3)
    with pytest.raises(InputError, match=r"values of shape \[3, 2\] for 3 rows of 1 fields and 0 values"):
        session.hear(np.zeros((3, 1), np.int64), np.zeros((3, 2), np.float32))
    assert session.n_events == 0, "nothing was heard"
    with pytest.raises(InputError, match="1 output numbers for 3 rows"):
        session.fork([0, 0, 0], outputs=[5])
    with pytest.raises(OptionError, match=f"output number is {2**63}"):
        session.fork([0], outputs=[2**63])
    assert session.fork([True, False, True]).temperature.shape == (2,)
    session.hear(np.array([[62], [64], [0]], np.int16))
    assert np.isfinite(session.fork([True, False, True]).log_p).any()


def test_events_may_lie_in_memory_as_they_please() -> None:
    """Rows that are columns of another array, or one row seen many times: heard for long, so that the player
    keeps them in buffers."""
    alphabet = CHORDS
    rng = np.random.default_rng(0)
    bells, waits = rng.integers(0, 25, (20, 3)), rng.integers(1, 13, (20, 3))
    player = Noise(alphabet)
    opening = np.concatenate([np.full(25, 1 / 25), np.full(13, 1 / 13)])
    straight, turned = (Session(player, opening, BARS, 3, seed=1) for _ in range(2))
    for bell, wait in zip(bells, waits, strict=True):
        straight.hear(np.ascontiguousarray(np.stack([bell, wait], axis=1)))
        turned.hear(np.stack([bell, wait]).T)
    assert np.array_equal(straight.log_p, turned.log_p)


@pytest.mark.parametrize("shape", [(2, 1), (1, 2), (1,), (0, 1)])
def test_events_of_another_shape_are_refused(player: Player, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="for 1 rows of 1 fields"):
        started(player).hear(np.zeros(shape, np.int64))


# all that is heard ------------------------------------------------------------------------------------------


@dataclass
class Diary:
    """Of each row all that it was told: (event, position, control, value) of each event."""

    rows: list[list[tuple[Any, ...]]]

    def take(self, rows: np.ndarray) -> Diary:
        return Diary([self.rows[row] for row in rows])


class Remembering:
    """Remembers all that it was told, and proposes as numbers of an event those that it draws with."""

    wants, n_uniform, can_prefill = frozenset({"position", "control", "value"}), 1, True

    def __init__(self) -> None:
        self.alphabet = Alphabet(CHORDS.fields, values=("touch",))
        self.prefilled = 0

    def start(self, n: int) -> Diary:
        return Diary([[] for _ in range(n)])

    def step(self, heard: StepInput, state: Diary, *, keep: bool = True) -> StepOutput:
        told = (heard.event, heard.position, heard.control, heard.value)
        rows = [
            [*row, tuple(array[n].tolist() for array in told if array is not None)]
            for n, row in enumerate(state.rows)
        ]
        log_p = np.full((len(rows), self.alphabet.n_events), -3, np.float32)
        return StepOutput(log_p, Diary(rows), drawn=heard.uniform)  # type: ignore[arg-type]

    def prefill(self, heard: StepInput, state: Diary, *, keep: bool = True) -> StepOutput:
        self.prefilled += heard.event.shape[1]
        for t in range(heard.event.shape[1]):
            one = StepInput(
                heard.event[:, t], heard.temperature,
                *(None if a is None else a[:, t] for a in (heard.position, heard.control, heard.value)),
                heard.uniform,
            )  # fmt: skip
            step = self.step(one, state)
            state = step.state  # type: ignore[assignment]
        return step


def by_time(steps: np.ndarray) -> np.ndarray:
    """A control that says which step it is."""
    return steps[:, None].astype(np.float32)


def remembered(n: int = 1, bars: Bars = BARS, **options: Any) -> Session:
    opening = np.concatenate([np.full(25, 1 / 25), np.full(13, 1 / 13)])
    return Session(Remembering(), opening, bars, n, control=by_time, seed=3, **options)


def diary(session: Session) -> list[list[tuple[Any, ...]]]:
    return session.said.state.rows  # type: ignore[attr-defined, no-any-return]


SOME = np.array([[3, 2], [14, 0], [5, 4], [20, 7], [1, 3], [0, 1]])


@pytest.mark.parametrize("control", [by_time, [[1.0], [2.0]]], ids=["by time", "by row"])
@pytest.mark.parametrize("cut", [0, 1, 3, 6])
def test_many_events_are_heard_at_once_as_one_after_the_other(cut: int, control: Any) -> None:
    value = np.arange(6, dtype=np.float32)[:, None]
    one, other = remembered(2, rules=[RISING]), remembered(2, rules=[RISING])
    one.control = other.control = control
    one.hear_all(SOME[:cut], value[:cut])
    one.hear_all(SOME[cut:], value[cut:])
    for event, number in zip(SOME, value, strict=True):
        other.hear(np.stack([event, event]), np.stack([number, number]))
    assert one._player.prefilled == max(cut - 1, 5 * (cut == 0)), "the first that come, but for the last"
    assert diary(one) == diary(other)
    assert [row[0] for row in diary(one)[0]] == SOME.tolist()
    assert (one.n_events, one.time.tolist()) == (other.n_events, other.time.tolist()) == (6, [17, 17])
    assert np.array_equal(played(one, 12), played(other, 12)), "the rules know what was heard"


def test_numbers_that_are_not_told_are_those_that_were_proposed() -> None:
    session = remembered(2)
    session.hear(np.stack([SOME[0]] * 2))
    assert session.heard_value.tolist() == [[0], [0]], "before the first event nothing is proposed"
    proposed = session.value
    assert proposed is not None
    drawn = [Draws(3, [0, 1], 3).at(n) for n in (0, 1)]
    assert np.allclose(proposed, drawn[1][:, 2:]), "the numbers after those that draw the fields"
    assert np.array_equal(session.propose(), session.propose(drawn[1][:, :2]))
    session.hear(np.stack([SOME[1]] * 2))
    assert np.array_equal(session.heard_value, proposed)
    assert [row[1][3] for row in diary(session)] == proposed.tolist()


def test_a_fork_takes_with_it_where_its_rows_stand_and_what_they_heard() -> None:
    stem = remembered(3, bars=Bars.of([0, 3, 1], [16, 12, 6]))
    stem.hear(SOME[:3], np.array([[1], [2], [3]], np.float32))
    fork = stem.fork([2, 0])
    assert diary(fork) == [diary(stem)[row] for row in (2, 0)]
    assert [row[-1] for row in diary(fork)] == [
        ([5, 4], [1, 6], [4.0], [3.0]),
        ([3, 2], [0, 16], [2.0], [1.0]),
    ]
    fork.hear(SOME[:2])
    assert [row[-1][1] for row in diary(fork)] == [[5, 6], [2, 16]]


def test_a_fork_of_another_output_draws_numbers_of_its_own() -> None:
    stem = remembered()
    stem.hear(SOME[:1])
    _ = stem.said
    fork, alone = stem.fork(outputs=[7]), remembered(outputs=[7])
    alone.hear(SOME[:1])
    assert np.array_equal(fork.value, alone.value)
    assert not np.array_equal(fork.value, stem.value)


def test_a_limit_goes_with_every_row_of_a_fork() -> None:
    session = remembered(3)
    session.limit(RISING)
    fork = session.fork([2, 0])
    fork.hear(np.array([[3, 0], [0, 0]]))
    bells = fork.propose(np.full((2, 2), 0.9))[:, 0].tolist()
    assert bells[0] > 12 >= bells[1]


# rules, whatever happens ------------------------------------------------------------------------------------


class Noise:
    """Says anything at all, after the number of rows and the last event."""

    wants, n_uniform, can_prefill = frozenset({"position"}), 0, False

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        rng = np.random.default_rng(1)
        logits = rng.normal(scale=3, size=(97, alphabet.n_events)).astype(np.float32)
        logits[:, ~alphabet.known] = -np.inf
        self.rows = logits - np.log(np.exp(logits).sum(1, keepdims=True))

    def start(self, n: int) -> Nothing:
        return Nothing(n)

    def step(self, heard: StepInput, state: Nothing, *, keep: bool = True) -> StepOutput:
        assert len(heard.event) == state.n
        return StepOutput(self.rows[heard.event.sum(1) % 97], state)

    def prefill(self, heard: StepInput, state: Nothing, *, keep: bool = True) -> StepOutput:
        raise AssertionError("it said that it cannot")


CHORDS = Alphabet(
    (
        Field("note", (Span("none"), Span("pitch", 24, onset=True, pitch=48))),
        Field("length", (Span("none"), Span("steps", 12, steps=1, steps_more=1))),
    )
)
"""Notes of two fields: a pitch, and the time until the next one."""
RISING = Automaton(  # after a note of the lower octave one of the upper, and so on; rests change nothing
    (
        np.array([[True] + [True] * 12 + [False] * 12, [True] + [False] * 12 + [True] * 12]),
        np.ones((2, 13), bool),
    ),
    (
        np.array([[0] + [1] * 12 + [0] * 12, [1] + [1] * 12 + [0] * 12]),
        np.array([[0] * 13, [1] * 13]),
    ),
)
END = 96


Events = list[tuple[int, ...]]


def keeps_melody_rules(history: Events, event: tuple[int, ...]) -> bool:
    """No note-off in silence: written out, over all that a row heard."""
    sounding = False
    for (heard,) in history:
        sounding = heard > 1 or (sounding and heard != 1)
    return event != (1,) or sounding


def keeps_chord_rules(history: Events, event: tuple[int, ...]) -> bool:
    notes = [note for note, _ in history if note]
    upper = bool(notes) and notes[-1] <= 12
    in_time = sum(length for _, length in [*history, event]) <= END
    return in_time and (not event[0] or (event[0] > 12) == upper)


def somebody_plays(rng: np.random.Generator, alphabet: Alphabet, n: int) -> np.ndarray:
    """Events of which no rule was asked; they take no more time than others left."""
    last = (*alphabet.sizes[:-1], 1) if alphabet.n_fields > 1 else alphabet.sizes
    return np.stack([rng.integers(0, size, n) for size in last], axis=1)


def interleaved(session: Session, keeps: Callable[[Events, Any], bool], rng: np.random.Generator) -> int:
    """Random hearing, proposing and forking; what was proposed must be allowed. Gives how many were."""
    histories: list[Events] = [[] for _ in range(len(session))]
    proposals = 0
    for _ in range(int(rng.integers(4, 12))):
        act = rng.integers(4)
        if act == 3:
            rows = rng.integers(0, len(session), rng.integers(1, 4))
            session, histories = session.fork(rows), [list(histories[row]) for row in rows]
            continue
        if act == 2:
            events = session.hear(somebody_plays(rng, session.alphabet, len(session)))
        else:
            events = session.propose()
            proposals += len(events)
            for history, event in zip(histories, events.tolist(), strict=True):
                assert keeps(history, tuple(event)), (history, event)
            if act == 1:
                session.hear(events)
        if act:
            histories = [[*h, tuple(e)] for h, e in zip(histories, events.tolist(), strict=True)]
    return proposals


def test_interleavings_of_hearing_proposing_and_forking_keep_every_rule() -> None:
    rng = np.random.default_rng(2026)
    recipe = recipes.find("melody/basic")
    melody, chords = Noise(recipe.alphabet), Noise(CHORDS)
    proposals = 0
    for n in range(10_000):
        seed, width = int(rng.integers(2**40)), int(rng.integers(1, 4))
        if n % 2:
            rules, player, keeps = recipe.events.grammar(melody.alphabet), melody, keeps_melody_rules
        else:
            rules, player, keeps = [RISING, Until(CHORDS, END)], chords, keeps_chord_rules  # type: ignore[assignment]
        opening = np.concatenate([np.full(size, 1 / size) for size in player.alphabet.sizes])
        session = Session(player, opening, BARS, width, rules=rules, seed=seed)
        proposals += interleaved(session, keeps, rng)
    assert proposals > 60_000


def test_rows_of_uneven_events_stand_at_times_of_their_own() -> None:
    player = Noise(CHORDS)
    opening = np.concatenate([np.full(25, 1 / 25), np.full(13, 1 / 13)])
    session = Session(player, opening, BARS, 5, seed=1)
    events = played(session, 10)
    assert session.time.tolist() == events[..., 1].sum(1).tolist()
    assert len(set(session.time.tolist())) > 1


def test_rules_that_leave_nothing_say_so() -> None:
    player = Noise(single(Span("note", 3, steps=1, onset=True)))
    session = Session(player, np.full(3, 1 / 3), BARS, rules=[only(np.zeros(3, bool))])
    with pytest.raises(OptionError, match="constraints leave no event"):
        session.propose()
