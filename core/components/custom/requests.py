"""Custom components that have to do with requests: credentials, whole requests, what answers mean, and waits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import httpx
import orjson

from core.components.custom.base import (
    CustomComponent,
    written_outcome,
    written_request,
    written_slice,
)
from core.components.error_handlers import RetryingErrorHandler
from core.custom.host import Answer, CustomError
from core.errors import ReadError
from core.http.encodings import LONG_ENOUGH
from core.http.exchange import Recording, Role
from core.http.policy import Action, Decision, FailureType, Outcome, default_decision
from core.http.request import RequestDraft
from core.http.secrets import Secrets, scheme_of
from core.runtime.context import Context
from core.runtime.roles import Accepts, Authenticator, BackoffStrategy, Renew, Requester


class CustomAuthenticator(CustomComponent, Authenticator, role=True):
    """Adds credentials to requests with Python code for Airbyte. Requests of its own are not recorded."""

    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Whatever is added counts as secret at once."""
        remote, request = self.remote(context), draft.build()
        written = {**written_request(request), "body": ""}
        answer = await context.apart(lambda: remote.ask("authenticate", request.content, request=written))
        added, secrets = answer.value, context.run.session.secrets
        for values in (added["params"], added["data"], added["json"]):
            for value in _texts(values):
                secrets.add(value)
        for value in added["headers"].values():
            _hide(str(value), secrets)
        for value in _signs(httpx.URL(added["url"]), answer.body, request):
            secrets.add(value)
        _add(added, answer.body, draft, request)

    async def refresh(self, context: Context, refusals: int) -> bool:
        remote = self.remote(context)
        return refusals == 1 and bool((await context.apart(lambda: remote.ask("refresh"))).value)


def _signs(url: httpx.URL, body: bytes, request: httpx.Request) -> list[str]:
    """What the code has put itself into the query or the body: values that were not there before, unless they are so
    short that they would be masked all over.
    """
    try:
        written = _texts(orjson.loads(body))
    except ValueError:
        written = [value for _, value in parse_qsl(body.decode(errors="replace"))]
    before = request.content.decode(errors="replace")
    new = [value for value in written if value not in before and value not in unquote_plus(before)]
    new += [value for name, value in url.params.multi_items() if value not in request.url.params.get_list(name)]
    return [value for value in new if len(value) >= LONG_ENOUGH]


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def _hide(header: str, secrets: Secrets) -> None:
    """Register what a header holds, with and without the scheme before it."""
    secrets.add(header)
    scheme = scheme_of(header)
    if scheme:
        secrets.add(header[len(scheme) :].strip())


def _add(added: Mapping[str, Any], body: bytes, draft: RequestDraft, request: httpx.Request) -> None:
    """Make the draft the request that the authenticator made of it. Raises `ReadError`."""
    if isinstance(added["data"], str):
        draft.set_text(added["data"])
    else:
        for name, value in added["data"].items():
            draft.add_form(name, value)
    if added["json"]:
        draft.merge_json(added["json"])
    url = httpx.URL(added["url"])
    if url != request.url:
        draft.url, draft.path, draft.params = str(url), None, {}
    draft.method = added["method"]
    gone = {name.lower() for name in added["gone"]}
    draft.headers = {name: value for name, value in draft.headers.items() if name.lower() not in gone}
    for name, value in added["headers"].items():
        for other in [other for other in draft.headers if other.lower() == name.lower()]:
            del draft.headers[other]
        draft.headers[name] = str(value)
    if added["body_changed"]:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise ReadError("The custom authenticator makes a body that is no text, which can't be sent.") from None
        kind = request.headers.get("content-type")
        draft.json, draft.form, draft.content = None, {}, text
        if kind and not any(name.lower() == "content-type" for name in draft.headers):
            draft.headers["Content-Type"] = kind


