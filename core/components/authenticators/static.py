"""Static credentials: an API key, basic authentication, a bearer token, none, or one of several chosen by an input."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

import httpx
from pydantic import Field

from core.components.request_parts import RequestOption
from core.errors import ReadError
from core.http.request import RequestDraft
from core.manifest.problems import Problem
from core.runtime.component import NotInAirbyte, Shown
from core.runtime.context import Context
from core.runtime.roles import Authenticator
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

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        variables = context.scope(self)
        key = self.api_token.text(variables)
        context.run.session.secrets.add(key)
        if self.inject_into is not None:
            self.inject_into.inject(draft, key, variables)
        elif self.header is not None:
            draft.add_header(self.header.text(variables), key)

    def lint(self) -> list[Problem]:
        """Airbyte: the same."""
        if (self.inject_into is None) == (self.header is None):
            return [
                Problem(
                    "write one of `inject_into` and `header`, so that the key has one place to go",
                    ("inject_into",),
                    fields=("header",),
                )
            ]
        return []


class BasicHttpAuthenticator(Authenticator):
    """Sends a user name and a password with every request, as browsers do (`Authorization: Basic ...`)."""

    username: Template = Field(
        title="Username", description="The user name; some APIs want their key here and no password."
    )
    password: Annotated[Template, Shown(secret=True)] = Field(
        Template(""), title="Password", description="The password, if there is one."
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Add the header (RFC 7617, in UTF-8)."""
        variables = context.scope(self)
        user, password = self.username.text(variables), self.password.text(variables)
        secrets = context.run.session.secrets
        secrets.add_pair(user, password)
        if not password:
            secrets.add(user)
        draft.add_header("Authorization", f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}")


class BearerAuthenticator(Authenticator):
    """Sends a token with every request (`Authorization: Bearer ...`)."""

    api_token: Annotated[Template, Shown(secret=True)] = Field(
        title="Bearer Token", description="The token, such as {{ config['api_key'] }}."
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        token = self.api_token.text(context.scope(self)).strip()
        context.run.session.secrets.add(token)
        draft.add_header("Authorization", f"Bearer {token}")


class NoAuth(Authenticator):
    """The API is open to everybody."""

    label = "No authentication"

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        pass


class SelectiveAuthenticator(Authenticator):
    """Lets an input choose between several ways to authenticate."""

    authenticator_selection_path: list[str] = Field(
        title="Authenticator Selection Path", description="The keys that lead to the input that chooses."
    )
    authenticators: Annotated[dict[str, Authenticator], NotInAirbyte("SelectiveAuthenticator")] = Field(
        title="Authenticators", description="An authenticator for each value that the input may have."
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Raises `ReadError` if the input chooses none."""
        await self._chosen(context).authenticate(draft, context)

    async def refresh(self, context: Context, refusals: int) -> bool:
        return await self._chosen(context).refresh(context, refusals)

    def release(self, context: Context) -> None:
        self._chosen(context).release(context)

    def observe(self, response: httpx.Response, context: Context) -> None:
        self._chosen(context).observe(response, context)

    def has_alternative(self, context: Context) -> bool:
        return self._chosen(context).has_alternative(context)

    def _chosen(self, context: Context) -> Authenticator:
        value: object = context.config
        for key in self.authenticator_selection_path:
            value = value.get(key) if isinstance(value, dict) else None
        chosen = self.authenticators.get(str(value))
        if chosen is None:
            name = ".".join(self.authenticator_selection_path)
            instead = "it is missing" if value is None else f"it is “{value}”"
            choices = ", ".join(f"“{choice}”" for choice in self.authenticators)
            raise ReadError(f"The input `{name}` chooses how to authenticate, but {instead}; possible are {choices}.")
        return chosen
