"""Bundles: one file, `NAME.antiphon`, with everything needed to play, fine-tune and share a model.

A zip of `bundle.json` (format version, recipe with all its values, provenance, metrics, opening distribution,
defaults, SHA-256 of the other members), `weights.safetensors`, `step.onnx` (the playing graph; its weights
are external data at their offsets in the safetensors file) and `card.md` (what the model is good and bad at).
Nothing is pickled. A file from a stranger is read with bounds: names, sizes and hashes are checked before
anything is believed.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load

from antiphon.codecs import family
from antiphon.errors import AntiphonError, BundleError, NameNotFound, one_line
from antiphon.files import atomic_write
from antiphon.recipes import Recipe

SUFFIX = ".antiphon"
FORMAT = "antiphon-bundle"
VERSION = 1
INDEX, WEIGHTS, STEP, CARD = "bundle.json", "weights.safetensors", "step.onnx", "card.md"

_MIB = 1 << 20
_LARGEST = {INDEX: 4 * _MIB, WEIGHTS: 1024 * _MIB, STEP: 64 * _MIB, CARD: 1 * _MIB}
"""Largest size of each member, unpacked. No other member is allowed."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SHIPPED = Path(__file__).resolve().parent.parent / "bundles"
_DATE = (1980, 1, 1, 0, 0, 0)
"""Every member's date, so that equal content gives equal bytes."""


@dataclass(frozen=True)
class Bundle:
    """A model ready to play.

    `opening` float64 [V]: how often each event begins a piece of the training split, as the model sees it.
    `provenance`: data, licences, steps, seed. `metrics`: held-out figures in nats. `defaults`: what music of
    the corpus is like (meters, qpm). `state`: the playing state's tensors, name -> (dtype, shape without the
    batch). `safetensors` and `graph` as in the file.
    """

    name: str
    recipe: Recipe
    opening: npt.NDArray[np.float64]
    state: Mapping[str, tuple[str, tuple[int, ...]]]
    safetensors: bytes = field(repr=False)
    graph: bytes = field(repr=False)
    card: str = field(default="", repr=False)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | str) -> Bundle:
        """The bundle in the file at `path`. Raises `BundleError` where it is missing, truncated, altered or
        too new.
        """
        path = Path(path)
        try:
            members = _members(path)
            index = _index(members[INDEX], path)
            _verify(members, index, path)
            return _assembled(members, index)
        except BundleError:
            raise
        except AntiphonError as error:
            raise BundleError(f"The bundle '{path}' cannot be used: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BundleError(
                f"The index of '{path}' is malformed ({_brief(error)}); get the bundle anew."
            ) from None

    @property
    def sha256(self) -> str:
        """Of the weights, in hex: which net this is."""
        return hashlib.sha256(self.safetensors).hexdigest()

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """The net's weights by name, float16 or float32, as `nets.build(recipe)` names them. Raises
        `BundleError`.
        """
        try:
            return dict(load(self.safetensors))
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"The weights of the bundle '{self.name}' are malformed ({_brief(error)})."
            ) from None


def write(path: Path | str, bundle: Bundle) -> None:
    """Write `bundle` to `path`, whole or not at all; equal bundles give equal bytes. Raises `OutputError`."""
    members = {WEIGHTS: bundle.safetensors, STEP: bundle.graph, CARD: bundle.card.encode()}
    index = json.dumps(_index_of(bundle, members), indent=1, ensure_ascii=False, allow_nan=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in {INDEX: index.encode(), **members}.items():
            # Weights do not shrink; stored as they are, they can be mapped.
            method = zipfile.ZIP_STORED if name == WEIGHTS else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, _DATE), data, method)
    atomic_write(Path(path), packed.getvalue())


def shipped() -> list[Path]:
    """Paths of the bundles that came with this installation, by name."""
    return sorted(_SHIPPED.glob(f"*{SUFFIX}"))


def find(name_or_path: Path | str) -> Path:
    """Path of a shipped bundle ('melody/attention') or of a file; raises `NameNotFound` with the nearest
    shipped one.
    """
    path = Path(name_or_path)
    known = {shown_name(found): found for found in shipped()}
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    if path.is_file():
        return path
    if path.suffix == SUFFIX:
        raise BundleError(f"There is no bundle at '{path}'. See `antiphon models` for those that are here.")
    raise NameNotFound("bundle", str(name_or_path), known)


def shown_name(path: Path) -> str:
    """The name by which a bundle is asked for: 'melody-attention.antiphon' is 'melody/attention'."""
    return path.stem.replace("-", "/", 1)


