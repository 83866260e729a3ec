"""The errors Antiphon raises on purpose.

    AntiphonError                 anything a person can put right; the command line prints it as one line
    ├── InputError                what was given cannot be used
    │   ├── FormatError           a file is not what its name or header says (corrupt, hostile, unsupported)
    │   ├── OptionError           an option's value is outside what the command accepts
    │   ├── EmptyError            there is nothing to work on (no notes, no melodies, no files)
    │   └── PromptError           a primer that this model cannot continue (range, length, no notes)
    ├── NameNotFound              an unknown recipe, codec, net, format, bundle; suggests the nearest
    ├── ConflictError             two installed packages bring things of one name
    ├── BundleError               a bundle is truncated, altered, or of a newer version
    ├── CorpusError               a corpus folder is missing, unfinished, or of another kind
    ├── RunError                  a training run cannot start, resume, or be read
    ├── OutputError               the result cannot be written where it was asked for
    │   ├── StorageError          nothing more can be written there: the disk is full, broken, write-protected
    │   └── BusyError             another process writes there
    ├── IncompleteError           part of the work is done, and some of it failed
    └── MissingDependency         an optional part is not installed; says what to install

`exit_code` is what the command line exits with: 1 where nothing came of it, 3 where part of the work is done.

Every message says what was wrong with the value, what was expected, and what to do. `PluginWarning` is a
warning: something that another package brings cannot be used.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN = 16


def one_line(text: object, most: int | None = None) -> str:
    """`text` on one line, at most `most` characters of it; what cannot be printed is shown as an escape.

    Whatever comes from a stranger's file goes through here on its way to a terminal or into a message.
    """
    line = " ".join(str(text).split())[:most]
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


class AntiphonError(Exception):
    """Something a person can put right; its text is one clear line."""

    exit_code = 1


class InputError(AntiphonError, ValueError):
    """What was given cannot be used."""


class FormatError(InputError):
    """A file is not what its name or its header says."""


class OptionError(InputError):
    """An option's value is outside what is accepted."""


class EmptyError(InputError):
    """There is nothing to work on."""


class PromptError(InputError):
    """A primer that the model cannot continue."""


class BundleError(AntiphonError):
    """A bundle is truncated, altered, or from a newer version."""


class CorpusError(AntiphonError):
    """A corpus folder is missing, unfinished, or of another kind."""


class RunError(AntiphonError):
    """A training run cannot start, resume, or be read."""


class OutputError(AntiphonError):
    """The result cannot be written where it was asked for."""


class StorageError(OutputError):
    """Nothing more can be written there: the disk is full, broken or write-protected."""


class BusyError(OutputError):
    """Another process writes there."""


class IncompleteError(AntiphonError):
    """Part of the work is done, and some of it failed."""

    exit_code = 3


class MissingDependency(AntiphonError):
    """An optional part is not installed."""


class ConflictError(AntiphonError):
    """Two installed packages bring things of one sort and name."""


class PluginWarning(UserWarning):
    """Something that another package brings cannot be used; the rest goes on without it."""


class NameNotFound(AntiphonError, LookupError):
    """An unknown name; the message suggests the nearest known one, or tells some where none is near."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        near += [other for other in names if name and name in other and other not in near][:1]
        some = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        hint = f"Did you mean '{near[0]}'?" if near else f"Known: {some or 'none'}."
        super().__init__(f"No {kind} '{name}'. {hint}")
        self.name_wanted = name
