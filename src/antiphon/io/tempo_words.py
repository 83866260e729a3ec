"""How fast a tempo word is, where a score gives no number."""

from __future__ import annotations

import re

_QPM = {
    "larghissimo": 24, "grave": 40, "largo": 50, "larghetto": 63, "lento": 52, "lentement": 52, "langsam": 52,
    "adagissimo": 48, "adagio": 71, "adagietto": 74, "andante": 92, "andantino": 94, "gehend": 92,
    "moderato": 114, "mässig": 114, "massig": 114, "modéré": 114, "allegretto": 116, "moderately": 114,
    "allegro": 144, "bewegt": 132, "lebhaft": 144, "schnell": 152, "animé": 132, "vif": 152, "vivace": 172,
    "vivo": 172, "vivacissimo": 180, "presto": 187, "prestissimo": 200,
    "slow": 60, "slowly": 60, "medium": 120, "fast": 168, "up tempo": 200,
}  # fmt: skip
_NOT_A_TEMPO = re.compile(r"\b(?:più|piu|meno|rit|rall|accel|string|poco a poco|tempo)\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+(?: tempo)?", re.IGNORECASE)
_LONGEST = 60


def qpm(text: str) -> float | None:
    """Quarters a minute of a tempo mark such as 'Allegro ma non troppo'; None where `text` says none.

    The mark's first known word counts, within the ranges that metronomes print; one that speaks of a change
    ('poco rit.', 'più mosso') is no tempo of its own.
    """
    text = text[:_LONGEST].strip().lower()
    if _NOT_A_TEMPO.search(text.replace("up tempo", "")):
        return None
    found = (_QPM.get(word) for word in _WORDS.findall(text))
    return next((float(value) for value in found if value), None)
