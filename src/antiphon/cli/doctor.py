"""`antiphon doctor`: what works on this machine, and what to install for the rest."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import typer

from antiphon.cli.printing import console, print_json, table


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it works, what was found, and what to do where it does not."""

    what: str
    works: bool
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    """Add the verb `doctor`."""

    @app.command()
    def doctor(as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON.")) -> None:
        """Say what works on this machine and what to install for the rest."""
        findings = examine()
        if as_json:
            print_json([asdict(finding) for finding in findings])
        else:
            _print(findings)
        if not all(finding.works for finding in findings if finding.what.startswith("Playing")):
            raise typer.Exit(1)


def examine() -> list[Finding]:
    """Everything the doctor looks at, the essential first."""
    return [
        _python(),
        _playing(),
        *_bundles(),
        _records(),
        _training(),
        _accelerator(),
        _cluster(),
        _sound_device(),
        _soundfont(),
    ]


def _python() -> Finding:
    import platform
    import sys

    works = sys.version_info >= (3, 11)
    return Finding("Python", works, platform.python_version(), "Install Python 3.11 or newer.")


def _version(*packages: str) -> tuple[bool, str]:
    """Whether all packages are installed, and their versions in words."""
    from importlib import metadata

    words, complete = [], True
    for package in packages:
        try:
            words.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            words.append(f"{package} missing")
            complete = False
    return complete, ", ".join(words)


def _playing() -> Finding:
    works, found = _version("onnxruntime", "symusic", "soundfile", "numpy")
    return Finding("Playing and rendering", works, found, "pip install antiphon")


def _bundles() -> list[Finding]:
    from antiphon.errors import AntiphonError
    from antiphon.runtime import bundle
    from antiphon.runtime.selfcheck import verify

    findings = []
    for path in bundle.shipped():
        try:
            opened = bundle.Bundle.open(path)
            verify(opened)
            found = f"{path.stat().st_size / 1e6:.1f} MB, plays as where it was made"
            findings.append(Finding(f"Bundle {opened.recipe.name}", True, found))
        except AntiphonError as error:
            findings.append(Finding(f"Bundle {path.stem}", False, str(error), "Install antiphon again."))
    return findings


def _records() -> Finding:
    works, found = _version("protobuf", "google-crc32c")
    return Finding("NoteSequences", works, found, "pip install antiphon")


def _training() -> Finding:
    works, found = _version("torch", "onnx", "onnxscript", "tensorboard")
    return Finding("Training", works, found, "pip install 'antiphon[train]'")


def _accelerator() -> Finding:
    if not _version("torch")[0]:
        return Finding("Accelerator", False, "needs torch to look for one", "pip install 'antiphon[train]'")
    from antiphon.train import device

    kind = device.choose_device("auto").torch_device.type
    return Finding(
        "Accelerator", kind != "cpu", kind, "Training runs on the CPU; that is enough for the melody models."
    )


def _cluster() -> Finding:
    works, found = _version("dask", "distributed")
    return Finding("Corpora built on a cluster", works, found, "pip install 'antiphon[cluster]'")


def _sound_device() -> Finding:
    from antiphon.render import device

    found = device.find()
    remedy = "Render to a file with 'antiphon render', or: pip install 'antiphon[sound]'"
    return Finding("Sound device", found is not None, found.name if found else "none found", remedy)


def _soundfont() -> Finding:
    from antiphon.render import fluid

    found = fluid.find()
    words = f"FluidSynth with {found.soundfont.name}" if found else "none; Antiphon's own synthesiser plays"
    return Finding(
        "FluidSynth and SoundFont", found is not None, words, "Optional: install fluidsynth and a SoundFont."
    )


def _print(findings: list[Finding]) -> None:
    from rich.text import Text

    made = table("", "What", "Found", "What to do")
    for finding in findings:
        mark = Text("ok", "green") if finding.works else Text("--", "yellow")
        made.add_row(mark, finding.what, finding.found, "" if finding.works else finding.remedy)
    console().print(made)
