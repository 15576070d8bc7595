"""dlt itself: imported when it is needed, silent, and without telling anybody that it runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from core.extras import how_to_install, is_installed, load
from core.loading.address import LAKE, Address
from core.outputs.durable import OutputError

_WHAT = "Loads into databases and lakes"
_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",
    "LOAD__RAISE_ON_FAILED_JOBS": "true",
    "LOAD__RAISE_ON_MAX_RETRIES": "3",
    "LOAD__WORKERS": "4",
}
"""How loads are run, whatever a configuration of dlt on this machine says: signals are Longhaul's own business, each
row names its load, so that those of an unfinished one can be found, and a load of which a part has failed is no load.
"""
_DEFAULTS = {"DATA_WRITER__FILE_MAX_BYTES": str(64 << 20)}
_DRIVERS = {"s3": ("s3fs", "s3"), "gs": ("gcsfs", "gs"), "gcs": ("gcsfs", "gs"), "az": ("adlfs", "az")}
_OURS = {"postgres": "postgres", "s3": "s3"}


def dlt() -> Any:
    """The library. Raises `MissingExtra`."""
    os.environ.update(_SETTINGS)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    load("pyarrow", _WHAT, "dlt")
    return load("dlt", _WHAT, "dlt")


def destination(address: Address, settings: Mapping[str, Any]) -> Any:
    """The destination of dlt, with `settings` besides what the address says. Raises `MissingExtra`, `OutputError`."""
    library = dlt()
    scheme = address.shown.partition("://")[0]
    if address.kind == LAKE and (driver := _DRIVERS.get(scheme)) and not is_installed(driver[0]):
        raise missing_driver(driver[1])
    if address.kind == "sqlalchemy" and not is_installed("sqlalchemy"):
        raise missing_driver("sqlalchemy")
    factory = getattr(library.destinations, address.kind, None)
    if factory is None:
        raise OutputError(f"--to: this version of dlt has no destination `{address.kind}`; install a later one.")
    options = dict(address.options)
    if address.kind == "postgres" and "credentials" in options:
        options["credentials"] = _with_password(options["credentials"], library)
    return factory(**options, **settings)


def _with_password(url: str, library: Any) -> str:
    """The URL; with an empty password where neither it nor dlt's configuration has one, since dlt insists on one. The
    driver then looks where it always does: in `PGPASSWORD` and in `.pgpass`.
    """
    parts = urlsplit(url)
    if not parts.username or parts.password is not None:
        return url
    if library.secrets.get("destination.postgres.credentials.password"):
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:@{host}"))


def missing_driver(extra: str) -> OutputError:
    """What is said when a destination needs a library that is not installed; `extra` is that of dlt."""
    if extra in _OURS:
        return OutputError(how_to_install(f"Loads into {extra}", _OURS[extra]))
    return OutputError(f"Loads into {extra} need a driver: pip install 'dlt[{extra}]'.")
