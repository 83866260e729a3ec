"""Attention round one LSTM layer over whole sequences, with a gradient written by hand.

Autograd spends most of such a recurrence on bookkeeping and keeps a [length, B, size] block of every step.
Here every memory row is multiplied by the memory kernel once, blocks are made anew on the way back instead of
kept, and the weights' gradients are one large product after the loop. All buffers are time first, so that the
window of past rows is a slice.

tanh(a + b) = 1 - 2 r with r = 1 / (1 + exp(2a) exp(2b)): the exponentials belong to the memory row and to the
query alone, so that no transcendental function is left in the block. The constant drops out of the softmax:
score = -2 v . r. Exponents are bounded, which matters only where a row and a query beyond 30 would cancel
each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from antiphon.nets.dense import Dense
from antiphon.nets.lstm import LSTMCell

_BOUND = 80.0
"""exp of it is finite in single precision, and its inverse not 0."""

_GATES = (3, 0, 2, 1)
"""Our order of the gates i, j, f, o: o, i, f, j. The sigmoids stand together, and so do those that feed c."""


class AttendingCell(Protocol):
    """What of an attention cell the recurrence reads; see `antiphon.nets.attention.AttentionCell`."""

    inputs: int
    size: int
    length: int
    input: Dense
    query: Dense
    memory: nn.Parameter
    score: nn.Parameter
    output: Dense

    def lstms(self) -> list[LSTMCell]:
        """The layers inside, of which there must be one."""
        ...


def attend(cell: AttendingCell, x: Tensor) -> Tensor:
    """Outputs [T, B, size] of `cell`, which holds one LSTM layer, for inputs [T, B, inputs] from the zero
    state.

    Linear maps that follow one another without anything between are multiplied out first, once a call. Single
    precision even where the rest of the net is in half.
    """
    with torch.autocast(x.device.type, enabled=False):
        return _attend(cell, x.to(cell.score.dtype))


def _attend(cell: AttendingCell, x: Tensor) -> Tensor:
    (lstm,) = cell.lstms()
    n, A = cell.inputs, cell.size
    of_x, of_attended = torch.split(cell.input.kernel, [n, A])  # [n, n], [A, n]
    of_u, of_h = torch.split(_reordered(lstm.kernel), [n, A])  # [n, 4A], [A, 4A]
    bias = cell.input.bias @ of_u + _reordered(lstm.bias[None])[0]  # [4A]
    entry = (of_x @ of_u, bias + _forget_bias(bias))  # [n, 4A], [4A]
    recurrent = torch.cat([of_h, of_attended @ of_u])  # [2A, 4A]
    twice = 2 * cell.memory  # [A, A]
    project = torch.cat([cell.output.kernel, cell.output.kernel @ twice], 1)  # [2A, 2A]
    project_bias = torch.cat([cell.output.bias, cell.output.bias @ twice])  # [2A]
    query = (2 * cell.query.kernel, 2 * cell.query.bias)  # [2A, A], [A]
    run = cast(Callable[..., Tensor], _Attend.apply)
    return run(x, *entry, recurrent, *query, project, project_bias, -2 * cell.score, cell.length)


def _forget_bias(like: Tensor) -> Tensor:
    """What is added to the gates o, i, f, j: 1 to f."""
    return torch.tensor([0.0, 0, 1, 0]).to(like).repeat_interleave(len(like) // 4)


def _reordered(kernel: Tensor) -> Tensor:
    """Columns i, j, f, o -> o, i, f, j."""
    return kernel.view(len(kernel), 4, -1)[:, _GATES].flatten(1)


class _Attend(torch.autograd.Function):
    """x [T, B, n], entry [n, 4A] of x to the gates, recurrent [2A, 4A] of [h, a], query [2A, A] of [c, h],
    project [2A, 2A] of [h, a].

    `query` and the second half of `project` give exponents, that is twice the summands of the tanh; `v` is -2
    score. Gives y [T, B, A].
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        entry: Tensor,
        bias: Tensor,
        recurrent: Tensor,
        query: Tensor,
        query_bias: Tensor,
        project: Tensor,
        project_bias: Tensor,
        v: Tensor,
        length: int,
    ) -> Tensor:
        T, B, A = x.shape[0], x.shape[1], v.shape[0]
        new = x.new_empty
        states = new(T + 1, B, 3 * A)  # c, h and a before each step
        states[0] = 0
        rows, exp_rows = x.new_zeros(T + length, B, A), x.new_ones(T + length, B, A)
        gates = torch.addmm(bias, x.flatten(0, 1), entry).view(T, B, 4 * A)  # of x alone until their step
        tanh_c, exp_query, weights = new(T, B, A), new(T, B, A), new(T, length, B)
        block, scores, made, one = new(length, B, A), new(length * B), new(B, 2 * A), x.new_ones(1)

        # A view of every step is made once: indexing costs as much as a small operation.
        c, h, a = (part.unbind() for part in torch.split(states, A, 2))  # each T + 1 times [B, A]
        ch, ha = states[:, :, : 2 * A].unbind(), states[:, :, A:].unbind()  # T + 1 times [B, 2A]
        o, i, f, j = (part.unbind() for part in torch.split(gates, A, 2))  # T times [B, A]
        sigmoids = gates[:, :, : 3 * A].unbind()  # T times [B, 3A]
        past, exp_past = _windows(rows, length), _windows(exp_rows, length)  # T + 1 times [length, B, A]
        next_row, next_exponent = rows[length:].unbind(), exp_rows[length:].unbind()  # T times [B, A]
        exp_queries, weights_of = exp_query.unbind(), weights.unbind()  # T times [B, A], [length, B]
        columns = weights.unsqueeze(3).unbind()  # T times [length, B, 1]
        tanhs = tanh_c.unbind()  # T times [B, A]
        flat_block, square_scores = block.view(-1, A), scores.view(length, B)
        row, exponent = torch.split(made, A, 1)  # [B, A] each
        for t, gates_of in enumerate(gates.unbind()):
            gates_of.addmm_(ha[t], recurrent)
            sigmoids[t].sigmoid_()
            j[t].tanh_()
            torch.mul(c[t], f[t], out=c[t + 1]).addcmul_(i[t], j[t])
            torch.mul(torch.tanh(c[t + 1], out=tanhs[t]), o[t], out=h[t + 1])
            asked = torch.addmm(query_bias, ch[t + 1], query, out=exp_queries[t])  # [B, A]
            asked.clamp_(-_BOUND, _BOUND).exp_()
            torch.addcmul(one, exp_past[t], asked, out=block).reciprocal_()
            torch.mv(flat_block, v, out=scores)
            torch.softmax(square_scores, 0, out=weights_of[t])
            torch.sum(torch.mul(past[t], columns[t], out=block), 0, out=a[t + 1])
            torch.addmm(project_bias, ha[t + 1], project, out=made)
            next_row[t].copy_(row)
            torch.clamp(exponent, -_BOUND, _BOUND, out=next_exponent[t]).exp_()
        ctx.save_for_backward(
            x, entry, recurrent, query, project, v, states, rows, exp_rows, gates, tanh_c, exp_query, weights
        )  # fmt: skip
        ctx.length = length
        return rows[length:].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *d_outputs: Tensor) -> tuple[Tensor | None, ...]:
        x, entry, recurrent, query, project, v, states, rows, exp_rows, gates, tanh_c, exp_query, weights = (
            ctx.saved_tensors
        )
        (d_y,), length = d_outputs, ctx.length
        T, B, A = d_y.shape
        d_query = d_y.new_empty(T, B, A)
        d_rows, d_exponents = d_y.new_zeros(T + length, B, A), d_y.new_zeros(T + length, B, A)
        d_rows[length:] = d_y
        # What exponents and queries gather lacks the factor -v; it is put into the matrices they meet.
        from_row, from_exponent = project[:, :A].t(), (project[:, A:] * -v).t()  # [A, 2A]
        from_query, from_gates = (query * -v).t(), recurrent.t()  # [A, 2A], [4A, 2A]
        # Each factor of a gate is replaced by the gate's gradient.
        d_gates, of_c = _gate_factors(states, gates, tanh_c)  # [T, B, 4A], [T, B, A]
        forget = gates[:, :, 2 * A : 3 * A].unbind()  # T times [B, A]
        block, product = torch.empty_like(rows[:length]), torch.empty_like(rows[:length])  # [length, B, A]
        d_score = torch.empty_like(weights[0])  # [length, B]
        flat_block, flat_score = block.view(-1, A), d_score.view(-1)  # [length B, A], [length B]
        score_column, by_size = d_score.unsqueeze(2), flat_block.t()  # [length, B, 1], [A, length B]
        d_v, one, ones = torch.zeros_like(v), v.new_ones(1), torch.ones_like(v)  # [A], [1], [A]
        d_state = d_y.new_zeros(B, 3 * A)
        d_c, d_h, d_a = torch.split(d_state, A, 1)  # [B, A] each
        d_ch, d_ha, d_c_thrice = d_state[:, : 2 * A], d_state[:, A:], d_c.unsqueeze(1)  # [B, 2A], [B, 1, A]
        past, exp_past = _windows(rows, length), _windows(exp_rows, length)  # T + 1 times [length, B, A]
        d_past, d_exp_past = _windows(d_rows, length), _windows(d_exponents, length)  # likewise
        d_row, d_exponent = d_rows[length:].unbind(), d_exponents[length:].unbind()  # T times [B, A]
        weights_of, columns = weights.unbind(), weights.unsqueeze(3).unbind()  # T times [length, B(, 1)]
        exp_queries, d_queries, of_cs = exp_query.unbind(), d_query.unbind(), of_c.unbind()  # T times [B, A]
        d_gates_of = d_gates.unbind()  # T times [B, 4A]
        d_o = d_gates[:, :, :A].unbind()  # T times [B, A]
        d_ifj = d_gates[:, :, A:].view(T, B, 3, A).unbind()  # T times [B, 3, A]
        for t in reversed(range(T)):
            d_ha.addmm_(d_row[t], from_row).addmm_(d_exponent[t], from_exponent)
            torch.mv(torch.mul(past[t], d_a, out=block).view(-1, A), ones, out=flat_score)
            d_past[t].addcmul_(columns[t], d_a)
            d_score.mul_(weights_of[t])
            d_score.addcmul_(weights_of[t], d_score.sum(0), value=-1)
            torch.addcmul(one, exp_past[t], exp_queries[t], out=block).reciprocal_()
            d_v.addmv_(by_size, flat_score)
            torch.mul(block, score_column, out=product)
            product.addcmul_(product, block, value=-1)
            d_exp_past[t].add_(product)
            torch.sum(product, 0, out=d_queries[t])
            d_ch.addmm_(d_queries[t], from_query)
            d_c.addcmul_(d_h, of_cs[t])
            d_o[t].mul_(d_h)
            d_ifj[t].mul_(d_c_thrice)
            torch.mm(d_gates_of[t], from_gates, out=d_ha)
            d_c.mul_(forget[t])
        d_query *= -v
        d_made = torch.cat([d_rows[length:], d_exponents[length:] * -v], 2)  # [T, B, 2A]
        of_entry = (d_gates @ entry.t(), _outer(x, d_gates), d_gates.sum((0, 1)))  # [T, B, n], [n, 4A], [4A]
        c_and_h, h_and_a = states[1:, :, : 2 * A], states[1:, :, A:]  # [T, B, 2A]
        of_query = (_outer(c_and_h, d_query), d_query.sum((0, 1)))  # [2A, A], [A]
        of_project = (_outer(h_and_a, d_made), d_made.sum((0, 1)))  # [2A, 2A], [2A]
        return *of_entry, _outer(states[:-1, :, A:], d_gates), *of_query, *of_project, d_v, None


