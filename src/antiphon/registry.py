"""Registries: what goes by a name, ours and what other installed packages bring.

One `Registry` holds one sort of thing: recipes, families, codecs, nets, kinds of sequences, file formats.
Ours are listed where the registry is made. Other packages add theirs through its entry-point group:

    [project.entry-points."antiphon.recipes"]
    waltz = "mypackage.waltz:RECIPE"

A thing is known by its own `name`, not by that of its entry point. Nobody's thing hides another's: a name
that two packages claim raises `ConflictError` when it is asked for. An entry point that cannot be loaded
costs itself and a `PluginWarning`, and nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from antiphon.errors import ConflictError, NameNotFound, PluginWarning, one_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

T = TypeVar("T")

OURS = "antiphon"
"""The package that our own things are said to come from."""


class _Claim(NamedTuple):
    """A thing of another package: the name it goes by, itself, and the package."""

    name: str
    thing: Any
    package: str


class Registry(Generic[T]):
    """Things of one `sort` ("recipe") by name.

    `ours` maps a name to the thing or to its address, 'module:attribute', which is imported when the name is
    first asked for. `fits` says whether what an entry point names is such a thing at all.
    """

    def __init__(
        self, sort: str, group: str, ours: Mapping[str, str | T], fits: Callable[[Any], bool] | None = None
    ) -> None:
        self.sort, self.group = sort, group
        self._ours, self._fits = dict(ours), fits

    def __getitem__(self, name: str) -> T:
        return self.find(name)

    def find(self, name: str) -> T:
        """The thing called `name`. Raises `NameNotFound` with the nearest name, `ConflictError`."""
        self._check_claims(name)
        if name in self._ours:
            return self._own(name)
        for claim in self._claims:
            if claim.name == name:
                return claim.thing  # type: ignore[no-any-return]
        raise NameNotFound(self.sort, name, self)

    def names(self) -> tuple[str, ...]:
        """Every name, ours first."""
        return tuple(dict.fromkeys([*self._ours, *(claim.name for claim in self._claims)]))

    def things(self) -> list[T]:
        """Everything there is, ours first; what two packages claim is left out with a `PluginWarning`."""
        found = []
        for name in self.names():
            try:
                found.append(self.find(name))
            except ConflictError as error:
                warnings.warn(str(error), PluginWarning, stacklevel=2)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def _own(self, name: str) -> T:
        value = self._ours[name]
        return _load(value) if isinstance(value, str) else value

    def _check_claims(self, name: str) -> None:
        packages = [OURS] * (name in self._ours) + [c.package for c in self._claims if c.name == name]
        if len(packages) > 1:
            raise ConflictError(
                f"Two packages bring a {self.sort} '{name}': {packages[0]} and {packages[1]}. "
                f"Uninstall one of them."
            )

    @cached_property
    def _claims(self) -> list[_Claim]:
        """What other packages bring. Those that cannot be loaded are warned of, once."""
        found = []
        for entry in _installed().select(group=self.group):
            package = entry.dist.name if entry.dist else "an unknown package"
            try:
                thing = entry.load()
                found.append(_Claim(self._checked(thing), thing, package))
            except Exception as error:
                warnings.warn(self._broken(entry, package, error), PluginWarning, stacklevel=2)
        return found

    def _checked(self, thing: Any) -> str:
        """The name of `thing`; raises `TypeError` where it is nothing of this sort."""
        name = getattr(thing, "name", None)
        if not isinstance(name, str) or not (self._fits is None or self._fits(thing)):
            raise TypeError(f"that is no {self.sort}")
        return name

    def _broken(self, entry: EntryPoint, package: str, error: Exception) -> str:
        reason = one_line(f"{type(error).__name__}: {error}", 160)
        return (
            f"The package '{package}' brings a {self.sort} '{entry.name}' that cannot be loaded ({reason}); "
            "it is left out. Update or uninstall the package."
        )


@cache
def _installed() -> EntryPoints:
    """Entry points of every installed package; looking through them takes some milliseconds."""
    from importlib.metadata import entry_points

    return cast("EntryPoints", entry_points())


@cache
def _load(address: str) -> Any:
    module, _, attribute = address.partition(":")
    return getattr(import_module(module), attribute)
