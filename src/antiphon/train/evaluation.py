"""The validation split's figures, by the net as it trains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import torch

from antiphon.codecs import family
from antiphon.data import batches
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError
from antiphon.evaluate.figures import perplexity
from antiphon.nets import EventModel
from antiphon.recipes import Recipe
from antiphon.train.feed import Indices, tensors
from antiphon.train.processes import Processes
from antiphon.train.tally import share


@dataclass(frozen=True)
class Evaluation:
    """Judges `net` on the sequences `indices`, in float32, each as it stands: not transposed, not cut."""

    net: EventModel
    corpus: Corpus
    indices: Indices
    recipe: Recipe
    device: torch.device
    crew: Processes

    def __call__(self) -> dict[str, float]:
        """Nats a step of events (repeat labels resolved), perplexity and accuracies; labels' figures too.

        Raises `CorpusError` where there is not one step to judge.
        """
        sums = torch.zeros(7, dtype=torch.float64)
        every = batches.whole(self.corpus, self.indices, self.recipe, self.recipe.training.batch_size)
        for batch in islice(every, self.crew.rank, None, self.crew.n):
            sums += self._sums(*tensors(batch, self.device))
        sums = self.crew.total(sums.float().to(self.device)).double().cpu() if self.crew.n > 1 else sums
        return _figures(*sums.tolist())

    @torch.no_grad()
    def _sums(self, events: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        scores = self.net.score(events, *others)
        valid, event = scores.valid, events[:, 1:]
        right = (scores.predicted_event == event)[valid]
        speaks = (event != family(self.recipe.family).default_id)[valid]
        right_label = (scores.predicted_label == scores.label)[valid]
        sums = (
            scores.event_nll[valid].sum(), scores.label_nll[valid].sum(), valid.sum(), right.sum(),
            speaks.sum(), (right & speaks).sum(), right_label.sum(),
        )  # fmt: skip
        return torch.stack([s.cpu().double() for s in sums])


def _figures(
    event_nll: float,
    label_nll: float,
    n: float,
    right: float,
    n_events: float,
    right_events: float,
    right_label: float,
) -> dict[str, float]:
    if not n:
        raise CorpusError("The validation split has not one step to judge; add pieces to the corpus.")
    return {
        "nll_per_step": event_nll / n,
        "perplexity": perplexity(event_nll / n),
        "accuracy": right / n,
        "event_accuracy": share(right_events, n_events),
        "no_event_accuracy": share(right - right_events, n - n_events),
        "label_nll": label_nll / n,
        "label_perplexity": perplexity(label_nll / n),
        "label_accuracy": right_label / n,
    }
