"""Bodies without secrets, such that what reads them reads them as before: in texts, in JSON, in compressed files."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from core.cases.case import CaseError
from core.http.charsets import charset_named
from core.http.secrets import MASK, Secrets

_PACKED = {
    "gzip": b"\x1f\x8b",
    "zip": b"PK\x03\x04",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\0",
    "Zstandard": b"\x28\xb5\x2f\xfd",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "RAR": b"Rar!\x1a\x07",
}
"""What packed files begin with."""
_TAR, _TAR_AT = b"ustar", 257
_DAMAGED = "Among the answers is a damaged {}, which can't be looked into, so secrets can't be masked in it."
LARGEST_INSIDE = 200_000_000
"""Bytes that a compressed body may hold."""
_LEVELS = 3
"""Archives that may be in each other."""
_TOO_LARGE = f"A compressed answer holds more than {LARGEST_INSIDE // 1_000_000} MB."


def masked_body(body: bytes, content_type: str, secrets: Secrets, levels: int = _LEVELS) -> bytes:
    """A body without secrets. Raises `CaseError` for one that holds secrets where they can't be masked, or may."""
    charset = _charset(body, content_type)
    if charset is not None:
        text = body.decode(charset)
        masked = mask_text(text, secrets)
        return body if masked == text else masked.encode(charset)
    kind = next((kind for kind, magic in _PACKED.items() if body.startswith(magic)), None)
    if kind is None and body[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        kind = "tar"
    if kind is None:
        _check_binary(body, secrets)
        return body
    mask = _MASKED.get(kind)
    if mask is None or not levels:
        what = f"a {kind} file" if levels else "an archive in an archive in an archive"
        raise CaseError(f"Among the answers is {what}, which is not looked into, so secrets can't be masked in it.")
    return mask(body, secrets, levels - 1)


def _check_binary(body: bytes, secrets: Secrets) -> None:
    if secrets.holds(body.decode("latin-1")):
        raise CaseError(
            "A binary answer holds a secret, which can't be masked there: a case of it would give the secret away."
        )


def mask_text(text: str, secrets: Secrets) -> str:
    """A text without secrets; JSON in it, or in its lines, stays JSON."""
    masked = secrets.mask(text)
    if masked == text or not text.lstrip().startswith(("{", "[")):
        return masked
    value = _json(text)
    if value is not None:
        return masked if _json(masked) is not None else _dumped(mask_value(value, secrets, 0))
    return "\n".join(_masked_line(line, secrets) for line in text.split("\n"))


def mask_value(value: Any, secrets: Secrets, number: Any = MASK) -> Any:
    """A value of JSON without secrets; `number` stands for a number that is one."""
    if isinstance(value, str):
        return secrets.mask(value)
    if isinstance(value, Mapping):
        return {secrets.mask(str(key)): mask_value(item, secrets, number) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_value(item, secrets, number) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and MASK in secrets.mask(str(value)):
        return number
    return value


def _masked_line(line: str, secrets: Secrets) -> str:
    masked = secrets.mask(line)
    value = None if masked == line else _json(line)
    return masked if value is None or _json(masked) is not None else _dumped(mask_value(value, secrets, 0))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _charset(body: bytes, content_type: str) -> str | None:
    """The charset in which a body is a text; None if it is none."""
    if b"\0" in body and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    for charset in ("utf-8", charset_named(content_type)):
        try:
            if charset is not None and body.decode(charset).encode(charset) == body:
                return charset
        except (UnicodeError, LookupError):
            continue
    return None


def _masked_gzip(body: bytes, secrets: Secrets, levels: int) -> bytes:
    inside, behind = _unzipped(body)
    _check_binary(behind, secrets)
    masked = masked_body(inside, "", secrets, levels)
    return body if masked == inside else gzip.compress(masked, mtime=0) + behind


def _unzipped(body: bytes) -> tuple[bytes, bytes]:
    """What is in a gzip file, the begin of it if the file is cut; and what is behind its end."""
    inside, rest = bytearray(), body
    while rest.startswith(_PACKED["gzip"]):
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            inside += unpacking.decompress(rest, LARGEST_INSIDE + 1 - len(inside))
        except zlib.error:
            raise CaseError(_DAMAGED.format("gzip file")) from None
        rest = unpacking.unused_data
        if len(inside) > LARGEST_INSIDE:
            raise CaseError(_TOO_LARGE)
    return bytes(inside), rest


def _masked_zip(body: bytes, secrets: Secrets, levels: int) -> bytes:
    rebuilt, size = io.BytesIO(), 0
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive, zipfile.ZipFile(rebuilt, "w", zipfile.ZIP_DEFLATED) as new:
            new.comment = secrets.mask(archive.comment.decode("latin-1")).encode("latin-1")
            changed = new.comment != archive.comment
            for member in archive.infolist():
                size += member.file_size
                if size > LARGEST_INSIDE:
                    raise CaseError(_TOO_LARGE)
                inside = archive.read(member)
                masked = masked_body(inside, "", secrets, levels)
                name = secrets.mask(member.filename)
                changed = changed or masked != inside or name != member.filename
                new.writestr(zipfile.ZipInfo(name, member.date_time), masked, zipfile.ZIP_DEFLATED)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError):
        raise CaseError(_DAMAGED.format("zip file")) from None
    return rebuilt.getvalue() if changed else body


def _masked_tar(body: bytes, secrets: Secrets, levels: int) -> bytes:
    rebuilt, changed = io.BytesIO(), False
    try:
        with (
            tarfile.open(fileobj=io.BytesIO(body), mode="r:") as archive,
            tarfile.open(fileobj=rebuilt, mode="w") as new,
        ):
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                inside = file.read() if file is not None else b""
                masked = masked_body(inside, "", secrets, levels)
                name = secrets.mask(member.name)
                changed = changed or masked != inside or name != member.name
                member.name, member.size, member.pax_headers = name, len(masked), {}
                new.addfile(member, io.BytesIO(masked))
    except (tarfile.TarError, OSError, ValueError):
        raise CaseError(_DAMAGED.format("tar file")) from None
    result = rebuilt.getvalue() if changed else body
    _check_binary(result, secrets)
    return result


_MASKED = {"gzip": _masked_gzip, "zip": _masked_zip, "tar": _masked_tar}
"""What masks secrets in archives; other packed files are not looked into."""
