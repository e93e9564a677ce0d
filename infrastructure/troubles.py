"""What is in the way of a thread that tries again every second: it is logged once a minute."""

import math
import time

SAID_AGAIN_SECONDS = 60.0


class Troubles:
    """When errors were logged last, by their type."""

    def __init__(self) -> None:
        self._said: dict[type[Exception], float] = {}

    def is_to_be_said(self, error: Exception) -> bool:
        """Whether an error is to be logged; its like is not until a minute later."""
        now = time.monotonic()
        if now - self._said.get(type(error), -math.inf) < SAID_AGAIN_SECONDS:
            return False
        self._said[type(error)] = now
        return True
