"""The harness that harms commands is among the benchmarks, and its whole run is there; here is a sample."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")
if sys.platform != "linux":
    pytest.skip("needs Linux, whose processes are looked at", allow_module_level=True)

_BENCHMARKS = str(Path(__file__).resolve().parents[2] / "benchmarks")
if _BENCHMARKS not in sys.path:
    sys.path.append(_BENCHMARKS)

from harm.workbench import Workbench, scratch  # noqa: E402


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    """Where commands are harmed."""
    with scratch() as root:
        yield Workbench(root)
