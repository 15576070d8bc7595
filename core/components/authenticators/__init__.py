"""The authenticators: how an API learns who asks."""

from core.components.authenticators.aws import AwsSignatureAuthenticator
from core.components.authenticators.jwt import JwtAuthenticator
from core.components.authenticators.oauth import OAuthAuthenticator
from core.components.authenticators.rate_limited import RateLimitedMultipleTokenAuthenticator
from core.components.authenticators.session_token import LegacySessionTokenAuthenticator, SessionTokenAuthenticator
from core.components.authenticators.static import (
    ApiKeyAuthenticator,
    BasicHttpAuthenticator,
    BearerAuthenticator,
    NoAuth,
    SelectiveAuthenticator,
)

__all__ = [
    "ApiKeyAuthenticator",
    "AwsSignatureAuthenticator",
    "BasicHttpAuthenticator",
    "BearerAuthenticator",
    "JwtAuthenticator",
    "LegacySessionTokenAuthenticator",
    "NoAuth",
    "OAuthAuthenticator",
    "RateLimitedMultipleTokenAuthenticator",
    "SelectiveAuthenticator",
    "SessionTokenAuthenticator",
]
