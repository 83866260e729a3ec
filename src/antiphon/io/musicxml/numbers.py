"""Numbers as MusicXML writes them, and texts that should be numbers and are not."""

from __future__ import annotations

import math
from fractions import Fraction

_LONGEST = 24


def integer(text: str | None) -> int | None:
    """A whole number, or None."""
    value = number(text)
    return round(value) if value is not None else None


def number(text: str | None) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text[:_LONGEST]) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def exact(text: str | None) -> Fraction | None:
    """A decimal number without rounding, or None; powers of ten are no notation of MusicXML."""
    text = (text or "").strip()
    if not text or len(text) > _LONGEST or not set(text) <= set("0123456789.+-"):
        return None
    try:
        return Fraction(text)
    except ValueError:
        return None
