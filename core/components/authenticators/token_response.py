"""Responses of token endpoints, and where the inputs hold the tokens of APIs that replace them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from core.errors import ReadError
from core.http.messages import message_in
from core.runtime.tokens import ConfigPath, KeptTokens

DEPTH = 5
"""Levels below the top that are searched for names (as in Airbyte)."""
DEFAULT_LIFE = timedelta(hours=1)
"""How long a token is valid if the response does not say (Airbyte: the same)."""


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """The tokens in a response; `expiry` is its value for the expiry, `fields` the names of its fields,
    `error` why there are none, as RFC 6749 has it.
    """

    access_token: str | None
    refresh_token: str | None
    expiry: Any
    secrets: tuple[str, ...]
    fields: str
    error: str

    @classmethod
    def of(cls, body: Any, *, access_token_name: str, expires_in_name: str, refresh_token_name: str) -> Self:
        """Find the tokens, at any depth (Airbyte: the same; the first one counts)."""
        named = {access_token_name, refresh_token_name, "access_token", "refresh_token", "id_token"}
        access_token = _first(body, access_token_name)
        refresh_token = _first(body, refresh_token_name)
        return cls(
            access_token=str(access_token) if access_token else None,
            refresh_token=str(refresh_token) if refresh_token else None,
            expiry=_first(body, expires_in_name),
            secrets=tuple(str(value) for name in named for value in _find(body, name) if value),
            fields=", ".join(f"`{name}`" for name in body) if isinstance(body, dict) else "",
            error=_error_in(body) if isinstance(body, dict) else "",
        )

    def expires(self, now: datetime, *, as_date: bool) -> datetime:
        """When the access token expires. Raises `ReadError` if the response's expiry is not valid."""
        if self.expiry is None:
            return now + DEFAULT_LIFE
        try:
            return parse_moment(str(self.expiry)) if as_date else now + timedelta(seconds=float(self.expiry))
        except (ValueError, TypeError, OverflowError):
            wanted = "a date and time" if as_date else "a number of seconds"
            raise ReadError(
                f"The token endpoint's expiry should be {wanted}, but is “{self.expiry}”. "
                "Check `expires_in_name` and `token_expiry_date_format`."
            ) from None


def parse_moment(text: str) -> datetime:
    """An aware datetime from seconds since 1970 or a date in any common form; UTC if it names no zone.

    Raises `ValueError`.
    """
    from dateutil.parser import parse  # takes a while to load, and few manifests need it

    if text.strip().isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    moment = parse(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _error_in(body: Mapping[str, Any]) -> str:
    """What the API says in its own words. RFC 6749 has texts there, APIs have objects and lists, too."""
    return message_in(body.get("error_description")) or message_in(body.get("error")) or ""


def _first(body: Any, name: str) -> Any:
    return next(_find(body, name), None)


def _find(value: Any, name: str, depth: int = 0) -> Iterator[Any]:
    """The values of all fields of this name, in the document's order, a field before what is below it."""
    if depth > DEPTH:
        return
    if isinstance(value, dict):
        if value.get(name) is not None:
            yield value[name]
        children = list(value.values())
    else:
        children = value if isinstance(value, list) else []
    for child in children:
        yield from _find(child, name, depth + 1)


class RefreshTokenUpdater(BaseModel):
    """For APIs whose refresh tokens can be used only once: where the inputs hold the new tokens."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, coerce_numbers_to_str=True)

    refresh_token_name: str = Field(
        "refresh_token",
        title="Refresh Token Property Name",
        description="The field of the response that holds the new refresh token.",
    )
    access_token_config_path: list[str] = Field(
        ["credentials", "access_token"],
        title="Config Path To Access Token",
        description="The input for the access token.",
    )
    refresh_token_config_path: list[str] = Field(
        ["credentials", "refresh_token"],
        title="Config Path To Refresh Token",
        description="The input for the refresh token.",
    )
    token_expiry_date_config_path: list[str] = Field(
        ["credentials", "token_expiry_date"],
        title="Config Path To Expiry Date",
        description="The input for the expiry.",
    )
    refresh_token_error_status_codes: list[int] = Field(
        [], title="(Deprecated) Error Status Codes", description="See the field of the authenticator."
    )
    refresh_token_error_key: str = Field(
        "", title="(Deprecated) Error Key", description="See the field of the authenticator."
    )
    refresh_token_error_values: list[str] = Field(
        [], title="(Deprecated) Error Values", description="See the field of the authenticator."
    )

    def inputs(self, tokens: KeptTokens) -> dict[ConfigPath, str]:
        """The inputs that hold the tokens."""
        expires = "" if tokens.expires is None else tokens.expires.isoformat()
        return {
            tuple(self.refresh_token_config_path): tokens.refresh_token,
            tuple(self.access_token_config_path): tokens.access_token,
            tuple(self.token_expiry_date_config_path): expires,
        }


def input_text(config: Mapping[str, Any], path: Sequence[str]) -> str:
    """The input at `path` as text; empty if there is none."""
    value: Any = config
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)
