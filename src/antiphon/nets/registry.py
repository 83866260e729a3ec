"""Names of building blocks and where they live: ours, and those other packages bring through an entry point
group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from antiphon.errors import NameNotFound


class Registry:
    """Maps a name to 'module:attribute'; the module is imported when the name is first asked for."""

    def __init__(self, kind: str, group: str, ours: Mapping[str, str]) -> None:
        self._kind, self._group, self._ours = kind, group, ours

    def names(self) -> dict[str, str]:
        """Every known name with its address."""
        return {**{entry.name: entry.value for entry in entry_points(group=self._group)}, **self._ours}

    def find(self, name: str) -> Callable[..., Any]:
        """What `name` stands for; raises `NameNotFound` with the nearest name."""
        known = self.names()
        if name not in known:
            raise NameNotFound(self._kind, name, known)
        module, _, attribute = known[name].partition(":")
        found: Callable[..., Any] = getattr(import_module(module), attribute)
        return found
