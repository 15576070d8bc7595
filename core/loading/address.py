"""What `--to` names: a database, a warehouse or a lake, as a URL or a path."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from core.http.secrets import Secrets
from core.outputs.durable import OutputError

LAKE, DUCKDB = "filesystem", "duckdb"
"""Destinations of dlt that are treated apart: files in a folder or bucket, and a file of DuckDB."""

_KINDS = {
    "duckdb": DUCKDB,
    "postgres": "postgres",
    "postgresql": "postgres",
    "md": "motherduck",
    **dict.fromkeys(("file", "s3", "gs", "gcs", "az", "abfs", "abfss", "adl", "sftp", "hf"), LAKE),
    **dict.fromkeys(("mysql", "mariadb", "sqlite", "oracle", "db2", "trino"), "sqlalchemy"),
    **dict.fromkeys(
        (
            *("athena", "bigquery", "clickhouse", "databricks", "dremio", "ducklake", "fabric", "lance", "lancedb"),
            *("motherduck", "mssql", "qdrant", "redshift", "snowflake", "synapse", "weaviate"),
        ),
        "",
    ),
}
"""What dlt calls the destination of a scheme; nothing where it has the same name."""
_CONFIGURED = frozenset({"athena", "databricks", "fabric", "lance", "lancedb", "qdrant", "weaviate", "ducklake"})
"""Destinations without a URL of their own: dlt finds all that they need in its own configuration."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://)?")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SECRET_PARAMETER = re.compile(r"(?i).*(password|passwd|pwd|token|secret|passphrase|private_?key|api_?key|sig).*")
_ENCODE = (
    "in a user or password write @ as %40, / as %2F, : as %3A, # as %23, ? as %3F and brackets as %5B and %5D, or give "
    "the password in a variable of the environment: $NAME in the URL"
)
_EXAMPLES = "duckdb:///crm.duckdb, postgresql://user@host/database, s3://bucket/lake or a folder, lake/"


@dataclass(frozen=True, slots=True)
class Address:
    """A destination. `kind` is what dlt calls it, `options` are what dlt is given to reach it.

    `shown` is the URL for people, without secrets, which are in `secrets`. `file` is the file of a database on this
    machine.
    """

    kind: str
    shown: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    file: Path | None = None

    def mask(self, text: str) -> str:
        """A text without the secrets of the URL."""
        return Secrets(self.secrets).mask(text)


def parse_address(text: str, environment: Mapping[str, str] = os.environ) -> Address:
    """Read the value of `--to`. `$NAME` and `${NAME}` in it stand for variables of the environment, so that no password
    has to be in a list of processes. Raises `OutputError`.
    """
    url, given = _filled(text, environment)
    found = _SCHEME.match(url)
    if not url:
        raise OutputError(f"--to is empty: name a destination, such as {_EXAMPLES}.")
    if found is None or (len(found[1]) == 1 and os.name == "nt"):
        return _local(url)
    scheme = found[1].lower()
    kind = _KINDS.get(scheme.partition("+")[0])
    if kind is None:
        raise OutputError(
            f"--to: there is no destination `{scheme}`; write {_EXAMPLES}, or another destination of dlt."
        )
    kind = kind or scheme
    rest = url[found.end() :]
    if kind != LAKE:
        _check_authority(rest)
    secrets = (*given, *_secrets_of(url))
    shown = _shown(url, secrets)
    if kind == DUCKDB:
        return _duckdb(rest)
    if kind == LAKE:
        if not rest.strip("/"):
            raise OutputError(f"--to {shown} names no folder or bucket: write {scheme}://bucket/folder.")
        return _local_lake(rest) if scheme == "file" else Address(LAKE, shown, {"bucket_url": url}, secrets)
    return Address(kind, shown, _options(kind, scheme, url, rest), secrets)


