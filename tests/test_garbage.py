"""That the collector of garbage runs again, whoever paused it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from threading import Thread

import pytest

from core import garbage
from core.garbage import not_collected


def test_the_collector_pauses_until_the_outermost_block_ends() -> None:
    with not_collected():
        with not_collected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_exception_ends_the_pause() -> None:
    with pytest.raises(ZeroDivisionError), not_collected():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with not_collected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_thread_that_ends_while_another_one_begins_leaves_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    first = not_collected()
    first.__enter__()
    ending = Thread(target=lambda: first.__exit__(None, None, None))

    class Between:
        """The first block ends, if it can, after the second one has looked and before it pauses the collector."""

        isenabled: Callable[[], bool] = staticmethod(gc.isenabled)
        enable: Callable[[], None] = staticmethod(gc.enable)

        @staticmethod
        def disable() -> None:
            ending.start()
            ending.join(0.1)
            gc.disable()

    monkeypatch.setattr(garbage, "gc", Between)
    with not_collected():
        if ending.ident is None:
            ending.start()
    ending.join()
    assert gc.isenabled()
