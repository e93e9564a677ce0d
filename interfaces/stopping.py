"""How a process ends when it is told to: cleanly, with exit code 0, and in any case within a bounded time."""

import os
import signal
from collections.abc import Callable
from threading import Timer
from types import FrameType

import structlog

STOP_SECONDS = 40.0
"""More than a stop can take as long as the store answers."""

_log = structlog.get_logger()


def end_cleanly_when_told() -> None:
    """Let SIGTERM and SIGINT end the process with exit code 0 from now on, also while it starts; further ones while it
    ends change nothing.
    """
    _meet_with(_end)


def give_up_later() -> None:
    """End the process in the middle of things where it has not ended by then. What was acknowledged is on disk."""
    timer = Timer(STOP_SECONDS, _give_up)
    timer.daemon = True
    timer.start()


def _meet_with(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, handler)


def _end(number: int, frame: FrameType | None) -> None:
    _meet_with(signal.SIG_IGN)
    raise SystemExit(0)


def _give_up() -> None:
    _log.error("the stop takes too long, and is cut short; what was acknowledged is stored")
    os._exit(1)
