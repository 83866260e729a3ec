"""The hand-written gradient of attention equals autograd's."""

from __future__ import annotations

import pytest
import torch

from antiphon.nets.attention import AttentionCell
from antiphon.nets.lstm import LSTMCell

ATTENTION = [(7, 2, 5, 4, 3), (3, 1, 2, 3, 6), (12, 3, 4, 2, 1), (2, 2, 3, 4, 5)]


def _gradients(y: torch.Tensor, weights: torch.Tensor, of: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    return torch.autograd.grad((y * weights).sum(), of)


@pytest.mark.parametrize(("T", "B", "inputs", "size", "length"), ATTENTION)
def test_attention_over_sequences_equals_its_steps(T, B, inputs, size, length):
    torch.manual_seed(0)
    cell = AttentionCell(inputs, (size,), length, 0.0).double()
    for parameter in cell.parameters():
        parameter.data = torch.randn_like(parameter)
    x = torch.randn(T, B, inputs, dtype=torch.double, requires_grad=True)
    fast, plain = cell.sequence(x), cell.unrolled(x)
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-12)
    weights, of = torch.randn_like(fast), [x, *cell.parameters()]
    assert len(of) == 11
    for a, b in zip(_gradients(fast, weights, of), _gradients(plain, weights, of), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-11)


def test_attention_gradcheck():
    torch.manual_seed(1)
    cell = AttentionCell(3, (2,), 3, 0.0).double()
    x = torch.randn(4, 2, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(cell.sequence, (x,))


def test_attention_survives_huge_weights():
    """Exponents are bounded: a saturated score is what its steps give, not NaN."""
    torch.manual_seed(2)
    cell = AttentionCell(3, (4,), 5, 0.0)
    cell.query.kernel.data *= 60
    cell.memory.data *= 60
    x = torch.randn(20, 2, 3)
    torch.testing.assert_close(cell.sequence(x), cell.unrolled(x), rtol=0, atol=1e-4)


def test_lstm_over_sequences_equals_its_steps():
    torch.manual_seed(0)
    cell = LSTMCell(3, 4).double()
    cell.bias.data = torch.randn_like(cell.bias)
    x = torch.randn(6, 2, 3, dtype=torch.double, requires_grad=True)
    state, outputs = {"c": x.new_zeros(2, 4), "h": x.new_zeros(2, 4)}, []
    for moment in x:
        y, state = cell.step(moment, state)
        outputs.append(y)
    fast, plain = cell.sequence(x), torch.stack(outputs)
    torch.testing.assert_close(fast, plain, rtol=0, atol=1e-12)
    weights, of = torch.randn_like(fast), [x, *cell.parameters()]
    for a, b in zip(_gradients(fast, weights, of), _gradients(plain, weights, of), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-11)
