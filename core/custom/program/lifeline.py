"""The lifeline: what custom code has started ends with the run, however that ends and whatever the code is doing."""

import os
import select
import signal
from contextlib import suppress

_ADOPT_ORPHANS = 36
"""`PR_SET_CHILD_SUBREAPER` of Linux: processes whose parent has ended become children of this one, even those that have
left its group.
"""


def hold(lifeline):
    """Go on in a child. This process itself ends as the child does, and ends it when the other end of the pipe is
    closed; what the child has started ends, too: on Linux all of it, elsewhere what has stayed in its group.
    """
    _adopt_orphans()
    worker = os.fork()
    if worker == 0:
        os.close(lifeline)
        _offer_memory()
        return
    status = _ended(worker, lifeline)
    _end_children()
    if status is None:
        os.killpg(0, signal.SIGKILL)
    _end_as(status)


def _adopt_orphans():
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)


def _offer_memory():
    """Have Linux end this process first where memory runs out."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("800")


def _ended(worker, lifeline):
    """Wait for the end of the worker, and give its status; None: the lifeline has come first."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    waiting = select.poll()
    waiting.register(lifeline, select.POLLIN)
    waiting.register(woken, select.POLLIN)
    while True:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == worker:
            return status
        if child == 0:
            if lifeline in dict(waiting.poll()):
                return None
            os.read(woken, 1_000)


def _end_children():
    """End all children that are known, and those that become children by that."""
    while children := _children():
        for child in children:
            os.kill(child, signal.SIGKILL)
        os.waitpid(-1, 0)


def _children():
    """The children of this process; Linux tells which."""
    with suppress(OSError), open(f"/proc/self/task/{os.getpid()}/children") as listed:
        return [int(child) for child in listed.read().split()]
    return []


def _end_as(status):
    if os.WIFSIGNALED(status):
        with suppress(OSError):
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))
