"""OAuth 2.0: access tokens from a refresh token, client credentials or a signed assertion."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import httpx
from pydantic import Field

from core.components.authenticators.jwt import JwtAuthenticator
from core.components.authenticators.token_response import RefreshTokenUpdater, TokenResponse, input_text, parse_moment
from core.errors import ReadError
from core.http.call import Call
from core.http.exchange import Role
from core.http.messages import json_body, shorten
from core.http.policy import Action, Decision, FailureType, Outcome, default_decision
from core.http.request import RequestDraft
from core.levels import Level
from core.manifest.problems import Problem
from core.runtime.component import Shown
from core.runtime.context import Context
from core.runtime.roles import Authenticator
from core.runtime.tokens import Grant, KeptTokens, Token, TokenKeeper, TokenStore, to_its_end
from core.templates import Condition, Template, TemplateMap
from core.templates.maps import texts_of

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFUSED_STATUSES = [400]
REFUSED_KEY = "error"
REFUSED_VALUES = ["invalid_grant", "invalid_permissions"]


class OAuthAuthenticator(Authenticator):
    """Fetches an access token, sends it with every request (`Authorization: Bearer ...`) and renews it in time.

    The token is fetched once for all streams; a token that the API refuses is renewed once. The grant type is
    `refresh_token` unless another one, such as `client_credentials`, is set.
    """

    label = "OAuth"

    token_refresh_endpoint: Template | None = Field(
        None, title="Token Refresh Endpoint", description="The full URL that issues access tokens."
    )
    client_id: Template | None = Field(None, title="Client ID", description="The identifier of the application.")
    client_secret: Annotated[Template | None, Shown(secret=True)] = Field(
        None, title="Client Secret", description="The secret of the application."
    )
    refresh_token: Annotated[Template | None, Shown(secret=True)] = Field(
        None, title="Refresh Token", description="The token that stands for the user's consent."
    )
    grant_type: Template = Field(
        Template("refresh_token"), title="Grant Type", description="refresh_token or client_credentials."
    )
    scopes: list[str] = Field(
        default_factory=list,
        title="Scopes",
        description="The requested scopes, sent as repeated `scopes` fields, as Airbyte does. For the standard `scope` "
        "field, use the refresh request body.",
    )
    refresh_request_body: TemplateMap | None = Field(
        None, title="Refresh Request Body", description="Additional fields of the request for a token."
    )
    refresh_request_headers: TemplateMap | None = Field(
        None,
        title="Refresh Request Headers",
        description="Headers of the request for a token. With an Authorization header, client id and "
        "secret are not sent as fields.",
    )
    send_refresh_request_as_query_params: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Send Refresh Request As Query Params",
        description="Whether the fields go into the URL instead of the body.",
    )
    access_token_value: Annotated[Template | None, Shown(advanced=True, secret=True)] = Field(
        None,
        title="Access Token Value",
        description="An initial access token; without a refresh endpoint, the only one.",
    )
    token_expiry_date: Annotated[Template | None, Shown(advanced=True)] = Field(
        None, title="Token Expiry Date", description="When the initial access token expires."
    )
    token_expiry_date_format: Annotated[str | None, Shown(advanced=True, editor="datetime_format")] = Field(
        None,
        title="Token Expiry Date Format",
        description="Set this if the response has the date of expiry rather than a number of seconds.",
    )
    client_id_name: Annotated[Template, Shown(advanced=True)] = Field(
        Template("client_id"), title="Client ID Property Name", description="Its name in the request."
    )
    client_secret_name: Annotated[Template, Shown(advanced=True)] = Field(
        Template("client_secret"), title="Client Secret Property Name", description="Its name in the request."
    )
    refresh_token_name: Annotated[Template, Shown(advanced=True)] = Field(
        Template("refresh_token"), title="Refresh Token Property Name", description="Its name in the request."
    )
    grant_type_name: Annotated[Template, Shown(advanced=True)] = Field(
        Template("grant_type"), title="Grant Type Property Name", description="Its name in the request."
    )
    access_token_name: Annotated[Template, Shown(advanced=True)] = Field(
        Template("access_token"),
        title="Access Token Property Name",
        description="Its name in the response, at any depth.",
    )
    expires_in_name: Annotated[Template, Shown(advanced=True)] = Field(
        Template("expires_in"),
        title="Token Expiry Property Name",
        description="Its name in the response, at any depth.",
    )
    refresh_token_error_status_codes: Annotated[list[int], Shown(advanced=True)] = Field(
        default_factory=list,
        title="Refresh Token Error Status Codes",
        description="Statuses that mean that the refresh token is no longer valid; 400 if not set.",
    )
    refresh_token_error_key: Annotated[str, Shown(advanced=True)] = Field(
        "",
        title="Refresh Token Error Key",
        description="The field of the response that says so; `error` if not set.",
    )
    refresh_token_error_values: Annotated[list[str], Shown(advanced=True)] = Field(
        default_factory=list,
        title="Refresh Token Error Values",
        description="Its values that mean that the refresh token is no longer valid; invalid_grant and "
        "invalid_permissions if not set.",
    )
    refresh_token_updater: Annotated[RefreshTokenUpdater | None, Shown(advanced=True)] = Field(
        None,
        title="Refresh Token Updater",
        description="For refresh tokens that can be used only once: the inputs that hold the tokens.",
    )
    profile_assertion: Annotated[JwtAuthenticator | None, Shown(advanced=True)] = Field(
        None, title="Profile Assertion", description="The signed token that stands for the user's consent."
    )
    use_profile_assertion: Annotated[bool | Condition, Shown(advanced=True)] = Field(
        False,
        title="Use Profile Assertion",
        description="Whether a signed token is sent instead of client ID, client secret and refresh token.",
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Add the access token, after fetching it if there is no valid one. Raises `ReadError`."""
        draft.add_header("Authorization", f"Bearer {await self._token(context)}")

    async def refresh(self, context: Context, refusals: int) -> bool:
        """Drop the access token, once for a request; the next attempt fetches a new one."""
        return refusals == 1 and self.token_refresh_endpoint is not None and self._keeper(context).refuse()

    def lint(self) -> list[Problem]:
        """The settings that the grant type needs are there (Airbyte: the same)."""
        if self.token_refresh_endpoint is None and self.access_token_value is None:
            return [
                Problem(
                    "write a `token_refresh_endpoint`, or an `access_token_value` that is valid for long",
                    ("token_refresh_endpoint",),
                    fields=("access_token_value",),
                )
            ]
        if self.token_refresh_endpoint is None or self.use_profile_assertion:
            if self.use_profile_assertion is not True or self.profile_assertion is not None:
                return []
            message = "`use_profile_assertion` needs a `profile_assertion`"
            return [Problem(message, ("use_profile_assertion",), fields=("profile_assertion",))]
        problems = [
            Problem(f"the OAuth authenticator needs a `{name}`", (name,))
            for name in ("client_id", "client_secret")
            if getattr(self, name) is None and self.refresh_token_updater is None
        ]
        by_refresh_token = self.grant_type.source == "refresh_token" and self.refresh_token_updater is None
        if by_refresh_token and self.refresh_token is None:
            problems.append(Problem("the grant type `refresh_token` needs a `refresh_token`", ("refresh_token",)))
        return problems

    # The token

    async def _token(self, context: Context) -> str:
        if self.token_refresh_endpoint is None and self.access_token_value is not None:
            token = self.access_token_value.text(context.scope(self))
            context.run.session.secrets.add(token)
            return token
        keeper = self._keeper(context)
        return await keeper.get(lambda: self._fetch(context, keeper), context.run.now())

    @property
    def _shared_by(self) -> Any:
        """Airbyte: authenticators that keep their tokens in the same inputs share them, whatever their other fields."""
        updater = self.refresh_token_updater
        return self.identity if updater is None else tuple(updater.access_token_config_path)

    def _keeper(self, context: Context) -> TokenKeeper:
        return context.run.shared(("oauth", self._shared_by), TokenKeeper)

    async def _fetch(self, context: Context, keeper: TokenKeeper) -> Token:
        """An earlier token while it is valid, else a new one."""
        variables = context.scope(self)
        given = self._given(context, variables)
        if given is None or not (given or self.refresh_token_updater):
            return self._stored(context, keeper) or await self._request(context, given)
        store = context.run.tokens if given else context.run.shared(("kept", self._shared_by), TokenStore)
        grant = Grant(self._endpoint(variables), given)
        async with store.renewing(lambda text: context.log(Level.WARNING, text)):
            kept = await store.find(grant)
            token = self._stored(context, keeper) if kept is None else self._kept(kept, context, keeper)
            if token is None:
                token = await to_its_end(self._renew(context, store, grant, kept))
            return token

    def _stored(self, context: Context, keeper: TokenKeeper) -> Token | None:
        """The access token of the inputs, if they say that it is still valid."""
        value, expiry = self._stored_texts(context)
        if not value or not expiry:
            return None
        try:
            expires = parse_moment(expiry)
        except ValueError:
            raise ReadError(f"`token_expiry_date` must give a date and time, but gives “{expiry}”.") from None
        return _usable(value, expires, context, keeper)

    def _stored_texts(self, context: Context) -> tuple[str, str]:
        updater = self.refresh_token_updater
        if updater is not None:
            access_token = input_text(context.config, updater.access_token_config_path)
            return access_token, input_text(context.config, updater.token_expiry_date_config_path)
        variables = context.scope(self)
        templates = (self.access_token_value, self.token_expiry_date)
        value, expiry = ("" if template is None else template.text_or(variables, "") for template in templates)
        return value, expiry

    def _kept(self, kept: KeptTokens, context: Context, keeper: TokenKeeper) -> Token | None:
        """The access token that was kept, if it is still valid for the same purpose."""
        context.run.session.secrets.add(kept.refresh_token)
        if not kept.access_token or kept.expires is None or kept.purpose != self._purpose(context):
            return None
        return _usable(kept.access_token, kept.expires, context, keeper)

    def _purpose(self, context: Context) -> str:
        """What distinguishes the requested access token from others that the same refresh token may give."""
        if self.refresh_token_updater is not None:
            return ".".join(self.refresh_token_updater.access_token_config_path)
        draft = self._draft(context, None)
        return hashlib.sha256(repr((draft.url, draft.params, draft.form)).encode(errors="surrogatepass")).hexdigest()

    async def _renew(self, context: Context, store: TokenStore, grant: Grant, kept: KeptTokens | None) -> Token:
        """A new token. A refresh token that came with it is kept before anything else is done with the response."""
        sent = grant.refresh_token if kept is None else kept.refresh_token
        tokens = await self._ask(context, sent)
        replaced = tokens.refresh_token is not None and tokens.refresh_token != sent and self._replaces(context)
        token, expires, fault = None, None, None
        try:
            token, expires = self._accept(tokens, context)
        except ReadError as error:
            fault = error
        if replaced or (kept is not None and token is not None):
            new = KeptTokens(
                refresh_token=str(tokens.refresh_token) if replaced else sent,
                access_token="" if token is None else token.value,
                expires=expires,
                purpose=self._purpose(context),
            )
            await self._keep(context, store, grant, sent, new)
        if token is None:
            assert fault is not None
            raise fault
        return token

    async def _keep(self, context: Context, store: TokenStore, grant: Grant, sent: str, tokens: KeptTokens) -> None:
        inputs = {} if self.refresh_token_updater is None else self.refresh_token_updater.inputs(tokens)
        try:
            outcome = await store.keep(grant, sent, tokens, inputs)
        except ReadError as error:
            context.log(
                Level.WARNING,
                f"The API replaced the refresh token, but the new one can't be kept: {error} This run goes on with it; "
                "the next one will need a new sign-in, for the token in the inputs may not work any more.",
            )
        else:
            if tokens.refresh_token != sent:
                context.log(Level.INFO, f"The API replaced the refresh token. {outcome}")

    def _replaces(self, context: Context) -> bool:
        """Whether a refresh token in the response replaces the one that was sent."""
        return self.refresh_token_updater is not None or self.grant_type.text(context.scope(self)) == "refresh_token"

    async def _request(self, context: Context, refresh_token: str | None) -> Token:
        token, _ = self._accept(await self._ask(context, refresh_token), context)
        return token

    async def _ask(self, context: Context, refresh_token: str | None) -> TokenResponse:
        variables = context.scope(self)
        found: list[TokenResponse] = []

        def learn(response: httpx.Response) -> None:
            found.append(self._tokens_in(response, variables))
            for secret in found[-1].secrets:
                context.run.session.secrets.add(secret)

        response = await context.run.session.send(
            Call(
                role=Role.AUTH,
                draft=self._draft(context, refresh_token),
                decide=self._decide,
                listener=context,
                learn=learn,
                budgeted=False,  # Airbyte: the same
            )
        )
        assert response is not None
        return found[-1]

    def _accept(self, tokens: TokenResponse, context: Context) -> tuple[Token, datetime]:
        """The access token of a response and when it expires. Raises `ReadError`."""
        variables = context.scope(self)
        if tokens.access_token is None:
            name = self.access_token_name.text(variables)
            said = f" The API says: {shorten(tokens.error).rstrip('.')}." if tokens.error else ""
            raise ReadError(
                f"The answer of {self._endpoint(variables)} holds no `{name}`, only: "
                f"{tokens.fields or 'nothing readable'}.{said} Check the token endpoint and `access_token_name`."
            )
        now = context.run.now()
        expires = tokens.expires(now, as_date=bool(self.token_expiry_date_format))
        return Token.expiring(tokens.access_token, expires, now), expires

    def _tokens_in(self, response: httpx.Response, variables: Mapping[str, Any]) -> TokenResponse:
        updater = self.refresh_token_updater
        return TokenResponse.of(
            json_body(response),
            access_token_name=self.access_token_name.text(variables),
            expires_in_name=self.expires_in_name.text(variables),
            refresh_token_name=updater.refresh_token_name if updater is not None else "refresh_token",
        )

    # The request for a token

    def _endpoint(self, variables: Mapping[str, Any]) -> str:
        assert self.token_refresh_endpoint is not None
        return self.token_refresh_endpoint.text(variables).strip()

    def _draft(self, context: Context, refresh_token: str | None) -> RequestDraft:
        variables = context.scope(self)
        draft = RequestDraft(method="POST", url=self._endpoint(variables), source="the OAuth authenticator")
        if self.refresh_request_headers is not None:
            for name, value in self.refresh_request_headers.evaluate_as_text(variables).items():
                draft.add_header(name, value)
        if self._by_assertion(variables):
            draft.form = self._assertion(context, variables)
            return draft
        fields = {name: texts_of(value) for name, value in self._fields(context, refresh_token).items()}
        if self.send_refresh_request_as_query_params:
            draft.params = fields
        else:
            draft.form = fields
        return draft

    def _assertion(self, context: Context, variables: Mapping[str, Any]) -> dict[str, str | list[str]]:
        if self.profile_assertion is None:
            raise ReadError("`use_profile_assertion` needs a `profile_assertion`.")
        return {
            self.grant_type_name.text(variables): JWT_BEARER,
            "assertion": self.profile_assertion.sign(context),
        }

    def _fields(self, context: Context, refresh_token: str | None) -> dict[str, Any]:
        variables = context.scope(self)
        headers = self.refresh_request_headers
        credentials_in_header = headers is not None and "Authorization" in headers.evaluate_as_text(variables)
        fields: dict[str, Any] = {self.grant_type_name.text(variables): self.grant_type.text(variables)}
        if not credentials_in_header:
            fields |= self._client(context, variables)
        if refresh_token is not None:
            fields[self.refresh_token_name.text(variables)] = refresh_token
        if self.scopes:
            fields["scopes"] = self.scopes
        further = {} if self.refresh_request_body is None else self.refresh_request_body.evaluate(variables)
        return {**fields, **{name: value for name, value in further.items() if name not in fields}}

    def _client(self, context: Context, variables: Mapping[str, Any]) -> dict[str, str]:
        client_id = self._credential("client_id", self.client_id, context, variables)
        client_secret = self._credential("client_secret", self.client_secret, context, variables)
        context.run.session.secrets.add_pair(client_id, client_secret)
        if not client_id:
            raise ReadError("The OAuth authenticator has no client id: check `client_id` and the input that it uses.")
        return {
            self.client_id_name.text(variables): client_id,
            self.client_secret_name.text(variables): client_secret,
        }

    def _credential(self, name: str, template: Template | None, context: Context, variables: Mapping[str, Any]) -> str:
        """Airbyte: with a refresh token updater, the input `credentials.<name>` takes precedence."""
        stored = "" if self.refresh_token_updater is None else input_text(context.config, ["credentials", name])
        return stored or ("" if template is None else template.text_or(variables, ""))

    def _by_assertion(self, variables: Mapping[str, Any]) -> bool:
        use = self.use_profile_assertion
        return bool(use.evaluate(variables)) if isinstance(use, Condition) else use

    def _given(self, context: Context, variables: Mapping[str, Any]) -> str | None:
        """The refresh token of the inputs; None if none is sent. An empty one is (Airbyte: the same)."""
        if self._by_assertion(variables):
            return None
        token: str | None = None
        if self.refresh_token_updater is not None:
            token = input_text(context.config, self.refresh_token_updater.refresh_token_config_path)
        if not token and self.refresh_token is not None:
            token = self.refresh_token.text_or(variables, "")
        if token:
            context.run.session.secrets.add(token)
        return token

    def _decide(self, outcome: Outcome, _attempt: int) -> Decision:
        decision = default_decision(outcome)
        if decision.action is not Action.FAIL or not isinstance(outcome, httpx.Response):
            return decision
        updater = self.refresh_token_updater or RefreshTokenUpdater()
        statuses = self.refresh_token_error_status_codes or updater.refresh_token_error_status_codes
        key = self.refresh_token_error_key or updater.refresh_token_error_key or REFUSED_KEY
        values = self.refresh_token_error_values or updater.refresh_token_error_values or REFUSED_VALUES
        body = json_body(outcome)
        refused = isinstance(body, dict) and str(body.get(key)) in values
        if refused and outcome.status_code in (statuses or REFUSED_STATUSES):
            message = (
                "The refresh token is not valid, or not any more: sign in again, and put the new one into the inputs"
            )
            return Decision(Action.FAIL, message, FailureType.CONFIG_ERROR)
        return decision


def _usable(value: str, expires: datetime, context: Context, keeper: TokenKeeper) -> Token | None:
    """An earlier access token, unless it has expired or was refused."""
    context.run.session.secrets.add(value)
    now = context.run.now()
    token = Token.expiring(value, expires, now)
    return token if value not in keeper.refused and token.is_valid(now) else None
