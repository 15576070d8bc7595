"""Where the inputs hold the tokens of APIs that replace them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.components.kept_tokens import ConfigPath, KeptTokens


class RefreshTokenUpdater(BaseModel):
    """For APIs whose refresh tokens can be used only once: where the new one is put into the inputs."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    refresh_token_name: str = Field(
        "refresh_token",
        title="Refresh Token Property Name",
        description="Where the new refresh token is in the answer.",
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
    """The input at `path` as text; empty where there is none."""
    value: Any = config
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)
