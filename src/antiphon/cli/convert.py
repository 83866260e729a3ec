"""`antiphon convert`: music to another format: a file, a piece of one, all its pieces, a whole folder."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antiphon.cli.printing import quoted
from antiphon.errors import EmptyError, FormatError, IncompleteError, OptionError, one_line

if TYPE_CHECKING:
    from antiphon.data.conversion import Tally, Warn

_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("convert")(convert)


def convert(
    source: Annotated[
        str, typer.Argument(metavar="IN", help="A file, one piece of it (book.abc#3), or a folder of files.")
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="A file, whose suffix is the format; for many a folder (out/), or a .tfrecord.",
        ),
    ],
    to: Annotated[
        str | None, typer.Option("--to", help="Format of the files in a folder. (default: .mid)")
    ] = None,
) -> None:
    """Write music in another format (sound: antiphon render; pictures: antiphon show).

    Of a folder, what has no suffix of music is passed over. Where some of the rest cannot be read or written,
    all others are converted, and the exit code is 3; it is 1 where nothing is, or the disk is full.
    """
    into_folder = target.endswith(os.sep) or Path(target).is_dir()
    if to is not None and not into_folder:
        raise OptionError(
            f"--to names the format of files in a folder, and '{target}' is none; end it with /."
        )
    _check_apart(source, target)
    if into_folder:
        _into_folder(source, Path(target), _suffix(to or ".mid"))
    elif Path(source).is_dir() or _has_many(source):
        _into_records(source, Path(target))
    else:
        _one(source, Path(target))


def _one(source: str, target: Path) -> None:
    from antiphon import io
    from antiphon.data import conversion

    io.save(conversion.load(source), target)
    typer.echo(target)
    typer.echo(f"Next: antiphon show {quoted(target)}", err=True)


def _into_folder(source: str, folder: Path, suffix: str) -> None:
    from antiphon.data import conversion

    tally = conversion.to_folder(source, folder, suffix, _tell(), wait=partial(typer.echo, err=True))
    _say(tally, source)
    typer.echo(folder)
    typer.echo(f"Next: antiphon corpus build {quoted(folder)} -o corpus", err=True)
    _check_whole(tally, source)


def _into_records(source: str, target: Path) -> None:
    from antiphon.data import conversion
    from antiphon.io.formats import by_suffix
    from antiphon.io.notesequence import tfrecord

    form = by_suffix(target.suffix)
    if form is None or form.index is not tfrecord.index:
        raise FormatError(
            f"'{source}' holds many pieces, and '{target}' takes one; name a piece (antiphon show "
            f"{quoted(source)} lists them), or give a folder (out/) or a .tfrecord file."
        )
    tally = conversion.to_records(source, target, _tell())
    _say(tally, source)
    typer.echo(target)
    typer.echo(f"Next: antiphon show {quoted(target)}", err=True)
    _check_whole(tally, source)


def _check_apart(source: str, target: str) -> None:
    """Raises `OptionError` where the file that is read would be written over."""
    file = source if os.path.exists(source) else source.rpartition("#")[0]
    if os.path.isfile(file) and os.path.exists(target) and os.path.samefile(file, target):
        raise OptionError(f"'{target}' is the file that is read; give OUT another name.")


def _has_many(source: str) -> bool:
    from antiphon import io

    return Path(source).is_file() and len(io.places(source)) > 1


def _suffix(text: str) -> str:
    """A suffix that can be written, however it was typed ('mid', '.MID')."""
    from antiphon import io

    suffix = f".{text.lstrip('.').lower()}"
    writable = [known for form in io.formats() if form.dumps for known in form.suffixes]
    if suffix not in writable:
        raise OptionError(f"--to is '{text}'; expected one of {', '.join(writable)}.")
    return suffix


def _tell() -> Warn:
    """Prints the first of the reasons, and then no more."""
    told = 0

    def tell(why: str) -> None:
        nonlocal told
        told += 1
        if told <= _SHOWN:
            typer.echo(f"left out: {one_line(why)}", err=True)
        elif told == _SHOWN + 1:
            typer.echo("left out: more, which are only counted", err=True)

    return tell


def _say(tally: Tally, source: str) -> None:
    left_out = tally.failed + tally.passed_over
    if not tally.done:
        raise EmptyError(f"Nothing in '{source}' was converted; {left_out} pieces or files were left out.")
    typer.echo(f"{tally.done} converted, {left_out} left out.", err=True)


def _check_whole(tally: Tally, source: str) -> None:
    """Raises `IncompleteError` where something that should have been converted was not."""
    if tally.failed:
        raise IncompleteError(
            f"{tally.failed} of {tally.failed + tally.done} in '{source}' could not be converted, for the "
            "reasons above; all others are."
        )
