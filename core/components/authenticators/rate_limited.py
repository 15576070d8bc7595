"""Several tokens that are used in turn, each with quotas of its own."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import httpx
from pydantic import Field

from core.components.authenticators.token_quotas import QuotaStatusSource, TokenQuota
from core.errors import ReadError
from core.http.policy import RequestFailed
from core.http.request import RequestDraft
from core.levels import Level
from core.manifest.problems import Problem, Severity
from core.runtime.component import Shown
from core.runtime.context import Context
from core.runtime.roles import Authenticator
from core.runtime.tokens import OneAtATime, Quota, TokenRing
from core.templates import Template
from core.templates.datetimes import DatetimeError, parse_duration
from core.units import time_span

SHORTEST_WAIT = 5.0
"""The shortest wait in seconds for a reset, even if that should be over: the API's clock may differ."""
SHORTEST_SPACING = 0.1
"""Requests are held back for at least this many seconds, or not at all."""
LONGEST_WAIT = "PT2H"
"""How long to wait for a reset by default."""


@dataclass(frozen=True, slots=True)
class _Use:
    """The token that a request carried, and the quota that it was counted in."""

    token: str
    pool: TokenQuota


_last_use: ContextVar[_Use | None] = ContextVar("last_use", default=None)
"""The token that the current task used last: the response is about this one, whatever other tasks used since."""


