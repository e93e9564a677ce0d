"""How the processes tell what happens: a line each, for people at a terminal, as JSON for everything else."""

import logging
import sys
from typing import Any

import structlog

from infrastructure.settings import LogForm

_SHARED: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso")]


def configure(form: LogForm | None = None) -> None:
    """Let structlog write to the standard error. Without a form, a terminal decides."""
    structlog.configure(
        processors=[*_SHARED, *_rendering(form)], logger_factory=lambda *_: structlog.PrintLogger(sys.stderr)
    )


def take_in_others(form: LogForm | None = None) -> None:
    """Let what the libraries log have the same form, in a process that does nothing but serve."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder(allow=())],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(form)],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _rendering(form: LogForm | None) -> list[Any]:
    """An error comes with its trace alone: with all the values around it, it takes seconds, and tells secrets."""
    if form == "text" or (form is None and sys.stderr.isatty()):
        return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
