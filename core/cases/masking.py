"""Bodies without secrets, such that what reads them reads them as before: in texts, in JSON, in compressed files."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from core.cases.case import CaseError
from core.http.charsets import charset_named
from core.http.secrets import MASK, Secrets

_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
LARGEST_INSIDE = 200_000_000
"""Bytes that a compressed body may hold."""
_LEVELS = 3
"""Archives that may be in each other."""


def masked_body(body: bytes, content_type: str, secrets: Secrets, levels: int = _LEVELS) -> bytes:
    """A body without secrets. Raises `CaseError` for one that holds secrets where they can't be masked."""
    charset = _charset(body, content_type)
    if charset is not None:
        text = body.decode(charset)
        masked = mask_text(text, secrets)
        return body if masked == text else masked.encode(charset)
    if levels and body.startswith(_GZIP):
        inside = _unzipped(body)
        masked_inside = masked_body(inside, "", secrets, levels - 1)
        return body if masked_inside == inside else gzip.compress(masked_inside, mtime=0)
    if levels and body.startswith(_ZIP):
        return _masked_zip(body, secrets, levels)
    if secrets.holds(body.decode("latin-1")):
        raise CaseError(
            "A binary answer holds a secret, which can't be masked there: a case of it would give the secret away."
        )
    return body


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


def _unzipped(body: bytes) -> bytes:
    """What is in a gzip file; the begin of it if the file is cut."""
    inside, rest = bytearray(), body
    while rest.startswith(_GZIP):
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            inside += unpacking.decompress(rest, LARGEST_INSIDE + 1 - len(inside))
        except zlib.error:
            break
        rest = unpacking.unused_data
        if len(inside) > LARGEST_INSIDE:
            raise CaseError(f"A compressed answer holds more than {LARGEST_INSIDE // 1_000_000} MB.")
    return bytes(inside)


def _masked_zip(body: bytes, secrets: Secrets, levels: int) -> bytes:
    rebuilt, changed, size = io.BytesIO(), False, 0
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive, zipfile.ZipFile(rebuilt, "w", zipfile.ZIP_DEFLATED) as new:
            for member in archive.infolist():
                size += member.file_size
                if size > LARGEST_INSIDE:
                    raise CaseError(f"A compressed answer holds more than {LARGEST_INSIDE // 1_000_000} MB.")
                inside = archive.read(member)
                masked = masked_body(inside, "", secrets, levels - 1)
                name = secrets.mask(member.filename)
                changed = changed or masked != inside or name != member.filename
                new.writestr(zipfile.ZipInfo(name, member.date_time), masked, zipfile.ZIP_DEFLATED)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError):
        raise CaseError("A zip archive among the answers can't be looked into, so secrets can't be masked.") from None
    return rebuilt.getvalue() if changed else body