def _windows(rows: Tensor, length: int) -> tuple[Tensor, ...]:
    """Views [length, B, A] of `rows` [T + length, B, A], one from each of its first T + 1 rows on."""
    T = len(rows) - length
    stride = rows.stride()
    return rows.as_strided((T + 1, length, *rows.shape[1:]), (stride[0], *stride)).unbind()


def _gate_factors(states: Tensor, gates: Tensor, tanh_c: Tensor) -> tuple[Tensor, Tensor]:
    """What d_h (for o) and d_c (for i, f, j) are multiplied by to give d_gates [T, B, 4A]; what d_h adds to
    d_c [T, B, A].
    """
    A = tanh_c.shape[2]
    factors = torch.empty_like(gates)  # [T, B, 4A]
    sigmoid, tanh = torch.ops.aten.sigmoid_backward.grad_input, torch.ops.aten.tanh_backward.grad_input
    (o, i, f, j), (of_o, of_i, of_f, of_j) = torch.split(gates, A, 2), torch.split(factors, A, 2)
    sigmoid(tanh_c, o, grad_input=of_o)
    sigmoid(j, i, grad_input=of_i)
    sigmoid(states[:-1, :, :A], f, grad_input=of_f)
    tanh(i, j, grad_input=of_j)
    return factors, torch.ops.aten.tanh_backward(o, tanh_c)


def _outer(x: Tensor, d_y: Tensor) -> Tensor:
    """Gradient of W in y = x W, summed over time and batch: [n, m] of x [T, B, n] and d_y [T, B, m]."""
    return x.flatten(0, 1).t() @ d_y.flatten(0, 1)
