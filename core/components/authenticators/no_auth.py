"""No authentication."""

from __future__ import annotations

from core.components.context import Context
from core.components.roles import Authenticator
from core.http.request import Draft


class NoAuth(Authenticator):
    """The API is open to everybody."""

    label = "No authentication"

    async def authenticate(self, draft: Draft, context: Context) -> None:
        """Add nothing."""
