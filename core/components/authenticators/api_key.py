"""An API key in a header, a parameter or the body."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.components.base import Shown
from core.components.context import Context
from core.components.request_options import RequestOption
from core.components.roles import Authenticator
from core.http.request import Draft
from core.manifest.problems import Problem
from core.templates import Template


class ApiKeyAuthenticator(Authenticator):
    """Sends a key with every request: in a header, as a query parameter, or in the body."""

    api_token: Annotated[Template, Shown(secret=True)] = Field(
        Template(""), title="API Key", description="The key, such as {{ config['api_key'] }}."
    )
    inject_into: RequestOption | None = Field(
        None,
        title="Inject API Key Into Outgoing HTTP Request",
        description="The header, parameter or field that carries the key.",
    )
    header: Annotated[Template | None, Shown(advanced=True)] = Field(
        None, title="Header Name", description="The header that carries the key; the older way to write it."
    )

    async def authenticate(self, draft: Draft, context: Context) -> None:
        """Add the key."""
        variables = context.scope(self)
        key = self.api_token.text(variables)
        context.run.session.secrets.add(key)
        if self.inject_into is not None:
            self.inject_into.inject(draft, key, variables)
        elif self.header is not None:
            draft.add_header(self.header.text(variables), key)

    def lint(self) -> list[Problem]:
        """The key goes to one place (Airbyte: the same)."""
        if (self.inject_into is None) == (self.header is None):
            return [Problem("write one of `inject_into` and `header`, so that the key has one place to go")]
        return []
