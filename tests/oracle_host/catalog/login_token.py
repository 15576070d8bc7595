"""A token that is asked for with requests, kept as long as it lives, and sent in a header of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from airbyte_cdk.sources.declarative.auth.declarative_authenticator import NoAuth
from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
from airbyte_cdk.sources.declarative.types import Config


@dataclass
class ShortLivedToken(NoAuth):
    config: Config
    login_url: InterpolatedString | str = ""
    lifetime: int = 600

    def __post_init__(self, parameters: Mapping[str, Any]):
        self._login = InterpolatedString.create(self.login_url, parameters=parameters)
        self._token, self._expires = None, datetime.now(UTC)

    def get_auth_header(self) -> Mapping[str, Any]:
        if self._token is None or datetime.now(UTC) >= self._expires:
            answer = requests.post(
                self._login.eval(self.config), json={"user": self.config["account"], "password": self.config["secret"]}
            )
            answer.raise_for_status()
            self._token = answer.json()["token"]
            self._expires = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        return {"X-Kind": f"Session {self._token}"}