def _members(path: Path) -> dict[str, bytes]:
    """Every member, unpacked within its bound."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_outside(archive, path)
            return {info.filename: archive.read(info) for info in archive.infolist()}
    except FileNotFoundError:
        raise BundleError(f"There is no bundle at '{path}'.") from None
    except OSError as error:
        raise BundleError(f"Cannot read '{path}': {error.strerror or error}.") from None
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        RuntimeError,
        NotImplementedError,
        EOFError,
        ValueError,
        zlib.error,
    ) as error:
        raise BundleError(
            f"'{path}' is no bundle, or is truncated or altered ({_brief(error)}); get it anew."
        ) from None


def _check_outside(archive: zipfile.ZipFile, path: Path) -> None:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if sorted(names) != sorted(_LARGEST):
        wanted, found = ", ".join(sorted(_LARGEST)), ", ".join(repr(name[:40]) for name in sorted(names)[:8])
        raise BundleError(f"'{path}' is no bundle: it holds {found or 'nothing'}; expected {wanted}.")
    for info in infos:
        if info.file_size > _LARGEST[info.filename]:
            bound = _LARGEST[info.filename] // _MIB
            raise BundleError(
                f"'{info.filename}' in '{path}' is {info.file_size} bytes; at most {bound} MiB are read."
            )
    # Weights are stored as they are, so that what they unpack to is no larger than the file.
    for info in infos:
        methods = (zipfile.ZIP_STORED,) if info.filename == WEIGHTS else _METHODS
        if info.compress_type not in methods:
            raise BundleError(f"'{info.filename}' in '{path}' is packed in an unknown way; get it anew.")


def _index(data: bytes, path: Path) -> dict[str, Any]:
    index = json.loads(data)
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise BundleError(f"'{path}' is no Antiphon bundle: its index does not say '{FORMAT}'.")
    version = index.get("version")
    if not isinstance(version, int) or version < 1:
        raise BundleError(f"'{path}' has the format version {version!r}; expected 1 to {VERSION}.")
    if version > VERSION:
        raise BundleError(
            f"'{path}' has format version {version}; this Antiphon reads up to {VERSION}. "
            "Update it: pip install -U antiphon."
        )
    return index


def _verify(members: Mapping[str, bytes], index: Mapping[str, Any], path: Path) -> None:
    for name in (WEIGHTS, STEP, CARD):
        if hashlib.sha256(members[name]).hexdigest() != index["sha256"][name]:
            raise BundleError(
                f"'{name}' in '{path}' was altered: its hash is not in the index. Get the bundle anew."
            )


def _assembled(members: Mapping[str, bytes], index: Mapping[str, Any]) -> Bundle:
    recipe = Recipe.from_dict(index["recipe"])
    return Bundle(
        name=_text(index["name"]),
        recipe=recipe,
        opening=_distribution(index["opening"], family(recipe.family).n_events),
        state={
            name: (_text(kind), tuple(map(_count, shape))) for name, (kind, shape) in index["state"].items()
        },
        safetensors=members[WEIGHTS],
        graph=members[STEP],
        card=members[CARD].decode(),
        provenance=dict(index["provenance"]),
        metrics=dict(index["metrics"]),
        defaults=dict(index["defaults"]),
    )


def _index_of(bundle: Bundle, members: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": bundle.name,
        "recipe": bundle.recipe.as_dict(),
        "provenance": dict(bundle.provenance),
        "metrics": dict(bundle.metrics),
        "defaults": dict(bundle.defaults),
        "state": {name: [kind, list(shape)] for name, (kind, shape) in bundle.state.items()},
        "opening": [float(p) for p in bundle.opening],
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in members.items()},
    }


def _distribution(values: list[float], n_events: int) -> npt.NDArray[np.float64]:
    found = np.array(values, dtype=np.float64)
    if found.shape != (n_events,) or not np.isfinite(found).all() or (found < 0).any():
        raise ValueError("the opening distribution is not a list of probabilities")
    if not math.isclose(found.sum(), 1.0, rel_tol=1e-6):
        raise ValueError(f"the opening distribution sums to {found.sum():.3g}")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r:.40}")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or not 0 < value <= 1 << 24:
        raise ValueError(f"expected a size, found {value!r:.40}")
    return value


def _brief(error: Exception) -> str:
    """An error's text on one line, not too long."""
    return one_line(error, 120) or type(error).__name__