def _filled(text: str, environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The URL with the variables that it names, and what they hold. Raises `OutputError`."""
    whole = _VARIABLE.fullmatch(text)

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in environment:
            raise OutputError(f"--to: there is no variable {name} in the environment.")
        return environment[name]

    if whole:
        return value(whole), ()
    given = [value(match) for match in _VARIABLE.finditer(text)]
    secrets = (one for given_one in given for one in (given_one, quote(given_one, safe="")) if one)
    return _VARIABLE.sub(lambda match: quote(value(match), safe=""), text), tuple(dict.fromkeys(secrets))


def _check_authority(rest: str) -> None:
    """Refuse what drivers and libraries read in different ways: of such a URL, nobody knows where the password ends."""
    user, at, _ = rest.partition("?")[0].rpartition("@")
    odd = user if at else ""
    if not at and "@" in rest and ":" in rest.partition("@")[0].partition("?")[0]:
        odd = "?"
    if any(sign in odd for sign in "/?#[]@"):
        raise OutputError(f"--to: the URL can't be read; {_ENCODE}.")
    try:
        urlsplit(f"x://{rest}").port  # noqa: B018 - asked for the error that it raises
    except ValueError:
        raise OutputError("--to: the port of the URL is no number up to 65535.") from None


def _secrets_of(url: str) -> tuple[str, ...]:
    """The password of a URL and its parameters that are secret, as they are written and as they are meant."""
    try:
        parts = urlsplit(url)
        password, query = parts.password or "", parse_qsl(parts.query)
    except ValueError:
        raise OutputError(f"--to: the URL can't be read; {_ENCODE}.") from None
    found = [password, *(value for name, value in query if _SECRET_PARAMETER.fullmatch(name))]
    return tuple(
        dict.fromkeys(form for one in found if one for form in (one, unquote(one), quote(unquote(one), safe="")))
    )


def _shown(url: str, secrets: tuple[str, ...]) -> str:
    """The URL without the password, and without parameters, which may hold others."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    user = user.partition(":")[0]
    shown = urlunsplit((parts.scheme, f"{user}@{host}" if user else host, parts.path, "", ""))
    return Secrets(secrets).mask(shown)


def _local(text: str) -> Address:
    """A path: of a DuckDB file by its ending, else the folder of a lake."""
    return _duckdb_file(text) if text.endswith((".duckdb", ".ddb")) else _local_lake(text)


def _duckdb(rest: str) -> Address:
    """What follows `duckdb://`: as in SQLAlchemy, a path after three slashes is relative, one after four absolute."""
    name = unquote(rest.partition("?")[0])
    relative = name.removeprefix("/")
    if name != relative and not _absolute(relative).parent.is_dir() and Path(name).parent.is_dir():
        return _duckdb_file(name)
    return _duckdb_file(relative)


def _duckdb_file(name: str) -> Address:
    if not name or name == ":memory:" or name.endswith("/"):
        raise OutputError("--to: name the file of the database, such as duckdb:///crm.duckdb.")
    path = _absolute(name)
    if path.is_dir() or not path.parent.is_dir():
        what = (
            f"{path} is a directory; name a file"
            if path.is_dir()
            else f"there is no directory {path.parent}; create it"
        )
        raise OutputError(f"--to: {what}, or choose another place.")
    return Address(DUCKDB, f"duckdb:///{name}", {"credentials": str(path)}, file=path)


def _local_lake(text: str) -> Address:
    path = _absolute(unquote(text))
    if path.exists() and not path.is_dir():
        raise OutputError(f"--to: {path} is a file; name a folder for a lake, or a file that ends in .duckdb.")
    return Address(LAKE, str(path), {"bucket_url": path.as_uri()})


def _absolute(text: str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(text)))


def _options(kind: str, scheme: str, url: str, rest: str) -> dict[str, Any]:
    """What dlt is given; everything that is missing it finds in its own configuration."""
    if kind == "bigquery":
        project = rest.partition("?")[0].strip("/")
        location = dict(parse_qsl(rest.partition("?")[2])).get("location")
        return {"project_id": project or None, "location": location} if location else {"project_id": project or None}
    if kind in _CONFIGURED or not rest.strip("/"):
        return {}
    if kind == "postgres":
        return {"credentials": f"postgresql://{rest}"}
    return {"credentials": url}
