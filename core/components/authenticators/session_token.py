"""Tokens from a login request, in the current and in the older way to write it."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

import httpx
from pydantic import Field

from core.components.decoders import DecodeError
from core.components.http_requester import HttpRequester
from core.components.request_parts import RequestOption
from core.errors import ReadError
from core.http.call import Call
from core.http.charsets import charset_of
from core.http.exchange import Role
from core.http.messages import json_body
from core.http.policy import Action, Decision, Outcome, default_decision
from core.http.request import RequestDraft
from core.levels import Level
from core.manifest.problems import Problem
from core.runtime.component import Component, Gives, NotInAirbyte, Shown
from core.runtime.context import Context
from core.runtime.roles import Authenticator, Decoder
from core.runtime.tokens import Token, TokenKeeper
from core.templates import Template
from core.templates.datetimes import DatetimeError, parse_duration

_NOT_HERE = ("CsvDecoder", "GzipDecoder", "IterableDecoder", "JsonItemsDecoder", "JsonlDecoder", "ZipfileDecoder")


class RequestAuthentication(Component, role=True):
    """How a session token is sent with requests."""

    @abstractmethod
    def add(self, token: str, draft: RequestDraft, context: Context) -> None:
        """Add the token to `draft`."""


class Bearer(RequestAuthentication):
    """Sends the session token as `Authorization: Bearer ...`."""

    def add(self, token: str, draft: RequestDraft, _context: Context) -> None:
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

    def add(self, token: str, draft: RequestDraft, context: Context) -> None:
        variables = context.scope(self, session_token=context.run.session.secrets.hide(token))
        text = self.api_token.text(variables)
        context.run.session.secrets.add(text)
        self.inject_into.inject(draft, text, variables)


class SessionTokenAuthenticator(Authenticator):
    """Logs in with a separate request, and sends the token from its response with every other request.

    It logs in once for all streams, and again when the token has expired or was refused. (Airbyte logs in for every
    request if no expiration is given.)
    """

    login_requester: HttpRequester = Field(title="Login Requester", description="The request that logs in.")
    session_token_path: Annotated[list[str], Shown(editor="field_path")] = Field(
        min_length=1, title="Session Token Path", description="The keys that lead to the token in the response."
    )
    expiration_duration: Annotated[str | None, Shown(editor="duration")] = Field(
        None,
        title="Expiration Duration",
        description="How long a token is valid, as an ISO 8601 duration such as PT1H; if not set, until it is refused.",
    )
    request_authentication: RequestAuthentication = Field(
        title="Data Request Authentication", description="How the token is sent."
    )
    decoder: Annotated[Decoder | None, NotInAirbyte(*_NOT_HERE), Shown(advanced=True, unset="JSON")] = Field(
        None, title="Decoder", description="The format of the response; JSON if not set."
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Add the token, after a login if there is none. Raises `ReadError`."""
        token = await self._keeper(context).get(lambda: self._log_in(context), context.run.now())
        self.request_authentication.add(token, draft, context)

    async def refresh(self, context: Context, refusals: int) -> bool:
        """Drop the token, once for a request; the next attempt logs in again."""
        return refusals == 1 and self._keeper(context).refuse()

    def lint(self) -> list[Problem]:
        problems = [problem.below("login_requester") for problem in self.login_requester.lint_beside_pages()]
        try:
            parse_duration(self.expiration_duration or "PT1H")
        except DatetimeError as error:
            problems.append(Problem(str(error), ("expiration_duration",)))
        return problems

    def _keeper(self, context: Context) -> TokenKeeper:
        return context.run.shared(("session token", self.identity), TokenKeeper)

    async def _log_in(self, context: Context) -> Token:
        """Log in; the token is registered as a secret before the exchange is recorded."""
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
                value = next(iter(self.decoder.decode_all(response.content, charset_of(response))), None)
        if isinstance(value, list) and not self.session_token_path[0].isdigit():
            value = next(iter(value), None)  # Airbyte: of a list the first element counts
        for key in self.session_token_path:
            if isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                value = value.get(key) if isinstance(value, dict) else None
        return None if value in (None, "") or isinstance(value, (dict, list)) else str(value)


LIFE = timedelta(days=1)
"""How long the token of a login is used (Airbyte: the same)."""


