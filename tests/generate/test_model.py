"""Real nets in real bundles, from Python: loading, the same music in a batch, records that make it again."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import antiphon
from antiphon import recipes
from antiphon.codecs.timing import Bars
from antiphon.errors import AntiphonError, BundleError, FormatError, NameNotFound
from antiphon.generate.model import Model, again
from antiphon.runtime import bundle as bundles
from antiphon.runtime.bundle import Bundle

TUNE = [62, -2, 66, -2, 69, -2, 67, -2, 73, -2, -1, -2]
Real = Callable[[str], Bundle]


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_a_real_batch_equals_its_members(real_bundle: Real, name: str) -> None:
    model = Model(real_bundle(name))
    prompt = model.generate(bars=1, seed=8)[0].music
    batch = model.generate(prompt, bars=3, n=6, seed=3)
    for output, piece in enumerate(batch):
        (alone,) = model.generate(prompt, bars=3, outputs=[output], seed=3)
        assert piece.sequence == alone.sequence
        assert np.allclose(piece.log_p, alone.log_p, atol=1e-5)
    recipe = model.bundle.recipe
    streamed = [s.event for s in model.stream(prompt, seed=3, output=4, bars=3)]
    ids = [recipe.events.ids(event, recipe.view) for event in streamed]
    assert np.array_equal(ids, batch[4].ids[len(prompt.ids) :])


@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_likelihood_equals_the_nets_own(real_bundle: Real, name: str) -> None:
    torch = pytest.importorskip("torch")
    from antiphon import nets

    bundle = real_bundle(name)
    net = nets.build(bundle.recipe).eval()
    net.load_state_dict({key: torch.from_numpy(value) for key, value in bundle.weights().items()})
    (piece,) = Model(bundle).generate(meter="3/4", bars=4, seed=1, temperature=1.3, top_k=20)
    place = Bars.of(0, piece.music.steps_per_bar).at(bundle.alphabet.times(piece.ids)[None])
    ids = torch.from_numpy(piece.ids)[None]
    with torch.no_grad():
        scores = net.likelihoods(nets.EventBatch(ids, torch.tensor([ids.shape[1]]), torch.from_numpy(place)))
    assert np.allclose(piece.log_p, -scores.event_nll[0].numpy(), atol=2e-4)


def test_a_record_makes_the_piece_again(real_bundle: Real, tmp_path: Path) -> None:
    path = tmp_path / "mine.antiphon"
    bundles.write(path, real_bundle("melody/lookback"))
    piece = antiphon.load(path).generate(
        TUNE, n=4, seed=5, bars=4, key="G", temperature=0.8, program="flute"
    )[3]
    piece.save(tmp_path / "a.mid")
    piece.save_record(tmp_path / "a.json")
    remade = again(tmp_path / "a.json", path)
    remade.save(tmp_path / "b.mid")
    assert remade.record == piece.record == json.loads((tmp_path / "a.json").read_text())
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    back = antiphon.read(tmp_path / "a.mid")
    assert np.array_equal(back.notes.pitch, piece.score.notes.pitch)


def test_a_record_of_another_bundle_is_refused(real_bundle: Real, tmp_path: Path) -> None:
    path = tmp_path / "other.antiphon"
    bundles.write(path, real_bundle("melody/mono"))
    Model(real_bundle("melody/basic")).generate(bars=1, seed=5)[0].save_record(tmp_path / "a.json")
    with pytest.raises(BundleError, match="another version"):
        again(tmp_path / "a.json", path)


ODD = (None, [], {}, "x", -1, 10**9, 10**400, 1.5, float("nan"), float("inf"), True, 0, [[1]])


@pytest.mark.parametrize("group", ["", "options", "primer", "bundle"])
def test_a_record_from_a_stranger_is_used_or_refused_in_one_line(
    group: str, real_bundle: Real, tmp_path: Path
) -> None:
    bundle_file, file = tmp_path / "b.antiphon", tmp_path / "a.json"
    bundles.write(bundle_file, real_bundle("melody/basic"))
    Model(real_bundle("melody/basic")).generate([60, -2], bars=1, seed=5)[0].save_record(file)
    whole = json.loads(file.read_text())
    tried = 0
    for name in whole[group] if group else whole:
        for odd in ODD:
            record = json.loads(json.dumps(whole))
            (record[group] if group else record)[name] = odd
            file.write_text(json.dumps(record))
            with contextlib.suppress(AntiphonError):
                again(file, bundle_file)
            tried += 1
    assert tried >= 2 * len(ODD)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"bundle": 3}', '{"bundle": {"name": "x"', "\x00"])
def test_what_is_no_record(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FormatError, match=r"a\.json"):
        again(tmp_path / "a.json")


def test_a_piece_can_be_continued_as_the_model_heard_it(real_bundle: Real) -> None:
    model = Model(real_bundle("melody/attention"))
    first = model.generate(bars=2, seed=1, key="Ab")[0]
    more = model.generate(first.music, bars=4, seed=1, key="Ab")[0]
    assert np.array_equal(more.sequence.events[:32], first.sequence.events)
    assert more.back == first.back


def test_streams_from_nothing_and_unknown_names(real_bundle: Real) -> None:
    model = Model(real_bundle("melody/basic"))
    soundings = list(islice(model.stream(seed=2), 300))
    assert soundings[0].event >= 0
    with pytest.raises(NameNotFound, match="bundle"):
        antiphon.load("melody/atention")


def test_a_primer_can_be_a_path(real_bundle: Real, tmp_path: Path) -> None:
    model = Model(real_bundle("melody/basic"))
    model.generate(bars=1, seed=1)[0].save(tmp_path / "a.mid")
    assert model.generate(tmp_path / "a.mid", bars=2, seed=1)[0].primer_end > 0
    with pytest.raises(FormatError, match="nothing"):
        model.generate(str(tmp_path / "nothing.mid"))


def test_import_is_light_and_complete() -> None:
    code = (
        "import sys, antiphon; print('numpy' in sys.modules);"
        "print(all(getattr(antiphon, name) is not None for name in dir(antiphon)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        antiphon.nonsense  # noqa: B018


def test_playing_imports_no_torch_and_no_matplotlib(real_bundle: Real, tmp_path: Path) -> None:
    bundles.write(tmp_path / "a.antiphon", real_bundle("melody/basic"))
    code = (
        "import sys, antiphon; antiphon.load('a.antiphon').generate(bars=1)[0].save('a.mid');"
        "print([m for m in ('torch', 'matplotlib', 'soundfile', 'typer') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
