"""The authenticators: how an API learns who asks."""

from core.components.authenticators.api_key import ApiKeyAuthenticator
from core.components.authenticators.basic import BasicHttpAuthenticator
from core.components.authenticators.bearer import BearerAuthenticator
from core.components.authenticators.jwt import JwtAuthenticator
from core.components.authenticators.legacy_session_token import LegacySessionTokenAuthenticator
from core.components.authenticators.no_auth import NoAuth
from core.components.authenticators.oauth import OAuthAuthenticator
from core.components.authenticators.rate_limited import RateLimitedMultipleTokenAuthenticator
from core.components.authenticators.selective import SelectiveAuthenticator
from core.components.authenticators.session_token import SessionTokenAuthenticator

__all__ = [
    "ApiKeyAuthenticator",
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
