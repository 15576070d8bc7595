"""Basic HTTP authentication."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

from pydantic import Field

from core.components.base import Shown
from core.components.context import Context
from core.components.roles import Authenticator
from core.http.request import Draft
from core.templates import Template


class BasicHttpAuthenticator(Authenticator):
    """Sends a user name and a password with every request, as browsers do (`Authorization: Basic ...`)."""

    username: Template = Field(
        title="Username", description="The user name; some APIs want their key here and no password."
    )
    password: Annotated[Template, Shown(secret=True)] = Field(
        Template(""), title="Password", description="The password, if there is one."
    )

    async def authenticate(self, draft: Draft, context: Context) -> None:
        """Add the header (RFC 7617, in UTF-8)."""
        variables = context.scope(self)
        user, password = self.username.text(variables), self.password.text(variables)
        secrets = context.run.session.secrets
        secrets.add_pair(user, password)
        if not password:
            secrets.add(user)
        draft.add_header("Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")
