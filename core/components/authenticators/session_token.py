"""A token that a login request gives."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, Any

import httpx
from pydantic import Field

from core.components.authenticators.tokens import Token, TokenKeeper
from core.components.base import Component, Gives, NotInAirbyte, Shown
from core.components.context import Context
from core.components.decoders import DecodeError, decode_all
from core.components.http_requester import HttpRequester, properties_without_use
from core.components.request_options import RequestOption
from core.components.roles import Authenticator, Decoder
from core.errors import ReadError
from core.http.charsets import charset_of
from core.http.exchange import Role
from core.http.messages import json_body
from core.http.request import Draft
from core.manifest.problems import Problem
from core.templates import Template
from core.templates.datetimes import DatetimeError, parse_duration

_NOT_HERE = ("CsvDecoder", "GzipDecoder", "IterableDecoder", "JsonItemsDecoder", "JsonlDecoder", "ZipfileDecoder")


class RequestAuthentication(Component, role=True):
    """How a session token is sent with requests."""

    @abstractmethod
    def add(self, token: str, draft: Draft, context: Context) -> None:
        """Add the token."""


class Bearer(RequestAuthentication):
    """Sends the session token as `Authorization: Bearer ...`."""

    def add(self, token: str, draft: Draft, _context: Context) -> None:
        """Add the token."""
        draft.add_header("Authorization", f"Bearer {token}")


class ApiKey(RequestAuthentication):
    """Sends the session token in a header, as a query parameter, or in the body."""

    label = "API Key"

    inject_into: RequestOption = Field(
        title="Inject API Key Into Outgoing HTTP Request",
        description="The header, parameter or field that carries the token.",
    )
    api_token: Annotated[Template, Gives("session_token")] = Field(
        Template("{{ session_token }}"),
        title="API Token Template",
        description="What is sent; `session_token` is the token of the login.",
    )

    def add(self, token: str, draft: Draft, context: Context) -> None:
        """Add the token."""
        variables = context.scope(self, session_token=context.run.session.secrets.hide(token))
        text = self.api_token.text(variables)
        context.run.session.secrets.add(text)
        self.inject_into.inject(draft, text, variables)


class SessionTokenAuthenticator(Authenticator):
    """Logs in with a request of its own, and sends the token that it gives with every other request.

    It logs in once for all streams, and again when the token has expired or was refused. (Airbyte logs in for
    every request when no expiration is given.)
    """

    login_requester: HttpRequester = Field(title="Login Requester", description="The request that logs in.")
    session_token_path: Annotated[list[str], Shown(editor="field_path")] = Field(
        min_length=1, title="Session Token Path", description="The keys that lead to the token in the answer."
    )
    expiration_duration: Annotated[str | None, Shown(editor="duration")] = Field(
        None,
        title="Expiration Duration",
        description="How long a token is valid, as an ISO 8601 duration such as PT1H; when not said, until "
        "it is refused.",
    )
    request_authentication: RequestAuthentication = Field(
        title="Data Request Authentication", description="How the token is sent."
    )
    decoder: Annotated[Decoder | None, NotInAirbyte(*_NOT_HERE), Shown(advanced=True, unset="JSON")] = Field(
        None, title="Decoder", description="The format of the answer; JSON when not said."
    )

    async def authenticate(self, draft: Draft, context: Context) -> None:
        """Add the token, after a login when there is none. Raises `ReadError`."""

        async def fetch() -> Token:
            return await self._log_in(context)

        token = await self._keeper(context).get(fetch, context.run.now())
        self.request_authentication.add(token, draft, context)

    async def refresh(self, context: Context, refusals: int) -> bool:
        """Drop the token, once for a request; the next attempt logs in again."""
        return refusals == 1 and self._keeper(context).refuse()

    def lint(self) -> list[Problem]:
        """The duration is one; a login asks for no properties."""
        problems = [*properties_without_use("login_requester", self.login_requester)]
        try:
            parse_duration(self.expiration_duration or "PT1H")
        except DatetimeError as error:
            problems.append(Problem(str(error), ("expiration_duration",)))
        return problems

    def _keeper(self, context: Context) -> TokenKeeper:
        return context.run.shared(("session token", self.identity), TokenKeeper)

    async def _log_in(self, context: Context) -> Token:
        """Log in; the token becomes a secret before the exchange is recorded."""
        found: list[str] = []

        def learn(response: httpx.Response) -> None:
            token = self._token_in(response)
            if token is not None:
                context.run.session.secrets.add(token)
                found.append(token)

        call = self.login_requester.call(replace(context, variables={}), Role.AUTH)
        response = await context.run.session.send(replace(call, learn=learn))
        if response is None or not found or response.is_error:
            path = ".".join(self.session_token_path)
            raise ReadError(
                f"The login at {call.draft.url} gave no token: there is nothing at `{path}` in its answer. "
                "Check `session_token_path` and the login request."
            )
        now = context.run.now()
        if self.expiration_duration is None:
            return Token(found[-1])
        return Token.expiring(found[-1], now + parse_duration(self.expiration_duration), now)

    def _token_in(self, response: httpx.Response) -> str | None:
        value: Any = json_body(response)
        if self.decoder is not None:
            with suppress(DecodeError):
                value = next(iter(decode_all(self.decoder, response.content, charset_of(response))), None)
        if isinstance(value, list) and not self.session_token_path[0].isdigit():
            value = next(iter(value), None)  # Airbyte: of a list the first element counts
        for key in self.session_token_path:
            if isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                value = value.get(key) if isinstance(value, dict) else None
        return None if value in (None, "") or isinstance(value, (dict, list)) else str(value)