class LegacySessionTokenAuthenticator(Authenticator):
    """Sends a session token from the inputs, or else one from a login with user name and password.

    This is the older way, for manifests that have it; write a SessionTokenAuthenticator in new ones. The token from the
    inputs is validated first, once for all streams. (Airbyte validates it before every request.)
    """

    label = "Session token (older way)"

    header: Template = Field(title="Session Request Header", description="The header that carries the token.")
    login_url: Template = Field(
        title="Login Path", description="The path of the login, after the URL of the requester, such as session."
    )
    session_token: Annotated[Template, Shown(secret=True)] = Field(
        Template(""), title="Session Token", description="An existing token; without one, a login gets one."
    )
    session_token_response_key: Template = Field(
        title="Token Response Key", description="The field of the login's response that holds the token."
    )
    username: Template = Field(Template(""), title="Username", description="The user name for the login.")
    password: Annotated[Template, Shown(secret=True)] = Field(
        Template(""), title="Password", description="The password for the login."
    )
    validate_session_url: Template = Field(
        title="Validate Session Path",
        description="A path that answers 401 to a token that is not valid, such as user/current.",
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Add the token, after validating or fetching it if there is none yet. Raises `ReadError`."""
        token = await self._keeper(context).get(lambda: self._fetch(draft.url, context), context.run.now())
        draft.add_header(self.header.text(context.scope(self)), token)

    async def refresh(self, context: Context, refusals: int) -> bool:
        """Drop the token, once for a request; the next attempt tries the given one again, or logs in."""
        return refusals == 1 and self._keeper(context).refuse()

    def lint(self) -> list[Problem]:
        if self.session_token.source or (self.username.source and self.password.source):
            return []
        return [
            Problem(
                "write a `session_token`, or a `username` and a `password`",
                ("session_token",),
                fields=("username", "password"),
            )
        ]

    def _keeper(self, context: Context) -> TokenKeeper:
        return context.run.shared(("session token", self.identity), TokenKeeper)

    async def _fetch(self, base: str, context: Context) -> Token:
        given, username, password = (
            template.text_or(context.scope(self), "") for template in (self.session_token, self.username, self.password)
        )
        for secret in (given, password):
            context.run.session.secrets.add(secret)
        if given and await self._is_valid(given, base, context):
            return Token(given)
        if username and password:
            return await self._log_in({"username": username, "password": password}, base, context)
        what = "refuses the session token" if given else "needs a session token"
        raise ReadError(f"The API {what}, and there is no user name and password to log in with. Check the inputs.")

    async def _is_valid(self, token: str, base: str, context: Context) -> bool:
        """Whether the API accepts the token; only 401 means that it does not."""
        draft = self._draft("GET", base, self.validate_session_url, context)
        draft.add_header(self.header.text(context.scope(self)), token)
        response = await context.run.session.send(replace(_call(draft, context), decide=_accept_refusals))
        assert response is not None
        refused = response.status_code == HTTPStatus.UNAUTHORIZED
        if refused:
            context.log(Level.INFO, "The session token in the inputs is not valid any more.")
        return not refused

    async def _log_in(self, credentials: dict[str, str], base: str, context: Context) -> Token:
        """Log in; the token becomes a secret before the exchange is recorded."""
        key = self.session_token_response_key.text(context.scope(self))
        found: list[str] = []

        def learn(response: httpx.Response) -> None:
            body = json_body(response)
            if isinstance(body, dict) and body.get(key) is not None:
                found.append(str(body[key]))
                context.run.session.secrets.add(found[-1])

        draft = self._draft("POST", base, self.login_url, context)
        draft.merge_json(credentials)
        await context.run.session.send(replace(_call(draft, context), learn=learn))
        if not found:
            raise ReadError(
                f"The login at {draft.url} gave no token: there is no `{key}` in its answer. "
                "Check `login_url` and `session_token_response_key`."
            )
        now = context.run.now()
        return Token.expiring(found[-1], now + LIFE, now)

    def _draft(self, method: str, base: str, path: Template, context: Context) -> RequestDraft:
        """Airbyte appends the path to the URL as it is; here a slash is added between them if there is none."""
        below = path.text(context.scope(self)).strip()
        slash = "" if base.endswith("/") or below.startswith("/") else "/"
        return RequestDraft(method=method, url=f"{base}{slash}{below}", source="the session token authenticator")


def _call(draft: RequestDraft, context: Context) -> Call:
    def decide(outcome: Outcome, _attempt: int) -> Decision:
        return default_decision(outcome)

    return Call(role=Role.AUTH, draft=draft, decide=decide, listener=context, budgeted=False)


def _accept_refusals(outcome: Outcome, _attempt: int) -> Decision:
    refused = isinstance(outcome, httpx.Response) and outcome.status_code == HTTPStatus.UNAUTHORIZED
    return Decision(Action.SUCCESS) if refused else default_decision(outcome)