class CustomRequester(CustomComponent, Requester, role=True):
    """Sends requests with Python code for Airbyte, which repeats and authenticates them itself."""

    async def send(self, context: Context, role: Role, extra: RequestDraft | None = None) -> httpx.Response | None:
        """The response; its exchange is recorded when it is over, attempts before the last one are not."""
        remote, more = self.remote(context), extra or RequestDraft()
        started = context.run.now()
        answer = await context.apart(
            lambda: remote.ask(
                "send",
                slice=_with_job(written_slice(context.slice), context),
                next_page_token=context.variables.get("next_page_token"),
                path=more.path,
                headers=more.headers,
                params=more.params,
                data=more.content or more.form,
                json=more.json,
            ),
        )
        if answer.value is None:
            return None
        response = _response_of(answer)
        secrets = context.run.session.secrets
        for name, value in response.request.headers.items():
            if name == "authorization":
                _hide(value, secrets)
        recording = Recording(
            response.request, role=role, attempt=1, started=started, secrets=secrets, record=context.record
        )
        recording.responded(response)
        recording.received(response.content)
        recording.finish()
        return response

    @asynccontextmanager
    async def open(
        self,
        context: Context,
        role: Role,
        extra: RequestDraft | None = None,
        renew: Renew | None = None,
        accepts: Accepts | None = None,
    ) -> AsyncIterator[Any]:
        response = await self.send(context, role, extra)
        yield None if response is None else _WholeBody(response)


_OF_JOBS = ("creation_response", "polling_response", "download_target")


def _with_job(slice_: dict[str, Any] | None, context: Context) -> dict[str, Any] | None:
    """A slice for a message, with what a job, or a record with a file, said among its extra fields (Airbyte)."""
    said = {name: context.variables[name] for name in _OF_JOBS if name in context.variables}
    if not said:
        return slice_
    slice_ = slice_ or {"partition": {}, "cursor_slice": {}, "extra_fields": {}}
    return {**slice_, "extra_fields": {**slice_["extra_fields"], **said}}


@dataclass(frozen=True, slots=True)
class _WholeBody:
    """A body that has arrived, as one that is streamed."""

    response: httpx.Response

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body."""
        yield self.response.content


def _response_of(answer: Answer) -> httpx.Response:
    written = answer.value
    asked = written["request"]
    request = httpx.Request(
        asked["method"], asked["url"], headers=[tuple(pair) for pair in asked["headers"]], content=asked["body"] or b""
    )
    response = httpx.Response(
        written["status"],
        headers=[tuple(pair) for pair in written["headers"]],
        content=answer.body,
        request=request,
        extensions={"reason_phrase": written["reason"].encode()},
    )
    response._num_bytes_downloaded = len(answer.body)
    return response


class CustomErrorHandler(CustomComponent, RetryingErrorHandler, role=True):
    """Says with Python code for Airbyte what answers mean, and whether requests are repeated."""

    def judge(self, outcome: Outcome, context: Context) -> Decision:
        return self.decide(outcome, 1, context)

    def strategies(self, outcome: Outcome, context: Context) -> Sequence[BackoffStrategy]:
        return ()

    def decide(self, outcome: Outcome, attempt: int, context: Context) -> Decision:
        written, body = written_outcome(outcome)
        found = self.remote(context).ask("judge", body, outcome=written, attempt=attempt).value
        try:
            action = Action(str(found["action"]).upper())
            kind = FailureType(found["failure_type"] or default_decision(outcome).failure_type)
        except ValueError:
            said = f"the action {found['action']} and the kind of failure {found['failure_type']}"
            raise CustomError(f"The custom code {self.class_name} gives {said}; there is no such thing.") from None
        retries = found["retries"]
        usual = default_decision(outcome).max_attempts
        return Decision(
            action,
            found["message"],
            kind,
            wait=_waited(self.class_name, found["wait"]),
            max_attempts=usual if retries is None else 1 + max(0, retries),
        )


class CustomBackoffStrategy(CustomComponent, BackoffStrategy, role=True):
    """Says with Python code for Airbyte how long to wait before a request is repeated."""

    def wait(self, outcome: Outcome, attempt: int, context: Context) -> float | None:
        written, body = written_outcome(outcome)
        return _waited(self.class_name, self.remote(context).ask("wait", body, outcome=written, attempt=attempt).value)


def _waited(who: str, seconds: Any) -> float | None:
    """Raises `CustomError` for what is no number."""
    if seconds is not None and not isinstance(seconds, (int, float)):
        raise CustomError(f"The custom code {who} gives “{seconds}” where seconds should be.")
    return seconds
