"""Files to download: written on first demand to a temporary folder, served in ranges, linked for a while."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import io
import re
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from sample_configs.demo_api.exchange import FileSlice, Request, Response

Chunks = Callable[[], Iterable[bytes]]
Writer = Callable[[BinaryIO], None]

LINK_SECONDS = 15 * 60
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def plain(chunks: Chunks) -> Writer:
    """Write the chunks as they are."""

    def write(file: BinaryIO) -> None:
        for chunk in chunks():
            file.write(chunk)

    return write


def gzipped(chunks: Chunks) -> Writer:
    """Write the chunks as one gzip member, the same bytes every time."""

    def write(file: BinaryIO) -> None:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0, filename="") as packed:
            for chunk in chunks():
                packed.write(chunk)

    return write


def zipped(members: Mapping[str, Chunks]) -> Writer:
    """Write a ZIP archive."""

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name, chunks in members.items():
                info = zipfile.ZipInfo(name)
                info.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(info, "w", force_zip64=True) as packed:
                    for chunk in chunks():
                        packed.write(chunk)

    return write


def tarred(members: Mapping[str, Chunks]) -> Writer:
    """Write a tar archive that is packed with gzip; the members are made in memory, one at a time."""

    def write(file: BinaryIO) -> None:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            for name, chunks in members.items():
                content = b"".join(chunks())
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))

    return write


class FileStore:
    """The files on offer, by name. Nothing is kept in memory but their names."""

    def __init__(self, secret: int) -> None:
        self._secret = str(secret).encode()
        self._folder = tempfile.TemporaryDirectory(prefix="longhaul-demo-")
        self._lock = threading.Lock()
        self._offers: dict[str, tuple[str, Writer]] = {}

    def close(self) -> None:
        """Delete what was written."""
        self._folder.cleanup()

    def offer(self, name: str, media_type: str, writer: Writer) -> None:
        """Make a file available; it is written when it is first asked for."""
        self._offers[name] = (media_type, writer)

    def link(self, request: Request, name: str, seconds: float = LINK_SECONDS) -> str:
        """A link such as object stores sign: path and query, good for so long."""
        life = request.fault.link_seconds
        expires = str(int(time.time() + (seconds if life is None else life)))
        return f"/files/{name}?" + urlencode({"Expires": expires, "Signature": self._sign(name, expires)})

    def by_link(self, request: Request) -> Response:
        """The answer to a signed link, in the manner of S3 (errors are XML)."""
        name = request.path.removeprefix("/files/")
        expires, signature = request.query.get("Expires", "0"), request.query.get("Signature", "")
        if request.method not in ("GET", "HEAD"):
            return s3_error(405, "MethodNotAllowed", "The specified method is not allowed for this resource.")
        if request.header("Authorization"):
            return s3_error(400, "InvalidArgument", "Only one auth mechanism allowed.")
        if not hmac.compare_digest(signature.encode(), self._sign(name, expires).encode()):
            return s3_error(403, "SignatureDoesNotMatch", "The request signature does not match.")
        if int(expires) <= time.time():
            return s3_error(403, "AccessDenied", "Request has expired")
        return self.serve(request, name)

    def serve(self, request: Request, name: str) -> Response:
        """The file, or the part of it that `Range` (with `If-Range`) asks for."""
        media_type, writer = self._offers[name]
        path = self._written(name, writer)
        size = path.stat().st_size
        etag = f'"{hashlib.md5(name.encode() + self._secret, usedforsecurity=False).hexdigest()}"'
        headers = {"Content-Type": media_type, "ETag": etag, "Accept-Ranges": "bytes"}
        wanted = _RANGE.fullmatch(request.header("Range"))
        if wanted is None or request.header("If-Range") not in ("", etag):
            return Response(200, FileSlice(path, 0, size), headers)
        start, stop = _bounds(wanted[1], wanted[2], size)
        if start >= stop:
            return Response(416, b"", {"Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        return Response(206, FileSlice(path, start, stop), headers)

    def _sign(self, name: str, expires: str) -> str:
        return hmac.new(self._secret, f"{name} {expires}".encode(), "sha256").hexdigest()

    def _written(self, name: str, writer: Writer) -> Path:
        path = Path(self._folder.name, name.replace("/", "_"))
        with self._lock:
            if not path.exists():
                with path.open("wb") as file:
                    writer(file)
        return path


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Start and stop (exclusive) of a byte range; nothing lies between them when it cannot be met."""
    if not first:
        return max(0, size - int(last or 0)), size
    return int(first), min(size, int(last) + 1 if last else size)


def s3_error(status: int, code: str, message: str) -> Response:
    """An error as S3 words it, in XML."""
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'
    return Response(status, text.encode(), {"Content-Type": "application/xml"})
