import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator


@dataclass
class SignedAuthenticator(DeclarativeAuthenticator):
    config: Mapping[str, Any]
    header: str

    @property
    def auth_header(self):
        return self.header

    @property
    def token(self):
        return hashlib.sha256((self.config["user"] + self.config["password"]).encode()).hexdigest()
