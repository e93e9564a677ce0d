"""How a process that serves for long goes about its memory."""

import gc


def collect_seldom() -> None:
    """Let the garbage collector go through what is held less often.

    Facts hold no circles, so it finds next to nothing there, and took a fifth of the time of a fold.
    """
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
