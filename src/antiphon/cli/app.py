"""The `antiphon` command: one verb per file, words in, one call below, one line for every error.

Exit codes are a contract: 0 done, 1 nothing came out (the input was refused, or the machine failed), 2 the
words of the command were not understood, 3 done in part.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NoReturn, TextIO, cast

import typer

from antiphon.errors import AntiphonError, OutputError, PluginWarning, one_line

_VERBS = ("models", "show", "play", "generate", "arrange", "formats", "convert", "render", "corpus", "train",
          "compare", "evaluate", "export", "doctor")  # fmt: skip
_NO_MEMORY = (
    *("can't start new thread", "allocate memory", "not enough memory", "bad allocation", "bad_alloc"),
    "failed to map segment",
)
"""What Python, the system and libraries say where there is none."""

app = typer.Typer(
    name="antiphon",
    help="Learn from a folder of music; play, continue and share what was learnt.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@cache
def _register() -> None:
    for verb in _VERBS:
        import_module(f"antiphon.cli.{verb}").register(app)


class _Output:
    """Standard output as `plain` has it; remembers, and raises as `OutputError`, why it could not be written
    (a full disk, a reader that went away)."""

    def __init__(self, plain: TextIO) -> None:
        self._plain = plain
        self._failure: OutputError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def write(self, text: str) -> int:
        """As every text file's."""
        written: int = self._outward(self._plain.write, text)
        return written

    def flush(self) -> None:
        """As every text file's."""
        self._outward(self._plain.flush)

    def finish(self) -> None:
        """Write what is left. Raises the first failure, also where whoever wrote has swallowed it; what could
        not be written is forgotten, so that ending does not fail at it once more."""
        try:
            self.flush()
        except OutputError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)
        if self._failure is not None:
            raise self._failure

    def _outward(self, call: Callable[..., Any], *given: str) -> Any:
        try:
            return call(*given)
        except OSError as error:
            why = OutputError(f"Standard output cannot be written: {error.strerror or error}.")
            self._failure = self._failure or why
            raise why from error


@contextmanager
def _output() -> Iterator[None]:
    """Standard output on which file names are printed as the bytes they are, whether they are valid text or
    not; all is written at the end.

    Raises `OutputError` where there is none: the next file to be opened would get its number, and what
    libraries print would go into that file.
    """
    if sys.stdout is None:
        raise OutputError("Standard output is closed; send it to a file, or to /dev/null.")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    checked = _Output(sys.stdout)
    with redirect_stdout(cast(TextIO, checked)):
        try:
            yield
        finally:
            checked.finish()


def _warn_in_one_line() -> None:
    """A package that cannot be used is reported on one line; warnings of other kinds look as always."""
    plain = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, PluginWarning):
            print(f"antiphon: {one_line(message)}", file=sys.stderr)
        else:
            plain(message, category, *place, **more)

    warnings.showwarning = show


def main() -> None:
    """Run the command line; where something can be put right it exits with one line on stderr."""
    _warn_in_one_line()
    try:
        _register()
        with _output():
            app()
    except AntiphonError as error:
        _end(error, error.exit_code)
    except Exception as error:
        if _is_for_memory(error):
            _end("There is not enough memory for this; close other programs, or ask for less at once.")
        if not isinstance(error, OSError):
            raise
        where = "" if error.filename is None else f" ('{error.filename}')"
        _end(f"The system refused: {error.strerror or error}{where}.")


def _is_for_memory(error: BaseException | None) -> bool:
    """Whether there was no memory: Python's own error, or what libraries say instead or after it."""
    while error is not None:
        if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def _end(why: object, exit_code: int = 1) -> NoReturn:
    print(f"antiphon: {one_line(why)}", file=sys.stderr)
    sys.exit(exit_code)
