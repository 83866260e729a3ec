"""Workers whose parent ends or is interrupted: they end, whatever they are doing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

Tunes = Callable[..., Path]

LIFE_S = 300
HANGS = {
    "asleep": f"time.sleep({LIFE_S})",
    "in C, with the interpreter to itself": f"ctypes.PyDLL(None).sleep({LIFE_S})",
}


@pytest.mark.parametrize("hang", HANGS)
def test_a_hanging_reader_ends_with_the_build(hang: str, tunes: Tunes, tmp_path: Path) -> None:
    if "C" in hang and sys.platform != "linux":
        pytest.skip("only Linux ends what does not let Python act")
    mark, command = tmp_path / "hangs", tmp_path / "build.py"
    command.write_text(
        "import ctypes, pathlib, time\n"
        "from antiphon.data import extraction\n"
        f"def load(place):\n    pathlib.Path({str(mark)!r}).touch()\n    {HANGS[hang]}\n"
        "extraction.load = load\n"
        "if __name__ == '__main__':\n"
        "    from antiphon.data.build import build\n"
        f"    build([{str(tunes(1))!r}], {str(tmp_path / 'out')!r}, workers=2, time_limit_s={LIFE_S})\n"
    )
    process = subprocess.Popen([sys.executable, command])
    readers = _children_at_work(process, mark)
    process.kill()
    process.wait()
    assert readers
    _, alive = psutil.wait_procs(readers, timeout=20)
    assert [reader for reader in alive if reader.status() != psutil.STATUS_ZOMBIE] == []


def _children_at_work(process: subprocess.Popen[bytes], mark: Path) -> list[psutil.Process]:
    deadline = time.monotonic() + 60
    while not mark.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return psutil.Process(process.pid).children(recursive=True)


def test_ctrl_c_ends_a_build_in_a_line_and_its_readers(tunes: Tunes, tmp_path: Path) -> None:
    tunes(40)
    out = tmp_path / "out"
    main = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from antiphon.cli.app import main; main()"
    )
    words = ["corpus", "build", str(tmp_path / "tunes"), "-o", str(out), "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-c", main, *words], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while process.poll() is None and not (out / "chunks" / "plan.json").exists():
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "Stopped. The same command goes on from here.\n"
