"""A wish to stop, heard between two steps instead of in the middle of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Wish:
    """Whether somebody asked for a stop."""

    def __init__(self) -> None:
        self.stated = False

    def state(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: remember the first wish, obey a second at once."""
        if self.stated:
            raise KeyboardInterrupt
        self.stated = True


@contextmanager
def wish_to_stop() -> Iterator[Wish]:
    """Ctrl-C and SIGTERM become a wish that the loop reads after its step, so that nothing is half updated.

    Signals can be heard in the main thread only; elsewhere the wish stays unstated.
    """
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    former = {number: signal.signal(number, wish.state) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