class _SharedTokens:
    """What all authenticators with the same tokens share in a run."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self.ring = TokenRing(tokens)
        self.status_requests = OneAtATime()
        self.logged: set[Any] = set()

    def log_once(self, key: Any, level: Level, message: str, context: Context) -> None:
        """Log a message unless one with this key was logged before."""
        if key not in self.logged:
            self.logged.add(key)
            context.log(level, message)


class RateLimitedMultipleTokenAuthenticator(Authenticator):
    """Sends one of several tokens, and moves on to the next when the calls that the API allows for it are used up.

    The calls left of each token are requested at the start, counted down, and corrected by response headers. When all
    tokens are used up, it waits until the first one has calls again. When all run low, requests are spread out until
    then. A token that is refused (401) is set aside. (In Airbyte every request that carries it fails.)
    """

    label = "Several tokens with quotas"

    tokens: Annotated[Template | list[Template], Shown(secret=True)] = Field(
        title="Tokens",
        description="The tokens: a text with all of them, such as {{ config['api_tokens'] }}, or a list.",
    )
    token_delimiter: str = Field(
        ",", title="Token Delimiter", description="The separator of the tokens if they are one text."
    )
    auth_method: str = Field("Bearer", title="Auth Method", description="The text before the token in the header.")
    header: Annotated[str, Shown(advanced=True)] = Field(
        "Authorization", title="Header Name", description="The header that carries the token."
    )
    quota_status_source: QuotaStatusSource = Field(
        title="Quota Status Source", description="The request that reports what is left of a token's quotas."
    )
    quotas: list[TokenQuota] = Field(
        min_length=1,
        title="Quotas",
        description="The calls that each token has. A request is counted in the first quota with a matcher that "
        "matches, else in the one without matchers.",
    )
    max_wait_time: Annotated[Template, Shown(editor="duration")] = Field(
        Template(LONGEST_WAIT),
        title="Maximum Wait Time",
        description="The longest wait for a reset, as an ISO 8601 duration such as PT30M; beyond it the read fails.",
    )
    budget_reserve_fraction: Annotated[float, Shown(advanced=True)] = Field(
        0.1,
        title="Budget Reserve Fraction",
        description="The part of a full quota that is used slowly: requests are spread out if all tokens are below it.",
    )
    budget_min_reserve: Annotated[int, Shown(advanced=True)] = Field(
        50,
        title="Budget Minimum Reserve",
        description="The number of calls that are used slowly if it is more than the fraction. With 0 for both, "
        "requests are never spread out.",
    )

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Add a token, after a wait if all are used up. Raises `ReadError`."""
        shared = self._shared(context)
        if not shared.ring.quotas:
            await shared.status_requests.do(lambda: not shared.ring.quotas, lambda: self._ask_all(shared, context))
        pool = self._pool(draft, shared, context)
        token = await self._take(pool, shared, context)
        _last_use.set(_Use(token, pool))
        draft.add_header(*self._header(token))

    def release(self, context: Context) -> None:
        used = _last_use.get()
        if used is not None:
            self._shared(context).ring.give_back(used.token, used.pool.name)

    def observe(self, response: httpx.Response, context: Context) -> None:
        used = _last_use.get()
        if used is not None:
            self._shared(context).ring.learn(used.token, used.pool.name, used.pool.report(response))

    def has_alternative(self, context: Context) -> bool:
        """Whether the token that was used is used up, and another one is not."""
        used = _last_use.get()
        return used is not None and self._shared(context).ring.has_other(used.token, used.pool.name)

    async def refresh(self, context: Context, refusals: int) -> bool:
        """Set the used token aside; False if every token was refused for this request."""
        shared, used = self._shared(context), _last_use.get()
        if used is None or refusals > len(shared.ring.tokens) or not shared.ring.refuse(used.token):
            return False
        self._log_refused(used.token, shared, context)
        return True

    def lint(self) -> list[Problem]:
        problems = [] if self.tokens != [] else [Problem("write at least one token", ("tokens",))]
        names = [quota.name for quota in self.quotas]
        problems += [
            Problem(f"another quota is named `{name}` already, and they would count as one", ("quotas", index, "name"))
            for index, name in enumerate(names)
            if name in names[:index]
        ]
        open_to_all = [index for index, quota in enumerate(self.quotas) if not quota.matchers]
        message = "another quota takes every other request already, so nothing is counted here: write `matchers`"
        problems += [
            Problem(message, ("quotas", index), Severity.WARNING, fields=("matchers",)) for index in open_to_all[1:]
        ]
        if self.max_wait_time.constant:
            try:
                _fixed_length(self.max_wait_time.source or LONGEST_WAIT)
            except DatetimeError as error:
                problems.append(Problem(str(error), ("max_wait_time",)))
        return problems

    # The tokens

    def _shared(self, context: Context) -> _SharedTokens:
        return context.run.shared(("tokens in turn", self.identity), lambda: self._resolved(context))

    def _resolved(self, context: Context) -> _SharedTokens:
        """Airbyte: authenticators with equal settings share their counts, whatever their `$parameters`."""
        tokens = self._given(context)
        for token in tokens:
            context.run.session.secrets.add(token)
        if not tokens:
            raise ReadError("The inputs give no token: check `tokens` and the input that it uses.")
        same = (
            tokens,
            self._header(""),
            self.quota_status_source.key(context),
            tuple(quota.key for quota in self.quotas),
            (self._longest_wait(context), self.budget_reserve_fraction, self.budget_min_reserve),
        )
        return context.run.shared(("tokens in turn", same), lambda: _SharedTokens(tokens))

    def _given(self, context: Context) -> tuple[str, ...]:
        """The tokens of the inputs, each once. A list in an input is read as such (Airbyte splits its text)."""
        variables = context.scope(self)
        if not isinstance(self.tokens, Template):
            texts = [template.text(variables) for template in self.tokens]
        elif isinstance(value := self.tokens.evaluate(variables), list):
            texts = [str(item) for item in value]
        else:
            texts = self.tokens.text(variables).split(self.token_delimiter or ",")
        return tuple(dict.fromkeys(filter(None, (text.strip() for text in texts))))

    def _header(self, token: str) -> tuple[str, str]:
        """Airbyte: an empty prefix or name means the default."""
        return self.header or "Authorization", f"{self.auth_method or 'Bearer'} {token}".strip()

    # The quotas

    def _pool(self, draft: RequestDraft, shared: _SharedTokens, context: Context) -> TokenQuota:
        request = draft.build()
        takers = (quota for quota in self.quotas if quota.takes(request))
        pool = next(takers, None) or next((quota for quota in self.quotas if not quota.matchers), None)
        if pool is None:
            pool = self.quotas[0]
            url = context.run.session.secrets.mask(str(request.url))
            message = (
                f"No quota takes {request.method} {url}, so it is counted in `{pool.name}`. Add one without `matchers`."
            )
            shared.log_once("unmatched", Level.WARNING, message, context)
        return pool

    async def _take(self, pool: TokenQuota, shared: _SharedTokens, context: Context) -> str:
        waited = 0.0
        while (token := shared.ring.take(pool.name)) is None:
            wait = self._wait(pool, waited, shared, context)
            await context.run.sleep(wait)
            waited += wait
            used_up = partial(shared.ring.used_up, pool.name)
            await shared.status_requests.do(used_up, lambda: self._ask_all(shared, context))
        spacing = shared.ring.spacing(pool.name, self._reserve, context.run.now())
        if spacing >= SHORTEST_SPACING:
            message = (
                f"All tokens are low on their quota `{pool.name}`: requests are spread out until the reset, "
                f"{spacing:.1f} s apart for now."
            )
            shared.log_once("spacing", Level.INFO, message, context)
            await context.run.sleep(spacing)
        return token

    def _wait(self, pool: TokenQuota, waited: float, shared: _SharedTokens, context: Context) -> float:
        """Seconds until the first token has calls again. Raises `ReadError` if that is too long."""
        reset_at = shared.ring.reset_at(pool.name)
        seconds = (reset_at - context.run.now()).total_seconds()
        left = self._longest_wait(context).total_seconds() - waited
        tokens = len(shared.ring.usable)
        used_up = f"All {tokens} tokens have" if tokens > 1 else "The token has"
        all_used_up = f"{used_up} no calls left in the quota `{pool.name}`"
        until = f"the first has calls again at {reset_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        if left <= 0 or seconds >= left:
            raise ReadError(
                f"{all_used_up}, and {until}. That is longer than `max_wait_time` allows. "
                "Try again later, or allow a longer wait.",
                retryable=True,
            )
        wait = min(max(seconds, SHORTEST_WAIT), left)
        message = f"{all_used_up}. Waiting {time_span(wait)}: {until}."
        shared.log_once((context.stream, pool.name, reset_at), Level.WARNING, message, context)
        return wait

    def _reserve(self, quota: Quota) -> float:
        return max(self.budget_min_reserve, quota.limit * self.budget_reserve_fraction)

    def _longest_wait(self, context: Context) -> timedelta:
        text = self.max_wait_time.text_or(context.scope(self), LONGEST_WAIT)
        try:
            return _fixed_length(text)
        except DatetimeError as error:
            raise ReadError(f"`max_wait_time`: {error}.") from None

    # The quota status

    async def _ask_all(self, shared: _SharedTokens, context: Context) -> None:
        """Request what is left of each token. Raises `ReadError`, also if all of them are refused."""
        ring, found = shared.ring, {}
        refusal: RequestFailed | None = None
        for token in ring.usable:
            try:
                status = await self.quota_status_source.ask(self._header(token), context)
            except RequestFailed as error:
                if error.status != HTTPStatus.UNAUTHORIZED:
                    raise
                refusal = error
                self._log_refused(token, shared, context)
            else:
                found[token] = {quota.name: self._quota(quota, status, context) for quota in self.quotas}
        if refusal is not None and not found:
            raise refusal
        ring.count(found)
        shared.logged.discard("spacing")
        self._log_untracked(
            [token for token in found if not found[token][self.quotas[0].name].tracked], shared, context
        )

    def _quota(self, quota: TokenQuota, status: Any, context: Context) -> Quota:
        return Quota.untracked(context.run.now()) if status is None else quota.read(status)

    def _log_refused(self, token: str, shared: _SharedTokens, context: Context) -> None:
        message = f"The API refused token {shared.ring.place(token)}: it is set aside. Replace it in the inputs."
        shared.log_once(("refused", token), Level.WARNING, message, context)

    def _log_untracked(self, tokens: list[str], shared: _SharedTokens, context: Context) -> None:
        if tokens:
            all_of_them = len(tokens) == len(shared.ring.usable)
            which = "the tokens" if all_of_them else "tokens " + ", ".join(map(shared.ring.place, tokens))
            message = f"The API doesn't count the calls of {which}: they are used without a quota from now on."
            shared.log_once("untracked", Level.INFO, message, context)


def _fixed_length(duration: str) -> timedelta:
    """The length of an ISO 8601 duration. Raises `DatetimeError` if it is invalid or depends on the calendar."""
    length = parse_duration(duration)
    if not isinstance(length, timedelta):
        raise DatetimeError("has months or years; write days, hours or minutes, such as PT2H", duration)
    return length
