"""Torch modules of the package: features with a label of their own, a body with rings, a head that draws."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from antiphon.nets.features import EventBatch, Heard, Moment, State
from antiphon.nets.head import CategoricalHead, HeadLoss, Said


class AgainFeatures(nn.Module):
    """Inputs: bell, wait and the last bell struck, one-hot, and the place in the bar. Labels: of each field
    its ids, and after the bells' one more, "the bell that was struck last"."""

    own_labels = True
    needs_position = True
    default_label = (0, 0)

    def __init__(self, recipe: Any, codec: Any) -> None:
        super().__init__()
        self.sizes = recipe.alphabet.sizes
        self.width = 2 * self.sizes[0] + self.sizes[1] + 1
        self.label_sizes = (self.sizes[0] + 1, self.sizes[1])

    def sequence(self, batch: EventBatch) -> Moment:
        bell = batch.events[..., 0]
        place = torch.arange(bell.shape[1], device=bell.device) * (bell > 0)
        newest = place.cummax(1).values
        last = bell.gather(1, newest)
        before = functional.pad(last, (1, 0))[:, :-1]
        return self._moment(batch.events, batch.position, before, last)

    def initial_state(self, batch: int) -> State:
        return {"struck": torch.zeros(batch, dtype=torch.int64)}

    def step(self, heard: Heard, state: State) -> Moment:
        bell, before = heard.event[:, 0], state["struck"]
        return self._moment(heard.event, heard.position, before, torch.where(bell > 0, bell, before))

    def _moment(self, events: Tensor, position: Tensor, before: Tensor, last: Tensor) -> Moment:
        bell, wait = events[..., 0], events[..., 1]
        again = (bell > 0) & (bell == before)
        label = torch.stack([torch.where(again, self.sizes[0], bell), wait], -1)
        eye = torch.eye(max(self.sizes), device=events.device)
        shown = [
            functional.embedding(x, eye)[..., :n] for x, n in ((bell, self.sizes[0]), (wait, self.sizes[1]))
        ]
        shown.append(functional.embedding(last, eye)[..., : self.sizes[0]])
        place = position[..., :1] / position[..., 1:].clamp(min=1)
        return Moment(torch.cat([*shown, place], -1), label, last[..., None], {"struck": last})

    def fold(self, label_log_p: Tensor, copies: Tensor) -> Tensor:
        n = self.sizes[0]
        bells, again, waits = torch.split(label_log_p, [n, 1, self.sizes[1]], -1)
        both = torch.maximum(bells.gather(-1, copies), again)
        total = (bells.gather(-1, copies) - both).exp() + (again - both).exp()
        return torch.cat([bells.scatter(-1, copies, both + total.log()), waits], -1)


class EchoNet(nn.Module):
    """One layer of attention over the last `length` events; the order of memories does not matter."""

    rings = ("keys", "values")

    def __init__(self, width: int, net: Any, dropout: float) -> None:
        super().__init__()
        self.size, self.length, self.dropout = 2 * net.size, net.length, dropout
        self.inner = nn.Linear(width, net.size)
        self.query, self.key, self.value = (nn.Linear(net.size, net.size) for _ in range(3))

    def _attend(self, query: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Tensor:
        """[B, D] of queries [B, D], memories [B, L, D] and which of them there are, bool [B, L]."""
        scores = (keys @ query[..., None])[..., 0] / math.sqrt(query.shape[-1])
        weights = scores.masked_fill(~seen, -1e9).softmax(-1)
        return (weights[:, None] @ values)[:, 0]

    def sequence(self, x: Tensor, initial: State | None = None) -> Tensor:
        h = self.inner(x).tanh().transpose(0, 1)
        q, k, v = self.query(h), self.key(h), self.value(h)
        T = h.shape[1]
        age = torch.arange(T, device=x.device)[:, None] - torch.arange(T, device=x.device)
        scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
        weights = scores.masked_fill((age < 0) | (age >= self.length), -1e9).softmax(-1)
        y = torch.cat([h, weights @ v], -1).transpose(0, 1)
        return functional.dropout(y, self.dropout) if self.training else y

    def initial_state(self, batch: int) -> State:
        memory = torch.zeros(batch, self.length, self.size // 2)
        return {"keys": memory, "values": memory.clone(), "heard": torch.zeros(batch, dtype=torch.int64)}

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        h, heard = self.inner(x).tanh(), state["heard"]
        slot = (heard % self.length)[:, None, None].expand(-1, 1, h.shape[-1])
        keys = state["keys"].scatter(1, slot, self.key(h)[:, None])
        values = state["values"].scatter(1, slot, self.value(h)[:, None])
        seen = torch.arange(self.length) <= heard[:, None]
        y = torch.cat([h, self._attend(self.query(h), keys, values, seen)], -1)
        return y, {"keys": keys, "values": values, "heard": heard + 1}

    def prefill(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Many events at once, from nothing."""
        h = self.inner(x).tanh().transpose(0, 1)
        newest = h.shape[1] - 1
        place = newest - (newest - torch.arange(self.length)) % self.length
        index = place.clamp(min=0)[None, :, None].expand(h.shape[0], -1, h.shape[2])
        there = (place >= 0)[None, :, None]
        keys, values = (f(h).gather(1, index) * there for f in (self.key, self.value))
        y = torch.cat([h[:, -1], self._attend(self.query(h[:, -1]), keys, values, there[..., 0])], -1)
        return y, {"keys": keys, "values": values, "heard": state["heard"] + newest + 1}


class TouchHead(CategoricalHead):
    """See `antiphon_bells.parts.Touch`."""

    n_uniform = 2

    def __init__(self, width: int, sizes: tuple[int, ...], part: Any = None) -> None:
        super().__init__(width, sizes)
        self.touch = nn.Linear(width, 2)

    def loss(self, hidden: Tensor, label: Tensor, value: Tensor | None, step: int) -> HeadLoss:
        plain = super().loss(hidden, label, None, step)
        assert value is not None
        mean, log_scale = self.touch(hidden).split(1, -1)
        gentle = min(1.0, step / 10)  # the strength comes in little by little
        felt = (0.5 * ((value - mean) / log_scale.exp()) ** 2 + log_scale).sum()
        return HeadLoss(plain.total + gentle * felt, plain.labels, plain.right, {"touch": felt.detach()})

    def step(self, hidden: Tensor, temperature: Tensor, uniform: Tensor | None) -> Said:
        said = super().step(hidden, temperature, None)
        assert uniform is not None
        mean, log_scale = self.touch(hidden).split(1, -1)
        normal = (-2 * uniform[:, :1].log()).sqrt() * (2 * math.pi * uniform[:, 1:]).cos()
        return said._replace(value=mean + log_scale.exp() * temperature[:, None] * normal)
