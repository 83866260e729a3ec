"""General MIDI Level 1: the 128 programs, their 16 families, the percussion keys, and finding a program by
its name.

Programs are 0-based (0 is the acoustic grand piano). Source: the General MIDI System Level 1 sound set.
"""

from __future__ import annotations

import re

from antiphon.errors import NameNotFound, OptionError

FAMILIES: tuple[str, ...] = (
    "piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass",
    "reed", "pipe", "synth lead", "synth pad", "synth effects", "world", "percussive", "sound effects",
)  # fmt: skip

PROGRAMS: tuple[str, ...] = (
    "Acoustic Grand Piano", "Bright Acoustic Piano", "Electric Grand Piano", "Honky-tonk Piano",
    "Electric Piano 1", "Electric Piano 2", "Harpsichord", "Clavinet",
    "Celesta", "Glockenspiel", "Music Box", "Vibraphone", "Marimba", "Xylophone", "Tubular Bells", "Dulcimer",
    "Drawbar Organ", "Percussive Organ", "Rock Organ", "Church Organ",
    "Reed Organ", "Accordion", "Harmonica", "Tango Accordion",
    "Nylon Guitar", "Steel Guitar", "Jazz Guitar", "Clean Electric Guitar",
    "Muted Electric Guitar", "Overdriven Guitar", "Distortion Guitar", "Guitar Harmonics",
    "Acoustic Bass", "Fingered Electric Bass", "Picked Electric Bass", "Fretless Bass",
    "Slap Bass 1", "Slap Bass 2", "Synth Bass 1", "Synth Bass 2",
    "Violin", "Viola", "Cello", "Contrabass", "Tremolo Strings", "Pizzicato Strings", "Orchestral Harp",
    "Timpani",
    "String Ensemble 1", "String Ensemble 2", "Synth Strings 1", "Synth Strings 2",
    "Choir Aahs", "Voice Oohs", "Synth Voice", "Orchestra Hit",
    "Trumpet", "Trombone", "Tuba", "Muted Trumpet", "French Horn", "Brass Section", "Synth Brass 1",
    "Synth Brass 2",
    "Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax", "Oboe", "English Horn", "Bassoon", "Clarinet",
    "Piccolo", "Flute", "Recorder", "Pan Flute", "Blown Bottle", "Shakuhachi", "Whistle", "Ocarina",
    "Square Lead", "Sawtooth Lead", "Calliope Lead", "Chiff Lead",
    "Charang Lead", "Voice Lead", "Fifths Lead", "Bass and Lead",
    "New Age Pad", "Warm Pad", "Polysynth Pad", "Choir Pad", "Bowed Pad", "Metallic Pad", "Halo Pad",
    "Sweep Pad",
    "Rain", "Soundtrack", "Crystal", "Atmosphere", "Brightness", "Goblins", "Echoes", "Sci-fi",
    "Sitar", "Banjo", "Shamisen", "Koto", "Kalimba", "Bagpipe", "Fiddle", "Shanai",
    "Tinkle Bell", "Agogo", "Steel Drums", "Woodblock", "Taiko Drum", "Melodic Tom", "Synth Drum",
    "Reverse Cymbal",
    "Guitar Fret Noise", "Breath Noise", "Seashore", "Bird Tweet", "Telephone Ring", "Helicopter", "Applause",
    "Gunshot",
)  # fmt: skip

DRUMS: dict[int, str] = dict(
    enumerate(
        (
            "Acoustic Bass Drum", "Bass Drum", "Side Stick", "Acoustic Snare", "Hand Clap", "Electric Snare",
            "Low Floor Tom", "Closed Hi-hat", "High Floor Tom", "Pedal Hi-hat", "Low Tom", "Open Hi-hat",
            "Low-mid Tom", "High-mid Tom", "Crash Cymbal 1", "High Tom", "Ride Cymbal 1", "Chinese Cymbal",
            "Ride Bell", "Tambourine", "Splash Cymbal", "Cowbell", "Crash Cymbal 2", "Vibraslap",
            "Ride Cymbal 2",
            "High Bongo", "Low Bongo", "Mute High Conga", "Open High Conga", "Low Conga", "High Timbale",
            "Low Timbale", "High Agogo", "Low Agogo", "Cabasa", "Maracas", "Short Whistle", "Long Whistle",
            "Short Guiro", "Long Guiro", "Claves", "High Woodblock", "Low Woodblock", "Mute Cuica",
            "Open Cuica",
            "Mute Triangle", "Open Triangle",
        ),
        start=35,
    )
)  # fmt: skip

# What a musician means by a bare word that several programs share, or that none spells so.
_ALIASES: dict[str, int] = {
    "piano": 0, "electric piano": 4, "rhodes": 4, "organ": 19, "guitar": 24, "acoustic guitar": 24,
    "electric guitar": 27, "bass": 32, "double bass": 43, "electric bass": 33, "strings": 48,
    "string ensemble": 48,
    "harp": 46, "choir": 52, "voice": 53, "brass": 61, "horn": 60, "sax": 65, "saxophone": 65,
    "alto saxophone": 65,
    "tenor saxophone": 66, "lead": 81, "synth": 81, "pad": 89, "bells": 14, "vibes": 11, "banjo": 105,
    "panpipes": 75, "cor anglais": 69, "drum": 118,
}  # fmt: skip


def program_name(program: int, is_drum: bool = False) -> str:
    """Name of a 0-based program ("Cello" for 42), "Drum Kit" for percussion."""
    return "Drum Kit" if is_drum else PROGRAMS[program]


def family(program: int) -> str:
    """Name of the family a 0-based program belongs to ("strings" for 42)."""
    return FAMILIES[program // 8]


def drum_name(pitch: int) -> str:
    """Name of a percussion key ("Acoustic Snare" for 38), or "Drum <pitch>" outside 35 to 81."""
    return DRUMS.get(pitch, f"Drum {pitch}")


def find_program(name: str | int) -> int:
    """The 0-based program meant by a number or a name: "cello" is 42, "sax" 65, "Synth pad" 89.

    Tried in turn: a number, the exact name, a musician's usual word, the family, the first program that has
    all the words, or words that begin so. Raises `NameNotFound` with the nearest name, `OptionError` for a
    number beyond 127.
    """
    if isinstance(name, int) or name.strip().isdigit():
        return _checked(int(name))
    words = _words(name)
    wanted = " ".join(words)
    exact = {" ".join(_words(program)): index for index, program in enumerate(PROGRAMS)}
    families = {label: index * 8 for index, label in enumerate(FAMILIES)}
    for known in (exact, _ALIASES, families):
        if wanted in known:
            return known[wanted]
    for index, program in enumerate(PROGRAMS):
        if words and all(any(own.startswith(word) for own in _words(program)) for word in words):
            return index
    raise NameNotFound("instrument", name, [*(program.lower() for program in PROGRAMS), *_ALIASES])


def _checked(program: int) -> int:
    if not 0 <= program <= 127:
        raise OptionError(
            f"Program {program} does not exist: General MIDI programs are 0 to 127 (0 is the grand piano)."
        )
    return program


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", name.lower())
