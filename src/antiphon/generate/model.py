"""`Model`: a bundle opened for playing, and what one does with it from Python."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

from antiphon import io
from antiphon.errors import BundleError, NameNotFound
from antiphon.generate.options import Keywords, Options, typed
from antiphon.generate.piece import Piece, Request, read_record
from antiphon.generate.pieces import generate
from antiphon.generate.plan import prepare
from antiphon.generate.prompt import Given, Prompt
from antiphon.generate.stream import Sounding, check_no_beam, stream
from antiphon.runtime import bundle as bundles
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.session import PlayableModel, Session

Primer = Given | Prompt | str | os.PathLike[str]
"""A primer: a score, a sequence of the model's family, events, or the path of a file of music."""


class Model:
    """A bundle with its player. The player starts when it is first needed."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    @property
    def name(self) -> str:
        """The bundle's name."""
        return self.bundle.name

    @cached_property
    def player(self) -> PlayableModel:
        """The playing graph."""
        from antiphon.runtime.player import Player

        return Player(self.bundle)

    def generate(
        self,
        primer: Primer = None,
        *,
        n: int = 1,
        seed: int | None = None,
        outputs: Sequence[int] | None = None,
        **options: Unpack[Keywords],
    ) -> list[Piece]:
        """`n` pieces, outputs 0 to n - 1 of `seed` (drawn where None), or those numbered in `outputs`.

        `options` are those of `Options`; meter, key and program may be words: `meter="3/4", key="D minor",
        program="cello"`. Raises `PromptError`, `OptionError`, `NameNotFound`; `FormatError` for a primer's
        file.
        """
        chosen = new_seed() if seed is None else seed
        asked = Options.of(**options)
        return generate(self.bundle, _given(primer), asked, chosen, n, outputs=outputs, player=self.player)

    def stream(
        self, primer: Primer = None, *, seed: int | None = None, output: int = 0, **options: Unpack[Keywords]
    ) -> Generator[Sounding, Any, None]:
        """Events one after the other, without end unless `bars` or `steps` are given; see
        `antiphon.generate.stream`.

        Raises as `generate` does.
        """
        chosen = new_seed() if seed is None else seed
        plan = prepare(self.bundle, _given(primer), Options.of(**options))
        check_no_beam(plan)
        return stream(self.player, self.bundle.opening, plan, seed=chosen, output=output)

    def session(
        self,
        primer: Primer = None,
        *,
        seed: int | None = None,
        outputs: Sequence[int] = (0,),
        **options: Unpack[Keywords],
    ) -> Session:
        """Music under way, a row for each of `outputs`, all of which have heard the primer: to propose, hear
        and fork event by event, as ids in the model's own key and range. The options' length does not end it.

        Raises as `generate` does, and `OptionError` for a beam.
        """
        chosen = new_seed() if seed is None else seed
        plan = prepare(self.bundle, _given(primer), Options.of(**options))
        check_no_beam(plan)
        return plan.session(self.player, self.bundle.opening, outputs, seed=chosen, bounded=False)

    def again(self, request: Request) -> Piece:
        """The piece that was asked for by `request`, whose prompt is as it was used: moved, in its bars."""
        options, used = request.options, ("transpose", "primer_bars", "meter")
        plain = options if request.prompt is None else options.without(*used)
        asked = (request.prompt, plain, request.seed)
        (piece,) = generate(self.bundle, *asked, outputs=[request.output], player=self.player)
        return replace(piece, request=request)


def load(name: str | os.PathLike[str]) -> Model:
    """The model called `name` ('FAMILY/VARIANT'), or in the bundle at that path.

    Raises `NameNotFound` with the nearest name, `BundleError`.
    """
    return Model(Bundle.open(bundles.find(os.fspath(name))))


def again(path: str | os.PathLike[str], bundle: str | os.PathLike[str] | None = None) -> Piece:
    """The piece whose record is at `path`, made again; `bundle` says where to find the one it was made with.

    Raises `FormatError` for what is no record, `BundleError` where the bundle is another.
    """
    found = read_record(path)
    made_with = typed(found["bundle"], {"name": str, "sha256": str})
    try:
        model = load(bundle or made_with["name"])
    except NameNotFound as error:
        raise BundleError(
            f"'{path}' was made with '{made_with['name']}', which is not here; name its file with --bundle."
        ) from error
    if model.bundle.sha256 != made_with["sha256"]:
        raise BundleError(
            f"'{path}' was made with another version of '{model.name}'; name its file with --bundle."
        )
    return model.again(Request.from_dict(found, model.bundle.recipe))


def new_seed() -> int:
    """A random seed, short enough to type."""
    return secrets.randbits(32)


def _given(primer: Primer) -> Given | Prompt:
    return io.load(Path(primer)) if isinstance(primer, str | os.PathLike) else primer
