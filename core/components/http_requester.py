"""The request to an HTTP API."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field

from core.components.error_handlers import DefaultErrorHandler
from core.components.query_properties import PropertiesFromEndpoint, QueryProperties
from core.components.request_parts import fill_form
from core.http.cache import Body
from core.http.call import Call
from core.http.exchange import Role
from core.http.messages import shorten
from core.http.origins import same_origin
from core.http.policy import Action, Decision, Outcome
from core.http.request import RequestDraft, url_of
from core.levels import Level
from core.manifest.problems import Problem, Severity
from core.runtime.component import SLICE_VARIABLES, AsText, Gives, Shown
from core.runtime.context import Context, readable
from core.runtime.roles import Accepts, Authenticator, ErrorHandler, Renew, RequestBody, Requester
from core.templates import MixedMap, Template, TemplateError, TemplateMap

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
PORTABLE_METHODS = ("GET", "POST")
_PIECE = re.compile(r"\{[{%].*?[}%]\}", re.DOTALL)
_FROM_RESPONSES = re.compile(
    r"\b(?:(?:creation|start|polling)_response|download_target|download_link(?:_response)?|next_page_token)\b"
)
_SITE = re.compile(r"(?i)https?://[^/?#]")
_ORIGIN = re.compile(r"(?i)https?://[^/?#]+[/?#]")
_DESCRIBING = frozenset({Role.SCHEMA, Role.PROPERTIES})
"""The roles of requests that ask what the records are like."""
_CACHED = frozenset({Role.PAGE, Role.PARENT, *_DESCRIBING})
"""The roles of requests whose responses may be cached."""
_PROPERTY_FIELDS = ("fetch_properties_from_endpoint", "query_properties")


@dataclass(frozen=True, slots=True)
class _BoundAuthenticator:
    """An authenticator with the context of one call: its `Credentials`."""

    authenticator: Authenticator
    context: Context

    async def authenticate(self, draft: RequestDraft) -> None:
        with readable():
            await self.authenticator.authenticate(draft, self.context)

    async def refresh(self, refusals: int) -> bool:
        return await self.authenticator.refresh(self.context, refusals)

    def release(self) -> None:
        self.authenticator.release(self.context)

    def observe(self, response: httpx.Response) -> None:
        self.authenticator.observe(response, self.context)

    def has_alternative(self) -> bool:
        return self.authenticator.has_alternative(self.context)


class HttpRequester(Requester):
    """A request to an HTTP API: its URL, parameters, headers and body, its authenticator, and what errors mean."""

    url: Template | None = Field(
        None, title="API Endpoint URL", description="The full URL, such as https://api.example.com/v1/items."
    )
    http_method: Method = Field("GET", title="HTTP Method", description="The verb of the request.")
    authenticator: Annotated[Authenticator | None, Gives(only=True)] = Field(
        None, title="Authenticator", description="How the API learns who asks."
    )
    request_parameters: Annotated[MixedMap[QueryProperties] | None, AsText()] = Field(
        None,
        title="Query Parameters",
        description="What follows the `?` of the URL. Lists repeat the name; empty values are dropped. One may be the "
        "properties that are requested.",
    )
    request_headers: Annotated[TemplateMap | None, AsText()] = Field(
        None,
        title="Request Headers",
        description="Headers in addition to those that the client and the authenticator add.",
    )
    request_body: RequestBody | None = Field(None, title="Request Body", description="What is sent in the body.")
    error_handler: Annotated[ErrorHandler | None, Shown(unset="Retry passing faults")] = Field(
        None,
        title="Error Handler",
        description="What error responses mean, and when the request is retried. Without one, transient errors are "
        "retried up to five times and everything else fails.",
    )
    url_base: Annotated[Template | None, Shown(advanced=True)] = Field(
        None,
        title="API Base URL",
        description="The beginning of the URL; the older way to write it, with `path`.",
    )
    path: Annotated[Template | None, Shown(advanced=True)] = Field(
        None, title="URL Path", description="The rest of the URL after the API Base URL; the older way to write it."
    )
    request_body_json: Annotated[Template | TemplateMap | None, Shown(advanced=True, editor="json")] = Field(
        None,
        title="Request Body JSON Payload",
        description="A JSON body; the older way to write `request_body`.",
    )
    request_body_data: Annotated[Template | TemplateMap | None, AsText(), Shown(advanced=True)] = Field(
        None,
        title="Request Body Payload (Non-JSON)",
        description="A form or a text as body; the older way to write `request_body`.",
    )
    query_properties: Annotated[QueryProperties | None, Shown(advanced=True)] = Field(
        None,
        title="Query Properties",
        description="The properties that are requested, if not by a query parameter: templates of this request have "
        "them as the list `query_properties`.",
    )
    fetch_properties_from_endpoint: Annotated[PropertiesFromEndpoint | None, Shown(advanced=True)] = Field(
        None,
        title="Fetch Properties from Endpoint",
        description="The requests that list the properties; the older way to write `query_properties`.",
    )
    use_cache: Annotated[bool | None, Shown(advanced=True, unset="Of parents")] = Field(
        None,
        title="Use Cache",
        description="Keep responses during a run: a request that is repeated, such as by several children of a parent "
        "stream, gets the same response. Those of parent streams, and those that describe the records (schemas, lists "
        "of properties), are kept unless this is false. Only for GET requests, never for those of a job.",
    )
    connect_timeout_in_seconds: Annotated[float | None, Shown(advanced=True, unset="30")] = Field(
        None,
        gt=0,
        title="Connect Timeout (seconds)",
        description="How long connecting may take; 30 if not set.",
    )
    read_timeout_in_seconds: Annotated[float | None, Shown(advanced=True, unset="300")] = Field(
        None,
        gt=0,
        title="Read Timeout (seconds)",
        description="How long the API may be silent while it answers; 300 if not set.",
    )
    use_tcp_keepalive: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Use TCP Keepalive",
        description="For Airbyte: keeps idle connections alive. Longhaul needs no such help.",
    )

    @classmethod
    def template_variables(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """The requested properties are a variable of their own."""
        parameters = raw.get("request_parameters")
        among = parameters.values() if isinstance(parameters, Mapping) else ()
        asks = any(isinstance(value, Mapping) for value in among) or any(raw.get(name) for name in _PROPERTY_FIELDS)
        return frozenset({"query_properties"} if asks else ())

    @property
    def actions(self) -> frozenset[Action]:
        return self.error_handler.actions if self.error_handler is not None else frozenset()

    @property
    def properties(self) -> QueryProperties | None:
        """The requested properties. Airbyte: those among the parameters win, then the older field."""
        if self.request_parameters is not None and self.request_parameters.parts:
            return next(iter(self.request_parameters.parts.values()))
        if self.fetch_properties_from_endpoint is not None:
            return QueryProperties(property_list=self.fetch_properties_from_endpoint)
        return self.query_properties

    async def send(self, context: Context, role: Role, extra: RequestDraft | None = None) -> httpx.Response | None:
        session, call = context.run.session, self.call(context, role, extra)
        if self._is_cached(role, context):
            return await session.cache.send(self._cache_key(call, context), lambda: session.open(call))
        return await session.send(call)

    @asynccontextmanager
    async def open(
        self,
        context: Context,
        role: Role,
        extra: RequestDraft | None = None,
        renew: Renew | None = None,
        accepts: Accepts | None = None,
    ) -> AsyncIterator[Body | None]:
        async def renewed() -> RequestDraft:
            assert renew is not None
            return self.draft(await renew(), extra)

        session = context.run.session
        call = replace(self.call(context, role, extra, accepts), renew=renewed if renew else None)
        if self._is_cached(role, context):
            sent = session.cache.open(self._cache_key(call, context), lambda: session.open(call))
        else:
            sent = session.open(call)
        async with sent as body:
            yield body

    def _is_cached(self, role: Role, context: Context) -> bool:
        """Whether responses are cached: where the manifest says so, and of parents and of what describes the records
        unless it forbids that.

        Airbyte lets it forbid that of parents only, and would cache those about a job too, so that its status never
        changes.
        """
        if self.http_method != "GET" or role not in _CACHED:
            return False
        if self.use_cache is not None:
            return self.use_cache
        return role in _DESCRIBING or self.identity in context.run.parent_requesters

    def _cache_key(self, call: Call, context: Context) -> bytes:
        """What makes two requests the same: their contents, the authenticator, whether credentials go along, who judges
        the answer, and how often the slice has asked before. Where each answer moves a cursor on the server, the next
        request may say the same as the one before.
        """
        draft = call.draft
        request = draft.build()
        parts = [one.identity if one is not None else b"" for one in (self.authenticator, self.error_handler)]
        is_home = draft.home is None or same_origin(url_of(draft.home), draft.leads_to())
        says = repr((str(request.url), request.headers.multi_items(), request.content, parts, is_home))
        same = hashlib.sha256(says.encode(errors="surrogatepass")).digest()
        asked = context.memory.asked
        asked[same] += 1
        return same + asked[same].to_bytes(8)

    def call(
        self, context: Context, role: Role, extra: RequestDraft | None = None, accepts: Accepts | None = None
    ) -> Call:
        """What the session needs to send this request. Raises `ReadError` when a template fails."""
        handler = self.error_handler or DefaultErrorHandler()

        def decide(outcome: Outcome, attempt: int) -> Decision:
            with readable():
                decision = handler.decide(outcome, attempt, context)
                is_open = decision.default and decision.action is not Action.SUCCESS
                if accepts is not None and is_open and isinstance(outcome, httpx.Response) and accepts(outcome):
                    return Decision(Action.SUCCESS)
            if decision.action is Action.IGNORE and isinstance(outcome, httpx.Response) and not outcome.is_error:
                self._explain_ignored(outcome, context)
            return decision

        return Call(
            role=role,
            draft=self.draft(context, extra),
            decide=decide,
            listener=context,
            credentials=None if self.authenticator is None else _BoundAuthenticator(self.authenticator, context),
            connect_timeout=self.connect_timeout_in_seconds,
            read_timeout=self.read_timeout_in_seconds,
            decides_apart=handler.waits,
        )

    def _explain_ignored(self, response: httpx.Response, context: Context) -> None:
        """Log, once in a run, that a response which is no error can't be ignored (Airbyte: it is accepted)."""
        explained = context.run.shared((HttpRequester._explain_ignored, self.identity), set[int])
        if response.status_code in explained:
            return
        explained.add(response.status_code)
        answer = f"{response.status_code} {response.reason_phrase}".rstrip()
        context.log(
            Level.WARNING,
            f"The error handler says to ignore an answer {answer} to {self.http_method} {shorten(str(response.url))}. "
            "Only answers that are errors, 400 and above, can be ignored; this one is taken as it is, which the action "
            "SUCCESS says without this warning. To make it an error, write FAIL or RETRY.",
        )

    def draft(self, context: Context, extra: RequestDraft | None = None) -> RequestDraft:
        """The request without credentials. Raises `ReadError` when a template can't be evaluated."""
        variables = self._variables(context)
        with readable():
            draft = RequestDraft(method=self.http_method, url=self._url(variables), source="the requester")
            draft.home = self._home(variables, context.home)
            if self.path is not None and (extra is None or extra.path is None):
                draft.path = self._path(variables)
            if self.request_parameters is not None:
                for name, value in self.request_parameters.evaluate_as_text(variables).items():
                    draft.add_param(name, value)
                for name in self.request_parameters.parts if "query_properties" in variables else ():
                    draft.add_param(name, ",".join(variables["query_properties"]))
            if self.request_headers is not None:
                self._fill_headers(self.request_headers, draft, variables)
            self._fill_body(draft, variables)
        if extra is not None:
            draft.merge(extra)
        return draft

    def lint(self) -> list[Problem]:
        problems = [*self._lint_properties()]
        if not self._names_site():
            problems.append(Problem("the requester has no `url`", ("url",)))
        bodies = [
            name
            for name in ("request_body", "request_body_json", "request_body_data")
            if getattr(self, name) is not None
        ]
        if len(bodies) > 1:
            problems.append(Problem(f"write one of `{bodies[0]}` and `{bodies[1]}`", (bodies[1],), fields=(bodies[0],)))
        return problems

    def _names_site(self) -> bool:
        """Whether there is a URL. A path alone may be the whole URL of a download: so Airbyte's manifests for Amazon
        Ads and SendGrid write it.
        """
        if any(template is not None and template.source.strip() for template in (self.url, self.url_base)):
            return True
        path = "" if self.path is None else self.path.source.strip()
        return path.startswith("{") or _SITE.match(path) is not None

    def unportable(self) -> list[Problem]:
        """Airbyte sends GET and POST requests only."""
        if self.http_method in PORTABLE_METHODS:
            return []
        message = f"Airbyte can't send {self.http_method} requests; this manifest runs here only"
        return [Problem(message, ("http_method",), Severity.WARNING)]

    def lint_beside_pages(self) -> list[Problem]:
        """Query properties work only for pages of records.

        Airbyte: elsewhere, fields for them are ignored, and a query parameter gets a meaningless value.
        """
        if self.properties is None:
            return []
        message = "query properties work only in the request of a synchronous stream; they have no effect here"
        hint = "write the properties as text"
        parts = getattr(self.request_parameters, "parts", ())
        fields = [key for key in _PROPERTY_FIELDS if getattr(self, key) is not None]
        return [
            *(Problem(message, ("request_parameters", part), hint=hint) for part in parts),
            *(Problem(message, (key,), Severity.WARNING, hint) for key in fields),
        ]

    def _lint_properties(self) -> Iterator[Problem]:
        """Airbyte: properties among the parameters exclude each other and the older field; the rest is ignored."""
        parts = [("request_parameters", name) for name in getattr(self.request_parameters, "parts", ())]
        fields = [(name,) for name in _PROPERTY_FIELDS if getattr(self, name) is not None]
        for path in [*parts, *fields][1:]:
            ignored = path == ("query_properties",)
            message = f"the properties of `{path[-1]}` are not requested, as those of `{[*parts, *fields][0][-1]}` are"
            hint = "a request has one set of query properties; remove one of the two"
            yield Problem(message, path, Severity.WARNING if ignored else Severity.ERROR, hint)

    def _url(self, variables: Mapping[str, Any]) -> str:
        """`url_base` wins over `url` (Airbyte: the same)."""
        for template in (self.url_base, self.url):
            url = "" if template is None else template.text(variables).strip()
            if url:
                return url
        return ""

    def _path(self, variables: Mapping[str, Any]) -> str:
        return "" if self.path is None else self.path.text(variables).strip().lstrip("/")

    def _variables(self, context: Context) -> dict[str, Any]:
        nothing: dict[str, Any] = {"next_page_token": None, **dict.fromkeys(SLICE_VARIABLES, context.slice or {})}
        return {**nothing, **context.scope(self)}

    def home(self, context: Context) -> str | None:
        with readable():
            return self._home(self._variables(context), context.home)

    def _home(self, variables: Mapping[str, Any], otherwise: str | None) -> str | None:
        """Where credentials may go: the site that the manifest itself names, wherever a response of the API leads.

        If the manifest leaves that to a response, it is the site of the job, or that of the first page. A download
        target that is a full URL is its own first page: the manifest explicitly adds credentials to it.
        """
        first = {**variables, "next_page_token": None}
        for template in (self.url_base, self.url):
            if template is None or not template.source.strip():
                continue
            named = _fixed_part(template.source)
            text = named.text(first).strip() if named is not None else ""
            if text and (named == template or _ORIGIN.match(text)):
                return text
        return otherwise or self._url(first) or self._path(first) or None

    def _fill_headers(self, headers: TemplateMap, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        """Headers are text: unlike in Airbyte, `1.10` stays `1.10`. Those that are null are left out."""
        for name, value in headers.evaluate_as_text(variables).items():
            text = ", ".join(value) if isinstance(value, list) else value
            if text != "None":
                draft.add_header(name, text)

    def _fill_body(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        if self.request_body is not None:
            self.request_body.fill(draft, variables)
        if isinstance(self.request_body_json, TemplateMap):
            draft.merge_json(self.request_body_json.evaluate(variables))
        elif self.request_body_json is not None:
            draft.merge_json(_json_value(self.request_body_json, variables))
        if isinstance(self.request_body_data, TemplateMap):
            fill_form(self.request_body_data, draft, variables)
        elif self.request_body_data is not None:
            _fill_data(self.request_body_data, draft, variables)


@lru_cache(maxsize=1024)
def _fixed_part(source: str) -> Template | None:
    """The part of a URL's template before anything that comes from a response of the API; None if there is none."""
    variable = next((piece for piece in _PIECE.finditer(source) if _FROM_RESPONSES.search(piece[0])), None)
    if variable is None:
        return Template(source)
    begin = source[: variable.start()]
    return None if "{%" in begin or not begin.strip() else Template(begin)


def _json_value(template: Template, variables: Mapping[str, Any]) -> Any:
    """The mapping or list that a text evaluates to, or spells as JSON."""
    value = template.evaluate(variables)
    if isinstance(value, str) and value:
        with suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, (dict, list)) or value == "":
        return value or None
    raise TemplateError("it must give a mapping for the JSON body, but gives something else.", template.source)


def _fill_data(template: Template, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
    """Airbyte: a text that evaluates to a mapping is a form, any other is sent as it is."""
    value = template.evaluate(variables)
    if isinstance(value, dict):
        for name, item in value.items():
            if item is not None:
                draft.add_form(str(name), item)
    else:
        draft.set_text(template.text(variables))
