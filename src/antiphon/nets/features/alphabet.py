"""Labels that name an event outright, and how every label's probability becomes the probability of events.

A codec's labels are `n_plain` labels, one for each event of the view, in the codec's order, then one label
for each lookback distance ("the event that stood there"). Several labels can mean the same event; its
probability is their sum.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.codecs.melody import FIRST_PITCH_ID, N_EVENTS, NO_EVENT_ID, NOTE_OFF_ID
from antiphon.recipes import View

_NOTHING = -1e30
"""Stands for log 0 inside a sum of exponentials, where -inf minus -inf would be NaN."""


class Alphabet(nn.Module):
    """Plain labels of a view: `event_of_label` int64 [n_plain], `label_of_event` int64 [130].

    Labels stand in Magenta's two orders: no-event, note-off, pitches (one-hot codecs), or with
    `pitches_first` pitches, no-event, note-off (key-melody codec). An event outside the view has label -1 and
    probability 0.
    """

    event_of_label: Tensor
    label_of_event: Tensor
    _source: Tensor
    _outside: Tensor

    def __init__(self, view: View, *, pitches_first: bool = False) -> None:
        super().__init__()
        pitches = torch.arange(view.min_pitch, view.max_pitch) + FIRST_PITCH_ID
        others = torch.tensor([NO_EVENT_ID, NOTE_OFF_ID])
        events = torch.cat([pitches, others] if pitches_first else [others, pitches])
        labels = torch.full((N_EVENTS,), -1)
        labels[events] = torch.arange(len(events))
        self.n_plain = len(events)
        self.register_buffer("event_of_label", events, persistent=False)
        self.register_buffer("label_of_event", labels, persistent=False)
        self.register_buffer("_source", labels.clamp(min=0), persistent=False)
        self.register_buffer("_outside", labels < 0, persistent=False)

    def fold(self, label_log_p: Tensor, copies: Tensor) -> Tensor:
        """Log-probabilities of the 130 events [..., 130] from those of labels [..., n_plain + K].

        `copies` int64 [..., K] is the event each lookback label means here. Events outside the view get -inf.
        """
        by_event = label_log_p.index_select(-1, self._source)
        if copies.shape[-1]:
            by_event = _with_copies(by_event, label_log_p[..., self.n_plain :], copies)
        return by_event.masked_fill(self._outside, -torch.inf)


def _with_copies(by_event: Tensor, copy_log_p: Tensor, copies: Tensor) -> Tensor:
    """Log of the summed probabilities, shifted by the greatest of each event so that none underflows."""
    meant = copies[..., None] == torch.arange(N_EVENTS, device=copies.device)
    terms = torch.where(meant, copy_log_p[..., None], _NOTHING)
    terms = torch.cat([by_event[..., None, :], terms], -2)
    top = terms.amax(-2, keepdim=True)
    return ((terms - top).exp().sum(-2, keepdim=True).log() + top).squeeze(-2)
