"""The conformance file of the playing contract: what it says is what is played here, and what a reader of the
page in another language plays. Run as a program, this file writes it anew.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.codecs.alphabet import Alphabet, Field, Span
from antiphon.codecs.pitches import PitchView, view_shift
from antiphon.codecs.rules import Automaton, first
from antiphon.codecs.timing import Bars
from antiphon.generate import notation
from antiphon.generate.tonality import relative_major, way_to
from antiphon.runtime import sampler
from antiphon.runtime.graph import StepInput, StepOutput
from antiphon.runtime.philox import philox4x32, uniform
from antiphon.runtime.sampler import OPENING_FLOOR
from antiphon.runtime.sampling_options import Sampling
from antiphon.runtime.session import Session

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "conformance.json"
SCRIPT = Path(__file__).with_name("conformance.mjs")

MELODY = Alphabet((Field("event", (Span("hold"), Span("off"), Span("on", 12, onset=True, known=(1, 10)))),))
PAIRS = Alphabet(
    (
        Field("bell", (Span("rest"), Span("strike", 6, onset=True))),
        Field("wait", (Span("none"), Span("steps", 4, steps=1, steps_more=1))),
    )
)
OFF = np.ones((2, 14), bool)
OFF[0, 1] = False
SOUNDING = np.ones((2, 14), np.int64)
SOUNDING[0, 0] = SOUNDING[:, 1] = 0
RESTS_TAKE_TIME = Automaton(
    (np.ones((2, 7), bool), np.array([[True] * 5, [False] + [True] * 4])),
    (np.array([[1] + [0] * 6] * 2), np.zeros((2, 5), np.int64)),
)
SITUATIONS: dict[str, tuple[Alphabet, list[Automaton]]] = {
    "melody": (MELODY, [Automaton((OFF,), (SOUNDING,))]),
    "pairs": (PAIRS, [RESTS_TAKE_TIME]),
}
SETTINGS = [
    Sampling(),
    Sampling(temperature=0.5),
    Sampling(temperature=0),
    Sampling(temperature=1.7),
    Sampling(top_k=1),
    Sampling(top_k=3),
    Sampling(top_k=99),
    Sampling(top_p=0.9),
    Sampling(top_p=0.3),
    Sampling(temperature=1.2, top_k=5, top_p=0.8),
]
N_EVENTS = 12


@dataclass
class Place:
    """What a table remembers: the number of the event, and of the row."""

    event: int
    row: np.ndarray

    def take(self, rows: np.ndarray) -> Place:
        return Place(self.event, self.row[rows])


class Table:
    """Says what is written down, whatever is heard. Some numbers are equal, so that ties are tried."""

    wants, n_uniform, can_prefill = frozenset(), 0, False

    def __init__(self, alphabet: Alphabet, rows: np.ndarray) -> None:
        self.alphabet, self.rows = alphabet, rows

    @classmethod
    def random(cls, alphabet: Alphabet, n: int, temperature: float, seed: int) -> Table:
        rng = np.random.default_rng(seed)
        logits = np.round(rng.normal(scale=2, size=(n, N_EVENTS - 1, alphabet.n_events)), 1)
        logits = np.where(alphabet.known, logits / (temperature or 1), -np.inf)
        for part in alphabet.slices:
            logits[..., part] -= np.logaddexp.reduce(logits[..., part], axis=-1, keepdims=True)
        return cls(alphabet, logits.astype(np.float32))

    def start(self, n: int) -> Place:
        return Place(0, np.arange(n))

    def step(self, heard: StepInput, state: Place, *, keep: bool = True) -> StepOutput:
        after: Any = Place(state.event + 1, state.row)
        return StepOutput(self.rows[state.row, state.event], after)

    def prefill(self, heard: StepInput, state: Place, *, keep: bool = True) -> StepOutput:
        raise AssertionError("it said that it cannot")


def drawn(
    table: Table,
    opening: np.ndarray,
    rules: list[Automaton],
    sampling: Sampling,
    seed: int,
    outputs: list[int],
) -> list[Any]:
    """The events of every output."""
    n = len(outputs)
    session = Session(
        table, opening, Bars.of(0, 16), n, rules=rules, sampling=sampling, seed=seed, outputs=outputs
    )
    return np.stack([session.step() for _ in range(N_EVENTS)], axis=1).tolist()


def situation(name: str, number: int, sampling: Sampling) -> dict[str, Any]:
    alphabet, rules = SITUATIONS[name]
    rng = np.random.default_rng(number)
    seed, outputs = int(rng.integers(0, 2**63)) * 2 + 1, sorted(rng.choice(1000, 2, replace=False).tolist())
    table = Table.random(alphabet, len(outputs), sampling.temperature, number)
    opening = np.round(rng.dirichlet(np.full(alphabet.n_events, 0.5)), 6)
    begins = [field.onset if field.onset.any() else np.ones(field.size, bool) for field in alphabet.fields]
    events = drawn(table, opening, [*rules, first(*begins)], sampling, seed, outputs)
    return {
        "name": name,
        "sizes": list(alphabet.sizes),
        "known": [runs(field.known) for field in alphabet.fields],
        "opening": opening.tolist(),
        "opening_floor": OPENING_FLOOR,
        "rules": [rule.as_dict() for rule in rules],
        "first": [runs(mask) for mask in begins],
        "seed": str(seed),
        "outputs": outputs,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "rows": [
            [[float(str(x)) if np.isfinite(x) else None for x in row] for row in piece]
            for piece in table.rows
        ],
        "events": events,
    }


def runs(mask: np.ndarray) -> list[list[int]]:
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges.reshape(-1, 2).tolist()


def written() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**32, (4, 6)).tolist()
    places = [(0, 0, 0, 0), (1, 2, 3, 4), (2**32, 7, 1000, 5), (2**64 - 1, 2**32 - 1, 65_536, 11)]
    prompts = [([62, 66, 69], 48, 84, 0), ([60], 48, 85, 0), ([60], 60, 97, 0), ([36, 40, 43], 48, 84, 0),
               ([60, 64, 67], 48, 84, 7), ([61, 66, 70, 73], 36, 96, 0), ([60, 62], 48, 84, None),
               ([], 48, 84, 0), ([54], 48, 73, 0), ([90, 92, 95], 48, 84, 0)]  # fmt: skip
    asked = [("D minor", 0, -2), ("Bb", 0, 5), ("E dorian", 0, -24), ("F#", 7, 0), ("C", 0, 17)]
    return {
        "philox": [
            {"counter": w[:4], "key": w[4:], "words": philox4x32(np.array(w[:4]), np.array(w[4:])).tolist()}
            for w in words
        ],
        "uniform": [
            {"seed": str(s), "output": o, "event": e, "field": f, "u": float(uniform(s, o, e, f))}
            for s, o, e, f in places
        ],
        "draws": [
            situation(name, 10 * number + place, sampling)
            for place, name in enumerate(SITUATIONS)
            for number, sampling in enumerate(SETTINGS)
        ],
        "moves": [
            {
                "pitches": pitches, "min_pitch": low, "max_pitch": high, "key": key,
                "semitones": view_shift(np.array(pitches, np.int64), PitchView(low, high, key)),
            }
            for pitches, low, high, key in prompts
        ],
        "ways": [
            {
                "asked": text, "k": relative_major(notation.key(text)), "key": home, "n": near,
                "semitones": way_to(notation.key(text), home, near),
            }
            for text, home, near in asked
        ],
    }  # fmt: skip


def test_the_file_says_what_is_played_here() -> None:
    assert json.loads(FILE.read_text()) == written()


def _ties_dropped(p: np.ndarray, k: int) -> np.ndarray:
    order = np.argsort(-p, axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(p)
    np.put_along_axis(kept, order, np.take_along_axis(p, order, axis=1), axis=1)
    return kept


def _top_p_first(p: np.ndarray, how: Sampling) -> np.ndarray:
    p = sampler._top_p(p, how.top_p) if how.top_p < 1 else p
    return sampler._top_k(p, how.top_k) if 0 < how.top_k < p.shape[1] else p


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("_top_k", _ties_dropped),
        ("_limited", _top_p_first),
        ("_limited", lambda p, how: p),
        ("_top_p", lambda p, share: p),
        ("_inverse_cdf", lambda p, u: (p.cumsum(1) > (1 - u[:, None]) * p.sum(1, keepdims=True)).argmax(1)),
    ],
)
def test_a_rule_of_the_draw_left_out_shows(name: str, other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the file would let a runtime pass that does not know it."""
    monkeypatch.setattr(sampler, name, other)
    assert written()["draws"] != json.loads(FILE.read_text())["draws"]


def test_all_situations_differ() -> None:
    found = json.loads(FILE.read_text())["draws"]
    assert (
        len({json.dumps(case["events"]) for case in found}) == len(found) == len(SITUATIONS) * len(SETTINGS)
    )


def test_a_script_written_from_the_page_draws_the_same() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node")
    done = subprocess.run(
        [node, str(SCRIPT), str(FILE)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    n = len(SITUATIONS) * len(SETTINGS) * 2 * N_EVENTS
    assert f"{n} of {n} events equal" in done.stdout


if __name__ == "__main__":
    FILE.write_text(json.dumps(written(), indent=None, separators=(",", ":")) + "\n")
