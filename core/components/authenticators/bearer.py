"""A token in the Authorization header."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.components.base import Shown
from core.components.context import Context
from core.components.roles import Authenticator
from core.http.request import Draft
from core.templates import Template


class BearerAuthenticator(Authenticator):
    """Sends a token with every request (`Authorization: Bearer ...`)."""

    api_token: Annotated[Template, Shown(secret=True)] = Field(
        title="Bearer Token", description="The token, such as {{ config['api_key'] }}."
    )

    async def authenticate(self, draft: Draft, context: Context) -> None:
        """Add the header."""
        token = self.api_token.text(context.scope(self)).strip()
        context.run.session.secrets.add(token)
        draft.add_header("Authorization", f"Bearer {token}")
