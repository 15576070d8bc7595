"""What went wrong in a load, as one sentence for people: dlt nests the cause deep, and adds advice of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.extras import MissingExtra
from core.loading.address import LAKE, Address
from core.loading.library import missing_driver
from core.outputs.durable import OutputError
from core.wording import on_one_line

_LONGEST = 400
_ADVICE = (
    (r"password authentication failed|authentication fail|invalid password|SignatureDoesNotMatch|InvalidAccessKeyId"
     r"|Unable to locate credentials|NoCredentials|ExpiredToken|Unauthorized|\b401\b|incorrect username or password",
     "check the user, the password or the keys"),
    (r"refused|could not translate host|name or service not known|timeout expired|timed out|could not connect"
     r"|EndpointConnectionError|unreachable|no route to host|getaddrinfo",
     "check the address, and whether the server runs"),
    (r"could not set lock|conflicting lock", "another program has the database open; close it there and run again"),
    (r"permission denied|access ?denied|not authorized|insufficient privilege|\b403\b|must be owner|forbidden",
     "give the user the right to create schemas and tables there, and to write into them"),
    (r"no space left|disk full|could not extend file|quota|out of disk", "free some space there and run again"),
    (r"database .* does not exist|NoSuchBucket|bucket does not exist|unknown database|specified bucket",
     "create it first, or correct the name"),
    (r"too many connections|connection slots", "run again when there are fewer connections"),
    (r"name collision", "rename all but one of these fields in the stream, since they would be one column"),
    (r"not a directory|read-only file system", "choose another folder"),
    (r"ambiguous reference to catalog", "choose another dataset with --dataset"),
    (r"null value in column|invalid input syntax|not null constraint|constraint error|violates|cannot coerce"
     r"|conversion error|type mismatch|is of type|different data type|does not have a column|could not convert"
     r"|schema_?update|cannot update tables",
     "the table there has other columns than the records; declare the types in the schema of the stream, choose "
     "another --dataset, or drop the table"),
)  # fmt: skip
_NOISE = re.compile(
    r"\s*(?:LINE \d+:|DETAIL:|HINT:|Is the server running|File \"|Traceback \(most recent|\n\s*\^).*", re.DOTALL
)
_NUMBER = re.compile(r"^\[Errno \d+\] ")


def load_error(error: BaseException, address: Address, doing: str = "be loaded") -> OutputError:
    """What an exception from dlt means."""
    chain = list(_chain(error))
    if found := next((one for one in chain if isinstance(one, OutputError)), None):
        return found
    if missing := next((one for one in chain if isinstance(one, MissingExtra)), None):
        return OutputError(str(missing))
    for one in chain:
        name = type(one).__name__
        if name == "MissingDependencyException":
            return missing_driver("s3" if address.kind == LAKE and address.shown.startswith("s3") else address.kind)
        if name == "ConfigFieldMissingException":
            if _first(one) == "credentials":
                return OutputError(
                    f"{address.shown} can't {doing}: the URL names no user. Write it before the host: "
                    "scheme://user@host/database."
                )
            fields = ", ".join(f"`{field}`" for field in getattr(one, "fields", ()))
            setting = f"DESTINATION__{address.kind.upper()}__CREDENTIALS__{_first(one).upper()}"
            return OutputError(
                f"{address.shown} can't {doing}: {fields or 'a setting'} is missing. Put it into the URL, or set it "
                f"for dlt, as {setting} in the environment or in secrets.toml."
            )
    texts = [_text(one, address) for one in chain]
    advice = next((text for pattern, text in _ADVICE if re.search(pattern, " ".join(texts), re.IGNORECASE)), None)
    sentence = f"{address.shown} can't {doing}: {texts[-1].rstrip('. ')}"
    return OutputError(f"{sentence}; {advice}." if advice else f"{sentence}.")


def _first(error: BaseException) -> str:
    fields = [str(field) for field in getattr(error, "fields", ())]
    return fields[0] if fields else "password"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, the innermost last."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = (
            getattr(current, "client_exception", None)
            or current.__cause__
            or (None if current.__suppress_context__ else current.__context__)
        )


def _text(error: BaseException, address: Address) -> str:
    """The message of an exception on one line, without secrets, nor what a program adds for programmers."""
    text = address.mask(_NUMBER.sub("", str(error).strip()))
    return on_one_line(_NOISE.sub("", text) or type(error).__name__)[:_LONGEST]
