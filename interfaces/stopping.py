"""How a process ends when it is told to: cleanly, with exit code 0, and in any case within a bounded time."""

import os
import signal
from threading import Timer
from types import FrameType

import structlog

STOP_SECONDS = 40.0
"""More than a stop can take as long as the store answers."""

_log = structlog.get_logger()


def end_cleanly_when_told() -> None:
    """Let SIGTERM and SIGINT end the process with exit code 0 from now on, also while it starts."""
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, _end)


def give_up_later() -> None:
    """End the process in the middle of things where it has not ended by then. What was acknowledged is on disk."""
    timer = Timer(STOP_SECONDS, _give_up)
    timer.daemon = True
    timer.start()


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _give_up() -> None:
    _log.error("the stop takes too long, and is cut short; what was acknowledged is stored")
    os._exit(1)
