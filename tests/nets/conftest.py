"""Nets are torch's."""

import pytest


def pytest_pycollect_makemodule() -> None:
    """All tests of nets skip where torch is not installed."""
    pytest.importorskip("torch")
