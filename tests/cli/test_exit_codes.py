"""Exit codes and standard output, through a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from antiphon.cli import app

ANTIPHON = [sys.executable, "-m", "antiphon"]


def run(words: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ANTIPHON, *words], stderr=subprocess.PIPE, text=True, check=False, timeout=60, **options
    )  # type: ignore[call-overload, no-any-return]


def one_line(said: str) -> bool:
    lines = [line for line in said.splitlines() if line.startswith("antiphon: ")]
    return len(lines) == 1 and "Traceback" not in said


def test_what_is_done_is_0_and_what_is_not_understood_2() -> None:
    assert run(["formats"], stdout=subprocess.DEVNULL).returncode == 0
    for words in (["improvise"], ["formats", "--colour"], ["generate", "-n", "many"]):
        assert run(words).returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="There is no /dev/full here.")
@pytest.mark.parametrize("words", [["formats"], ["formats", "--json"], ["models"], ["--help"]])
def test_a_full_standard_output_is_one_line(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        result = run(words, stdout=full)
    assert result.returncode == 1
    assert one_line(result.stderr)
    assert "No space" in result.stderr


def test_a_reader_that_went_away_is_one_line() -> None:
    process = subprocess.Popen(
        [*ANTIPHON, "formats"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 1
    assert one_line(said)


def test_no_standard_output_is_one_line() -> None:
    result = run(["formats"], preexec_fn=lambda: __import__("os").close(1))
    assert result.returncode == 1
    assert one_line(result.stderr)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "not enough memory"),
        (OSError(28, "No space left on device", "x.mid"), "No space left on device ('x.mid')"),
    ],
)
def test_what_the_machine_refuses_is_one_line(
    error: Exception, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    app._register()
    monkeypatch.setattr(app, "app", fail)
    with pytest.raises(SystemExit) as end:
        app.main()
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert one_line(said)
    assert says in said
