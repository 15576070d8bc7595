"""The command `source-longhaul`. The engine is loaded only when a command needs it, so that `spec` answers at once."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from core.protocols import messages
from core.protocols.options import Request, parse
from core.protocols.writer import MessageWriter

if TYPE_CHECKING:
    from core.errors import LonghaulError
    from core.manifest.problems import ManifestError

_PROBLEMS_SHOWN = 20


def main() -> int:
    """Carry out what the command line asks for and return the exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    request = parse(sys.argv[1:])
    if request.command == "version":
        return _show_version()
    writer = MessageWriter(1)
    code = answer(request, writer)
    writer.close()
    if writer.error is not None:
        return _not_written(writer.error)
    return code


def answer(request: Request, writer: MessageWriter) -> int:
    """Send what a command gives, and return its exit code. Failures are messages, too."""
    from core.errors import LonghaulError, ManifestError, fault_text

    try:
        return _spec(request, writer) if request.command == "spec" else _with_engine(request, writer)
    except (LonghaulError, ManifestError) as error:
        writer.send(messages.error(_text(error), messages.CONFIG_ERROR))
    except Exception as error:  # the last resort: a message, never a traceback
        from core.http.secrets import mask_known

        writer.send(messages.error(f"Longhaul {fault_text(error, mask_known)}", messages.SYSTEM_ERROR))
    return 1


def _spec(request: Request, writer: MessageWriter) -> int:
    from core.protocols.manifest import find_manifest, specification

    writer.send(messages.spec(specification(find_manifest(request.manifest))))
    return 0


def _with_engine(request: Request, writer: MessageWriter) -> int:
    """What the commands need that send requests. Its imports create no garbage: collecting it would only take time."""
    gc.disable()
    try:
        from core.connector.registry import component_types
        from core.protocols.commands import carry_out

        component_types()
    finally:
        gc.freeze()
        gc.enable()
    return carry_out(request, writer)


def _text(error: LonghaulError | ManifestError) -> str:
    lines = str(error).splitlines()
    more = len(lines) - _PROBLEMS_SHOWN
    return "\n".join(lines[:_PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else []))


def _show_version() -> int:
    from core.version import VERSION

    print(f"source-longhaul {VERSION}", flush=True)
    return 0


def _not_written(error: OSError) -> int:
    """Say what became of standard output; nobody who has closed it wants to know."""
    if not isinstance(error, BrokenPipeError):
        with suppress(OSError):
            os.write(2, f"source-longhaul: standard output can't be written: {error.strerror}.\n".encode())
    return 1


if __name__ == "__main__":
    sys.exit(main())
