"""OAuth as airbyte-cdk has it, with a body and a header of its own."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.auth import DeclarativeOauth2Authenticator


@dataclass
class BasicOauth(DeclarativeOauth2Authenticator):
    def build_refresh_request_headers(self) -> Mapping[str, Any]:
        pair = f"{self.get_client_id()}:{self.get_client_secret()}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def build_refresh_request_body(self) -> Mapping[str, Any]:
        return {"grant_type": "refresh_token", "refresh_token": self.get_refresh_token(), "audience": "own"}

    def get_auth_header(self) -> Mapping[str, Any]:
        return {"X-Kind": f"OAuth {self.get_access_token()}"}
