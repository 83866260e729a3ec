"""The corpus that the bundled melody models are trained on, from the shared data sets.

    python benchmarks/ship_corpus.py [--shared DIR] -o DIR

Three sets whose licences allow it: traditional tunes (public domain), vocal lines of songs (CC0), and the
soprano of four-part hymns (public domain). The melody is the first part of every MIDI file; the notation
beside some of them says the same again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from antiphon.data import build
from antiphon.extract.melody import MelodyOptions

SHARED = Path(os.environ.get("ANTIPHON_SHARED", Path(__file__).resolve().parents[2] / "shared"))
SETS = ("melody/trad-tunes-abc", "melody/openscore-lieder-vocal", "chorales/open-hymnal")


def unpack(shared: Path, target: Path) -> list[Path]:
    """The sets' folders below `target`, with their MIDI files and tables."""
    folders = []
    for name in SETS:
        folder = target / Path(name).name
        with zipfile.ZipFile(shared / "data" / f"{name}.zip") as archive:
            wanted = [name for name in archive.namelist() if name.endswith((".mid", ".tsv"))]
            archive.extractall(folder, wanted)
        folders.append(folder)
    return folders


def build_ship_corpus(shared: Path, out: Path) -> None:
    """Build the corpus at `out`; what is there already is not built again."""
    if (out / "corpus.json").exists():
        return
    folder = Path(tempfile.gettempdir()) / "antiphon-ship"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        report = build.build(
            unpack(shared, folder), out, options={"melody": MelodyOptions(polyphony="top", track=0)}
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{report.corpus.folder}: {report.corpus.n} melodies")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("-o", "--out", type=Path, required=True)
    arguments = parser.parse_args()
    build_ship_corpus(arguments.shared, arguments.out)
