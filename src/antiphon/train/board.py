"""TensorBoard's event files: figures, and one sample as picture and sound at each evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import MissingDependency

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    raise MissingDependency("Training logs to TensorBoard: pip install 'antiphon[train]'.") from error


class Board:
    """Writes event files into `folder`, and hides those after `step` that an earlier, killed process left."""

    def __init__(self, folder: Path, step: int) -> None:
        self._writer = SummaryWriter(str(folder), purge_step=step + 1)

    def figures(self, step: int, kind: str, figures: Mapping[str, float]) -> None:
        """One curve a figure, grouped by `kind`."""
        for name, value in figures.items():
            self._writer.add_scalar(f"{kind}/{name}", value, step)

    def text(self, tag: str, text: str) -> None:
        """A text to read beside the curves."""
        self._writer.add_text(tag, text)

    def picture(self, step: int, tag: str, pixels: NDArray[np.uint8]) -> None:
        """A picture, uint8 [height, width, channels]."""
        self._writer.add_image(tag, pixels, step, dataformats="HWC")

    def sound(self, step: int, tag: str, samples: NDArray[np.float32], rate: int) -> None:
        """Sound, float32 [n, channels] in -1..1, stored as mono."""
        self._writer.add_audio(tag, samples.mean(axis=1)[None], step, sample_rate=rate)

    def flush(self) -> None:
        """Let readers see what was written."""
        self._writer.flush()

    def close(self) -> None:
        """Write what is left and close the files."""
        self._writer.close()
