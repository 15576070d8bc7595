"""Downloads a wheel with pip, which has the person's settings (index, proxy, certificates). Nothing of it is run."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from core.wording import one_line
from tui.importing.drafts import ImportRefused

Progress = Callable[[str], None]
"""Is told what is being done, in a few words for people."""

TIME_LIMIT = 120.0
"""Seconds for everything."""
MOST_BYTES = 16 * 1024 * 1024
"""How large a wheel may be. Those of connectors are smaller than 1 MB."""
_OPTIONS = (
    *("--no-deps", "--only-binary", ":all:"),  # building a source distribution would run code of it
    *("--ignore-requires-python", "--no-cache-dir", "--no-input", "--disable-pip-version-check"),
    *("--progress-bar", "off", "--retries", "1", "--timeout", "15"),
)
_OUTPUT_KEPT = 20_000
_LOOK_EVERY = 0.2
_LONGEST_REASON = 200
_VERSIONS = re.compile(r"\(from versions: ([^)]*)\)")
_DOWNLOADING = re.compile(r"^\s*Downloading \S+ \(([^)]{1,20})\)", re.M)
_CREDENTIALS = re.compile(r"://[^@/\s]+@")
_OFFLINE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|connection broken"
    r"|Max retries exceeded|Network is unreachable|Temporary failure in name resolution|Read timed out",
    re.I,
)
_REFUSED = re.compile(r"SSLError|CERTIFICATE_VERIFY_FAILED|\b40[137]\b (?:Client Error|Unauthorized)|HTTP error", re.I)


async def download_wheel(package: str, version: str, folder: Path, progress: Progress) -> Path:
    """Download the wheel of a package, the newest one without a version. Raises ImportRefused.

    `folder` is empty and holds nothing else meanwhile. The process ends with this, also when it is cancelled.
    """
    progress(f"Asking pip for {package}…")
    wanted = f"{package}=={version}" if version else package
    command = (*_pip(), "download", *_OPTIONS, "--dest", str(folder / "wheel"), "--", wanted)
    try:
        async with asyncio.timeout(TIME_LIMIT), _started(command, folder) as process:
            output = await _followed(process, folder, lambda size: progress(f"Downloading {package} ({size})…"))
    except TimeoutError:
        raise ImportRefused(
            f"pip did not get {package} within {TIME_LIMIT:.0f} s. Try again, or download its wheel yourself and give "
            "the path of it."
        ) from None
    except OSError as error:
        raise ImportRefused(f"pip can't be started: {error.strerror or error}.") from None
    found = sorted((folder / "wheel").glob("*.whl"))
    if process.returncode != 0 or not found:
        raise ImportRefused(_refusal(package, version, output))
    return found[0]


def _pip() -> tuple[str, ...]:
    """The command that is pip: that of this environment, or else the one on the path."""
    if find_spec("pip") is not None:
        return (sys.executable, "-P", "-m", "pip")  # -P: a file pip.py in the current folder is not pip
    for name in ("pip3", "pip"):
        if (found := shutil.which(name)) is not None:
            return (found,)
    raise ImportRefused(
        "There is no pip to download it with. Install pip, or download the wheel of the package elsewhere and give the "
        "path of it."
    )


@asynccontextmanager
async def _started(command: tuple[str, ...], folder: Path) -> AsyncIterator[Process]:
    """The process, which is ended with the block; its temporary files are in the folder, too."""
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    environment = {**os.environ, **places, "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONUNBUFFERED": "1", "LC_ALL": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=environment)
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())


async def _followed(process: Process, folder: Path, downloading: Progress) -> str:
    """The last part of what a process writes until it ends. Raises ImportRefused when the folder grows too large."""
    assert process.stdout is not None
    output, length, ended = "", "", False
    while not ended:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_EVERY):
                chunk = await process.stdout.read(4096)
                ended = not chunk
                output = (output + chunk.decode(errors="replace"))[-_OUTPUT_KEPT:]
                if (found := _DOWNLOADING.findall(output)) and found[-1] != length:
                    length = found[-1]
                    downloading(length)
        if await asyncio.to_thread(_size, folder) > 2 * MOST_BYTES:  # pip copies the wheel when it has it
            raise ImportRefused(f"The package is larger than {MOST_BYTES // 1024 // 1024} MB; connectors are not.")
    await process.wait()
    return output


def _size(folder: Path) -> int:
    """Bytes of all files in a folder that is written to meanwhile."""
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            with suppress(OSError):
                total += os.path.getsize(os.path.join(place, file))
    return total


def _refusal(package: str, version: str, output: str) -> str:
    """What went wrong, by what pip wrote."""
    known = [one for found in _VERSIONS.findall(output) for one in found.split(", ") if one not in ("", "none")]
    if version and known:
        return f"There is no version {version} of {package}; the latest are {', '.join(known[-3:])}."
    if _OFFLINE.search(output):
        return (
            f"The package index can't be reached, so {package} can't be downloaded. Check the network, or pip's "
            "settings of index and proxy; or give the path of a wheel that you have."
        )
    if "No matching distribution" in output and not _REFUSED.search(output):
        return (
            f"There is no package {package} with a wheel. Check the name; packages that would have to be built "
            "are not used, because building runs their code."
        )
    return f"pip can't download {package}: {_reason(output)}"


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.partition("ERROR:")[2].strip() for line in lines if "ERROR:" in line]
    reason = (errors or lines or ["it gives no reason."])[-1]
    return one_line(_CREDENTIALS.sub("://", reason), _LONGEST_REASON)
