"""Published connectors: the manifest in a package `airbyte-source-NAME`, which is downloaded and read, never run."""

from __future__ import annotations

import asyncio
import re
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from core.manifest.files import MAX_BYTES
from tui.importing.drafts import ImportRefused, WholeManifest
from tui.importing.material import WHEEL, Material
from tui.importing.pip_download import MOST_BYTES, Progress, download_wheel

_REQUIREMENT = re.compile(
    r"(?:\$?\s*pip3?\s+install\s+)?(?:airbyte[-_.])?(source[-_.][a-z0-9]+(?:[-_.][a-z0-9]+)*)"
    r"(?:\s*==\s*v?([0-9][0-9a-z.+!-]{0,40}))?",
    re.I | re.A,
)
_LONGEST = 120
_MANIFEST = re.compile(r"(source_[a-z0-9_]+)/manifest\.ya?ml", re.A)
_COMPONENTS = (
    "It has components of its own, written in Python (components.py): Longhaul keeps them in the manifest, but does "
    "not run them."
)
_MOST_FILES = 50_000
_METHODS = (ZIP_STORED, ZIP_DEFLATED)
"""Those of wheels. Python unpacks what others compress without a limit of memory."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package to take the manifest of; without a version, the newest one."""

    name: str
    version: str = ""

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}".strip()


def package_in(text: str) -> Package | None:
    """The published connector that a text names (`airbyte-source-NAME`, with or without a version); None if none."""
    if len(text) > _LONGEST or (found := _REQUIREMENT.fullmatch(text.strip())) is None:
        return None
    return Package(f"airbyte-{re.sub(r'[-_.]+', '-', found[1].lower())}", found[2] or "")


async def published(package: Package, progress: Progress) -> WholeManifest:
    """Download a package with pip, and read its manifest. Raises ImportRefused."""
    try:
        with TemporaryDirectory(prefix="longhaul-", ignore_cleanup_errors=True) as folder:
            wheel = await download_wheel(package.name, package.version, Path(folder), progress)
            progress(f"Reading {package.name}…")
            return await asyncio.to_thread(manifest_of_wheel, wheel)
    except OSError as error:
        raise ImportRefused(f"There is no place to download to: {error.strerror or error}.") from None


def read_wheel(material: Material) -> WholeManifest | None:
    """The manifest in the file of a package; None when it is something else. Raises ImportRefused."""
    path = material.path
    return manifest_of_wheel(path) if path is not None and path.suffix.lower() == WHEEL else None


def manifest_of_wheel(wheel: Path) -> WholeManifest:
    """The manifest in a wheel, read in place: nothing is unpacked. Raises ImportRefused."""
    title = " ".join(wheel.name.split("-")[:2]).replace("_", "-")
    if wheel.is_file() and wheel.stat().st_size > MOST_BYTES:
        raise ImportRefused(f"{wheel.name} is larger than {MOST_BYTES // 1024 // 1024} MB; connectors are not.")
    try:
        with ZipFile(wheel) as archive:
            return _manifest_in(archive, title)
    except ImportRefused:
        raise
    except OSError as error:
        raise ImportRefused(f"{wheel.name} can't be read: {error.strerror or error}.") from None
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise ImportRefused(f"{wheel.name} is damaged; download it again.") from None


def _manifest_in(archive: ZipFile, title: str) -> WholeManifest:
    files = archive.infolist()
    if len(files) > _MOST_FILES:
        raise ImportRefused(f"{title} has more files than a connector has.")
    found = [one for one in files if _MANIFEST.fullmatch(one.filename)]
    if not found:
        raise ImportRefused(
            f"{title} has no manifest: it is written in Python, which Longhaul does not run. Begin from the OpenAPI "
            "document or a curl command of its API instead."
        )
    own = f"{title.partition(' ')[0].removeprefix('airbyte-').replace('-', '_')}/"
    manifest = next((one for one in found if one.filename.startswith(own)), found[0])
    names = {one.filename for one in files}
    components = str(PurePosixPath(manifest.filename).with_name("components.py"))
    return WholeManifest(title, _text(archive, manifest), (_COMPONENTS,) if components in names else ())


def _text(archive: ZipFile, manifest: ZipInfo) -> str:
    if manifest.compress_type not in _METHODS:
        raise ImportRefused(f"{manifest.filename} is compressed in a way that packages don't use.")
    with archive.open(manifest) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ImportRefused(
            f"{manifest.filename} is larger than {MAX_BYTES // 1_000_000} MB, too large for a manifest."
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ImportRefused(f"{manifest.filename} is not UTF-8 text.") from None
