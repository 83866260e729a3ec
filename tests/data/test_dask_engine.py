"""Builds on a Dask cluster: real ones, of processes on this machine."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from antiphon.data import dask_engine, dask_worker
from antiphon.data.build import build
from antiphon.data.build_plan import CHUNK_SIZE
from antiphon.data.corpus import Corpus
from antiphon.data.extraction import ExtractionJob, KindOptions
from antiphon.errors import CorpusError, MissingDependency, OptionError
from antiphon.extract import MelodyOptions
from antiphon.io import Place

pytest.importorskip("distributed")

Tunes = Callable[..., Path]
RESULT = ("corpus.json", "ledger.tsv", "pieces.jsonl", "melody/events.npy", "melody/table.npy")


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULT}


def on_cluster(tmp_path: Path, loader: str, source: Path, out: Path, **options: object) -> str:
    """Build in a program of its own, with another reader in all of its processes; what it printed."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    path = tmp_path / f"build_{out.name}.py"
    path.write_text(
        "import os, signal, time\n"
        "import psutil\n"
        "from antiphon.data import extraction\n"
        "real = extraction.load\n"
        f"{loader}\n"
        "extraction.load = load\n"
        "killed = []\n"
        "def has_children(process):\n"
        "    try:\n"
        "        return bool(process.children())\n"
        "    except psutil.NoSuchProcess:\n"
        "        return False\n"
        "def kill_one(progress):\n"
        "    workers = [child for child in psutil.Process().children() if has_children(child)]\n"
        "    if progress.done and not killed and workers:\n"
        "        os.kill(workers[0].pid, signal.SIGKILL)\n"
        "        killed.append(workers[0].pid)\n"
        "if __name__ == '__main__':\n"
        "    from antiphon.data.build import build\n"
        f"    build([{str(source)!r}], {str(out)!r}, engine='dask', workers=2, {arguments})\n"
        "    print(len(killed), 'killed')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", path], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(5 * CHUNK_SIZE + 10), tmp_path / "cluster"
    (folder / "broken.mid").write_bytes(b"MThd\0\0")
    slow = "def load(path):\n    time.sleep(0.005)\n    return real(path)"
    said = on_cluster(tmp_path, slow, folder, out, progress=Name("kill_one"))
    assert said == "1 killed\n"
    build([folder], tmp_path / "alone", workers=1)
    assert content(out) == content(tmp_path / "alone")
    assert Corpus.open(out).n > 4 * CHUNK_SIZE


@pytest.mark.slow
def test_a_piece_that_workers_die_of_is_named(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(3), tmp_path / "deadly"
    names = sorted(path.name for path in folder.iterdir())
    loader = (
        "def load(path):\n"
        "    name = os.path.basename(str(path))\n"
        f"    if name == {names[1]!r}: os.kill(os.getpid(), signal.SIGSEGV)\n"
        f"    if name == {names[0]!r}:\n"
        "        os.kill(os.getppid(), signal.SIGKILL)\n"
        "        os._exit(1)\n"
        "    return real(path)"
    )
    on_cluster(tmp_path, loader, folder, out)
    entries = {Path(entry.path).name: entry for entry in Corpus.open(out).ledger().entries}
    assert [entries[name].result for name in names] == ["unreadable", "unreadable", "used"]
    assert "SIGSEGV" in entries[names[1]].detail
    assert "again and again" in entries[names[0]].detail
    assert sorted(path.suffix for path in (out / "chunks").iterdir()) == [".json", ".npz"]


@pytest.mark.slow
def test_a_cluster_that_is_there_is_used_and_left_as_it_was(tunes: Tunes, tmp_path: Path) -> None:
    from distributed import Client, LocalCluster

    settings = {
        "processes": True,
        "host": "127.0.0.1",
        "scheduler_kwargs": {"dashboard": False},
        "silence_logs": "ERROR",
    }
    with LocalCluster(n_workers=1, threads_per_worker=2, **settings) as there:
        address = there.scheduler_address
        build([tunes(CHUNK_SIZE + 3)], tmp_path / "there", engine="dask", scheduler=address)
        with Client(address, set_as_default=False) as client:
            readers = client.run(lambda: len(multiprocessing.active_children()))
            assert list(readers.values()) == [0]
    build([tmp_path / "tunes"], tmp_path / "alone", workers=1)
    assert content(tmp_path / "there") == content(tmp_path / "alone")


def test_no_scheduler_no_build(tunes: Tunes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "_CONNECT_S", 0.5)
    for address in ("tcp://127.0.0.1:1", "nowhere at all", "carrier://pigeon"):
        with pytest.raises(OptionError, match="no Dask scheduler"):
            build([tunes(1)], tmp_path / "out", engine="dask", scheduler=address)


def test_without_dask_it_says_what_to_install(
    tunes: Tunes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependency, match=r"pip install 'antiphon\[cluster\]'"):
        build([tunes(1)], tmp_path / "out", engine="dask")


@pytest.fixture
def job(tunes: Tunes, tmp_path: Path) -> ExtractionJob:
    folder = tunes(2)
    (tmp_path / "chunks").mkdir()
    places = tuple(Place(os.path.relpath(path, tmp_path)) for path in sorted(folder.iterdir()))
    return ExtractionJob("chunks/0.npz", places, (KindOptions("melody", MelodyOptions()),), 4)


def test_a_worker_in_another_folder_finds_the_files(job: ExtractionJob, tmp_path: Path) -> None:
    assert os.getcwd() != str(tmp_path)
    dask_worker.run(job, dask_worker.ClusterSettings(str(tmp_path), dask_worker.__version__, 30.0))
    assert (tmp_path / "chunks" / "0.npz").is_file()
    assert len(dask_worker._idle) == 1
    dask_worker.end_idle()
    assert not dask_worker._idle


def test_a_worker_that_cannot_do_it_says_why(job: ExtractionJob, tmp_path: Path) -> None:
    here = dask_worker.ClusterSettings(str(tmp_path), dask_worker.__version__, 30.0)
    with pytest.raises(CorpusError, match=r"has version .*, not 9\.9; install the same"):
        dask_worker.run(job, here._replace(version="9.9"))
    with pytest.raises(CorpusError, match=r"There is no '.*nowhere' on the worker"):
        dask_worker.run(replace(job, out="nowhere/0.npz"), here)
    with pytest.raises(CorpusError, match=r"There is no '.*gone\.mid' on the worker"):
        dask_worker.run(replace(job, places=(Place("gone.mid"),)), here)


class Name:
    """Written into a program as it is."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name
