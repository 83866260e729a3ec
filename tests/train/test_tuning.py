"""Fine-tuning a part of a bundle: what moves and what stays."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from antiphon import nets
from antiphon.errors import AntiphonError
from antiphon.recipes import RECIPES
from antiphon.runtime.bundle import Bundle
from antiphon.train import metrics
from antiphon.train.export import export
from antiphon.train.run import train
from antiphon.train.start import Tuning, plain_weights


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, tiny: Any) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    tiny(folder / "run", "melody/attention")
    export(folder / "run", folder / "tune.antiphon")
    return folder / "tune.antiphon"


def _tuned(out: Path, tiny: Any, bundle: Path, **tuning: Any) -> dict[str, torch.Tensor]:
    """Weights of the best of a run of a few steps, whatever they do to the held-out figure."""
    values = {"training.max_steps": "10", "training.evaluate_every": "5", "training.learning_rate": "0.01"}
    falling = itertools.count(9.0, -1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "judged", lambda figures: next(falling))
        train(None, tiny.corpus, out, changes=values, from_bundle=bundle, device="cpu", processes=1, **tuning)
    return load_file(out / "best.safetensors")


def _moved(bundle: Path, weights: dict[str, torch.Tensor]) -> set[str]:
    before = Bundle.open(bundle).weights()
    assert before.keys() == weights.keys(), "a tuned net's weights have the names of any other's"
    return {name for name in before if not torch.equal(torch.from_numpy(before[name]).float(), weights[name])}


@pytest.mark.parametrize("freeze", ["body", "all-but-output"])
def test_what_is_frozen_stays(tmp_path: Path, tiny: Any, bundle: Path, freeze: str) -> None:
    moved = _moved(bundle, _tuned(tmp_path / "run", tiny, bundle, freeze=freeze))
    assert moved == {"output.kernel", "output.bias"}


def test_low_rank_moves_matrices_by_no_more_than_its_rank(tmp_path: Path, tiny: Any, bundle: Path) -> None:
    weights = _tuned(tmp_path / "run", tiny, bundle, low_rank=2)
    before = Bundle.open(bundle).weights()
    kernels = [
        name for name in _moved(bundle, weights) if name.startswith("body.") and weights[name].dim() == 2
    ]
    assert len(kernels) > 3
    for name in kernels:
        change = weights[name] - torch.from_numpy(before[name]).float()
        assert torch.linalg.matrix_rank(change, rtol=1e-3) <= 2, name
    tuned = export(tmp_path / "run", tmp_path / "tuned.antiphon")
    assert tuned.provenance["from"]["rank"] == 2


def test_low_rank_goes_on_where_it_stopped(tmp_path: Path, tiny: Any, bundle: Path) -> None:
    """With two processes, from a checkpoint in the middle, to the bytes of a run without a stop."""
    from antiphon.train.loop import Loop

    values = {"training.max_steps": "10", "training.evaluate_every": "5"}
    given: Any = {"changes": values, "from_bundle": bundle, "device": "cpu", "processes": 2, "low_rank": 2}
    evaluate = Loop.evaluate

    def stop(self: Loop) -> None:
        evaluate(self)
        if self.state.step == 5:
            self.save()
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "evaluate", stop)
        with pytest.raises(KeyboardInterrupt):
            train(None, tiny.corpus, tmp_path / "run", **given)
    train(None, tiny.corpus, tmp_path / "run", **given)
    train(None, tiny.corpus, tmp_path / "whole", **given)
    for name in ("last.safetensors", "best.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_low_rank_changes_nothing_at_first(name: str) -> None:
    torch.manual_seed(0)
    net = nets.build(RECIPES[name])
    before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    after = plain_weights(Tuning(rank=4).apply(net))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert any(".parametrizations." in key for key in net.state_dict())


@pytest.mark.parametrize(
    ("tuning", "said"),
    [
        ({"freeze": "bodi"}, "Did you mean 'body'"),
        ({"freeze": "body", "low_rank": 4}, "exclude each other"),
        ({"low_rank": 0}, "expected 1 or more"),
    ],
)
def test_mistakes_are_told(
    tmp_path: Path, tiny: Any, bundle: Path, tuning: dict[str, Any], said: str
) -> None:
    with pytest.raises(AntiphonError, match=said):
        _tuned(tmp_path / "run", tiny, bundle, **tuning)


def test_parts_are_frozen_when_fine_tuning_only(tmp_path: Path, tiny: Any) -> None:
    with pytest.raises(AntiphonError, match="--low-rank is for fine-tuning: name a bundle with --from"):
        train("melody/basic", tiny.corpus, tmp_path / "run", low_rank=4)
