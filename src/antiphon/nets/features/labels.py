"""Labels: what a net is asked for, and how their probabilities become those of events.

Of each field of an alphabet the labels are a group: one for each id that the model knows, in the codec's
order. Where events are one number, a label for each lookback distance may follow, "the event that stood
there". So several labels can mean one event; its probability is their sum."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from antiphon.codecs.alphabet import Alphabet
from antiphon.errors import OptionError
from antiphon.nets.features.features import look_up
from antiphon.nets.features.repeats import Repeats


class Labels(nn.Module):
    """The half of `Features` that speaks of outputs; a codec adds the inputs.

    `order` lists the known ids of a single field in the order of their labels; left out, they rise.
    """

    _label_of_id: Tensor
    _rank: Tensor
    _unknown: Tensor

    def __init__(
        self, alphabet: Alphabet, bars: tuple[int, ...] = (), order: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        if bars and alphabet.steady != 1:
            raise OptionError("Lookback is for music whose every event takes a step; leave out codec.bars.")
        self.alphabet, self.repeats = alphabet, Repeats(bars)
        known = [torch.tensor(field.known.nonzero()[0]) for field in alphabet.fields]
        known = known if order is None else [torch.tensor(order)]
        self.n_plain = tuple(map(len, known))
        self.label_sizes = (*self.n_plain[:-1], self.n_plain[-1] + self.repeats.n)
        self.own_labels = self.repeats.n > 0
        label = torch.cat(
            [_inverse(ids, field.size) for ids, field in zip(known, alphabet.fields, strict=True)]
        )
        first = torch.cat(
            [
                torch.full((f.size,), f_first)
                for f, f_first in zip(alphabet.fields, self._firsts(), strict=True)
            ]
        )
        for f, (ids, field) in enumerate(zip(known, alphabet.fields, strict=True)):
            self.register_buffer(f"_ids{f}", ids, persistent=False)
            self.register_buffer(f"_labels{f}", _inverse(ids, field.size), persistent=False)
        self.register_buffer("_rank", torch.arange(1, self.repeats.n + 1), persistent=False)
        self.register_buffer("_label_of_id", (label + first).clamp(min=0), persistent=False)
        self.register_buffer("_unknown", label < 0, persistent=False)
        self.default_label = tuple(int(self._labels(f)[0]) for f in range(alphabet.n_fields))

    def _firsts(self) -> list[int]:
        """Where each group's labels begin among all."""
        return [sum(self.label_sizes[:f]) for f in range(len(self.label_sizes))]

    def _labels(self, f: int) -> Tensor:
        """Label of each id of a field, -1 for one that the model does not know, int64 [V_f]."""
        found: Tensor = getattr(self, f"_labels{f}")
        return found

    def label(self, events: Tensor, kept: Tensor) -> Tensor:
        """Labels int64 [..., F] of `events` [..., F], given which promises [..., K] to them were `kept`; see
        `Repeats`.

        Of several, that of the farthest distance counts. As in Magenta, "nothing new" before the farthest
        distance has passed counts as a repeat of it.
        """
        fields = [look_up(self._labels(f), events[..., f]) for f in range(self.alphabet.n_fields)]
        if self.repeats.n:
            farthest = (kept.long() * self._rank).amax(-1)
            fields[0] = torch.where(farthest > 0, self.n_plain[0] - 1 + farthest, fields[0])
        return torch.stack(fields, -1)

    def events(self, label: Tensor, copies: Tensor) -> Tensor:
        """Events int64 [..., F] that labels [..., F] mean, given the copies [..., K] of their place."""
        fields = []
        for f in range(self.alphabet.n_fields):
            plain: Tensor = getattr(self, f"_ids{f}")
            meant = torch.cat([plain.expand(*label.shape[:-1], -1), copies], -1)
            fields.append(meant.gather(-1, label[..., f : f + 1])[..., 0])
        return torch.stack(fields, -1)

    def fold(self, label_log_p: Tensor, copies: Tensor) -> Tensor:
        """Log-probabilities [..., V] of the ids of all fields from those of labels [..., L].

        `copies` int64 [..., K] is the event that each repeat label means here. Ids that the model does not
        know get -inf.
        """
        log_p = label_log_p.index_select(-1, self._label_of_id)
        for k in range(self.repeats.n):
            copy = copies[..., k : k + 1]
            repeat = label_log_p[..., self.n_plain[0] + k : self.n_plain[0] + k + 1]
            log_p = log_p.scatter(-1, copy, _log_of_sum(log_p.gather(-1, copy), repeat))
        return log_p.masked_fill(self._unknown, -torch.inf)


def _inverse(ids: Tensor, size: int) -> Tensor:
    """The place of each of `size` ids in `ids`, int64 [size]; -1 for those that are not there."""
    places = torch.full((size,), -1)
    places[ids] = torch.arange(len(ids))
    return places


def _log_of_sum(a: Tensor, b: Tensor) -> Tensor:
    """log(exp(a) + exp(b)), shifted by the greater so that none underflows."""
    top = torch.maximum(a, b)
    return top + ((a - top).exp() + (b - top).exp()).log()
