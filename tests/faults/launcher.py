"""Runs `parley serve` with a clock that can be made to jump: `launcher.py FILE [--early] ARGUMENTS...`.

The file holds the seconds by which the clock is off. With `--early`, requests are answered before their records
are on disk: the build that the harness has to notice.
"""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

from infrastructure import committer
from interfaces import main
from interfaces.cli import app

EARLY = "--early"
EARLY_SECONDS = 0.1


def jumping(file: Path) -> Callable[[], datetime]:
    return lambda: main.now() + timedelta(seconds=float(file.read_text()))


class Early(committer.Committer):
    """Answers while the transaction is still open."""

    def commit(self, requests: Sequence[committer.Request]) -> list[Any]:
        answered: Future[list[Any]] = Future()

        def run() -> None:
            with self._log.appending():
                answered.set_result(super(Early, self).commit(requests))
                time.sleep(EARLY_SECONDS)

        Thread(target=run).start()
        return answered.result()


def launch(file: str, *arguments: str) -> None:
    clock, early = jumping(Path(file)), EARLY in arguments
    with (
        patch(
            "interfaces.service.application",
            lambda settings, parts, **more: main.application(settings, parts, clock, **more),
        ),
        patch("interfaces.main.Committer", Early if early else committer.Committer),
    ):
        app([argument for argument in arguments if argument != EARLY])


if __name__ == "__main__":
    launch(*sys.argv[1:])
