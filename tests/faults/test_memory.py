"""Whatever says that there is no memory becomes one line."""

from __future__ import annotations

import sys

import pytest

from antiphon.cli import app


def _of_a_library() -> Exception:
    error = ValueError("something failed")
    error.__cause__ = MemoryError()
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("can't start new thread"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"),
        OSError(12, "Cannot allocate memory"),
        _of_a_library(),
    ],
)
def test_no_memory_is_said(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(app, "_register", fail)
    monkeypatch.setattr(sys, "argv", ["antiphon"])
    with pytest.raises(SystemExit) as end:
        app.main()
    assert end.value.code == 1
    heard = capsys.readouterr().err
    assert heard.startswith("antiphon: There is not enough memory")
    assert heard.count("\n") == 1


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(app, "_register", fail)
    with pytest.raises(RuntimeError, match="a mistake"):
        app.main()
