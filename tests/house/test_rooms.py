"""The shape of the house: imports point down, heavy libraries stay in their rooms, commands start light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from antiphon.codecs.families import FAMILIES

SRC = Path(__file__).resolve().parents[2] / "src" / "antiphon"

# From the top of the house to its ground: what each room imports, all of which stand after it. "antiphon" is
# the package itself, which is asked for its version.
ROOMS = {
    room: set(imported.split())
    for room, imported in {
        "cli": "train arrange generate evaluate runtime data recipes codecs render io score schema files "
        "errors",
        "compat": "",
        "train": "evaluate runtime nets data recipes codecs render score arrays files errors",
        "arrange": "score errors",
        "generate": "evaluate runtime recipes codecs io score schema arrays files errors",
        "evaluate": "runtime data recipes codecs arrays errors",
        "runtime": "recipes codecs schema arrays files errors",
        "nets": "recipes codecs schema errors",
        "data": "recipes codecs extract io score arrays files errors antiphon",
        "recipes": "codecs schema registry errors",
        "codecs": "extract io score schema registry arrays errors",
        "extract": "score arrays errors",
        "render": "io score arrays files errors",
        "io": "score registry arrays files errors",
        "score": "arrays errors",
        "schema": "registry errors",
        "registry": "errors",
        "arrays": "",
        "files": "errors",
        "errors": "",
        "plain_json": "",
        "antiphon": "generate io score errors",
    }.items()
}

HEAVY = {
    "torch": {"nets", "train", "compat"},
    "onnx": {"train"},
    "onnxruntime": {"runtime"},
    "symusic": {"io"},
    "google": {"io"},
    "google_crc32c": {"io"},
    "dask": {"data"},
    "distributed": {"data"},
    "music21": set(),
    "matplotlib": {"render"},
    "soundfile": {"render"},
    "sounddevice": {"render"},
    "typer": {"cli"},
    "rich": {"cli"},
}

# Asking whether a library is there is not using it.
EXEMPT_FILES = {"cli/doctor.py"}


def imports(path: Path) -> set[str]:
    """Every module a file imports, at its top or inside a function; type-only imports count too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.ImportFrom) and node.level:
            names.add("relative")
    return names


def room_of(path: Path) -> str:
    relative = path.relative_to(SRC)
    return relative.parts[0].removesuffix(".py")


FILES = sorted(SRC.rglob("*.py"))


def module(path: Path) -> str:
    """'antiphon.io.midi' of its file."""
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path) for path in FILES}


def ours(path: Path) -> set[str]:
    """Our own modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & MODULES) | ({node.module} if inner - MODULES else set())
    return found


def test_the_house_has_its_rooms() -> None:
    assert len(FILES) > 50
    unknown = {room_of(path) for path in FILES} - {*ROOMS, "__init__", "__main__", "bundles"}
    assert not unknown


def test_every_room_imports_what_the_table_says() -> None:
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in FILES:
        if path.name != "__main__.py":
            room = "antiphon" if path == SRC / "__init__.py" else room_of(path)
            found[room] |= {name.split(".")[name.count(".") > 0] for name in ours(path)} - {room}
    assert found == ROOMS


def test_imports_point_down() -> None:
    order = [*ROOMS]
    for number, (room, imported) in enumerate(ROOMS.items()):
        astray = imported - {*order[number:], "antiphon"}
        assert room == "antiphon" or not astray, f"{room} reaches up to {sorted(astray)}"
    assert not [path for path in FILES if "relative" in imports(path)], "rooms are named in full"


def test_no_files_import_each_other_in_a_circle() -> None:
    """Not through a function and not for a type either: what two files need belongs below both."""
    graph = {module(path): {other for other in ours(path) if other != module(path)} for path in FILES}
    while ready := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in ready}
    assert not graph


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SRC)))
def test_heavy_libraries_stay_in_their_rooms(path: Path) -> None:
    if str(path.relative_to(SRC)) in EXEMPT_FILES:
        return
    used = {name.split(".")[0] for name in imports(path)}
    astray = {library for library, rooms in HEAVY.items() if library in used and room_of(path) not in rooms}
    assert not astray


def test_only_a_familys_own_files_know_its_name() -> None:
    """Whoever plays, judges, trains or prepares events asks the alphabet. What stands in `data` is about
    files: percussion is a fact of theirs, and "melody" a word that their names are full of."""
    about_files = {"data/facts.py", "data/splits.py"}
    names = re.compile("|".join(name.removesuffix("y").removesuffix("s") for name in FAMILIES), re.IGNORECASE)
    knowing = {
        str(path.relative_to(SRC))
        for path in FILES
        if room_of(path) in ("runtime", "generate", "evaluate", "train", "nets", "data")
        and names.search(path.read_text())
    }
    assert knowing - about_files == {"nets/features/key_melody.py"}


def loaded_by(code: str) -> set[str]:
    """Top-level modules loaded after running `code` in a fresh interpreter."""
    report = f"{code}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


HELP = """
import sys
from antiphon.cli import app
parts = [("corpus", part) for part in ("build", "inspect", "select")]
for words in [(), *((verb,) for verb in app._VERBS), *parts]:
    sys.argv = ["antiphon", *words, "--help"]
    try:
        app.main()
    except SystemExit as end:
        assert end.code == 0, words
"""


def test_help_of_every_verb_loads_nothing_heavy() -> None:
    assert not loaded_by(HELP) & {*HEAVY, "numpy"} - {"typer", "rich"}


def test_import_antiphon_is_light() -> None:
    assert not loaded_by("import antiphon") & {*HEAVY, "numpy"}


def test_reading_midi_loads_no_other_format() -> None:
    """Nor the libraries behind it: a worker of a corpus build starts with what its files need."""
    code = "from antiphon import io; io.loads_midi(io.dumps_midi(io.loads_midi(bytes.fromhex({data!r}))))"
    midi = b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0".hex()
    assert not loaded_by(code.format(data=midi)) & {"google", "google_crc32c", "dask", "distributed", "torch"}


def test_playing_never_loads_torch() -> None:
    code = "import antiphon; m = antiphon.load('melody/basic'); m.generate(bars=1, seed=1)"
    assert not loaded_by(code) & {"torch", "onnx", "matplotlib"}


def test_functions_are_short() -> None:
    """49 in 50 functions have at most 25 lines without their docstring, and none more than 60."""
    lengths = [length for path in FILES for length in function_lengths(path)]
    assert len(lengths) > 1500
    assert sum(length <= 25 for length in lengths) / len(lengths) >= 0.98
    assert max(lengths) <= 60


def test_files_are_short() -> None:
    """49 in 50 have at most 300 lines, and none more than 400."""
    lengths = [path.read_text().count("\n") for path in FILES]
    assert sum(length <= 300 for length in lengths) / len(lengths) >= 0.98
    assert max(lengths) <= 400


def function_lengths(path: Path) -> list[int]:
    lengths = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lengths.append(body[-1].end_lineno - body[0].lineno + 2 if body else 1)
    return lengths
