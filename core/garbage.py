"""When Python need not look for garbage: while much is made at once that is kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def not_collected() -> Iterator[None]:
    """Nothing that is made meanwhile is looked through for garbage until the end; it can be used as a decorator, too.

    Python looks again and again through all that a growing tree consists of, which takes as long as making it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
