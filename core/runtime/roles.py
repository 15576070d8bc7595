"""The roles that components play for each other, with the methods that each role promises.

Record-level roles are *bound* once per slice to the template variables and give a plain function that runs for
every record, so that nothing but the work itself is left in the loop.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from core.http.exchange import Role
from core.http.policy import Action, Decision
from core.http.request import RequestDraft
from core.manifest.problems import Problem
from core.runtime.component import Component
from core.runtime.context import Context
from core.runtime.record_pipeline import Change, KeyOf, ManyRecords
from core.runtime.slices import Record, RecordPredicate, SliceMemory
from core.templates import Template

Renew = Callable[[], Awaitable[Context]]
Accepts = Callable[[httpx.Response], bool]
Extract = Callable[[Any], Iterable[Any]]
"""Gives what is found in one element."""
Place = Callable[[Any], Any]
"""Gives what is at a place in one element; None where there is nothing."""


@dataclass(frozen=True, slots=True)
class WholeResponse:
    """A response that was read completely, as the one element of an extractor that takes responses; `elements` gives
    what a decoder makes of its body.
    """

    response: httpx.Response
    elements: Callable[[], Iterable[Any]]


class Decoder(Component, role=True):
    """Turns the bytes of a response into elements."""

    @property
    def gives_document(self) -> bool:
        """Whether a body is one document that a paginator may look into (Airbyte: JSON, XML, and JSON in gzip)."""
        return False

    @property
    def carries_over(self) -> bool:
        """Whether the first body of a slice says how later ones are read, so that it has to be read before them."""
        return False

    @property
    def takes_response(self) -> bool:
        """Whether it reads responses as a whole, by what `bind_in` gives."""
        return False

    def bind_in(self, context: Context) -> Callable[[httpx.Response], Iterable[Any]]:
        """What gives the elements of a response that was read completely."""
        return lambda response: self.decode(iter((response.content,)))

    def for_slice(self, memory: SliceMemory) -> Decoder:
        """The decoder for the bodies of one slice, which may take from `memory` what the first one said."""
        return self

    def decode_all(self, body: bytes, charset: str | None = None) -> list[Any]:
        """All elements of a body that is complete and small. Raises `DecodeError`."""
        return list(self.decode(iter((body,)), charset))

    @abstractmethod
    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[Any]:
        """Yield the elements of a body that arrives in `chunks`; runs outside the event loop, in constant memory
        where the format allows it. `charset` is the codec of the charset that the Content-Type names, where it names
        one. Raises `DecodeError` for a body that is not in this format.
        """


class Extractor(Component, role=True):
    """Finds records (or values such as a status) in the decoded elements of a response."""

    @abstractmethod
    def bind(self, variables: Mapping[str, Any]) -> Extract:
        """The function that gives what is found in one element.

        For the answers of a job, the variables `headers` and `status_code` are those of the answer.
        """

    @property
    def carries_over(self) -> bool:
        """Whether the first body of a slice says how later ones are read, so that it has to be read before them."""
        return False

    def bind_for_slice(self, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        """The same for the elements of one slice; it may take from `memory` what the first body, or the job, said."""
        return self.bind(variables)

    def bind_in(self, context: Context | None, variables: Mapping[str, Any], memory: SliceMemory) -> Extract:
        """The same for an extractor that needs to know where it works."""
        return self.bind_for_slice(variables, memory)

    @property
    def takes_response(self) -> bool:
        """Whether its elements are `WholeResponse`s, not what a decoder makes of their bodies."""
        return False

    def bind_as_is(self, variables: Mapping[str, Any]) -> Extract:
        """The function that gives what is at the place in one element as it is: lists whole, nulls and empty texts too.

        Nothing at all: there is no such place. An extractor that doesn't know gives what `bind` finds.
        """
        return self.bind(variables)

    def bind_place(self, variables: Mapping[str, Any]) -> Place | None:
        """The function that gives what is at the place for records in one element, whatever is made of it; None where
        that is the whole element, or nobody can tell.
        """
        return None

    @property
    def path_keys(self) -> list[Template] | None:
        """The keys that lead to what it finds, where that is one path; empty: it takes the whole element."""
        return None

    @property
    def place(self) -> str:
        """Where it looks, in words."""
        if self.path_keys is None:
            return "the place that its extractor names"
        path = ".".join(part.source for part in self.path_keys)
        return f"`{path}`" if path else "the top"

    @property
    def takes_whole_body(self) -> bool:
        """Whether it looks at the answers of a job as a whole, lists too, and knows what is beside their body."""
        return False

    @property
    def reads_status_code(self) -> bool:
        """Whether it looks at the HTTP status or the headers of a response rather than at its body alone."""
        return False

    def own_decoder(self) -> Decoder | None:
        """The decoder that bodies need for it in place of the one beside it; None: none in particular."""
        return None


class RecordFilterRole(Component, role=True):
    """Decides which records are kept."""

    @abstractmethod
    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], bool]:
        """The function that says whether a record is kept."""

    def bind_in(self, context: Context | None, variables: Mapping[str, Any]) -> RecordPredicate | ManyRecords:
        """The same for a filter that needs to know where it works, or looks at many records at once."""
        return self.bind(variables)


class Transformation(Component, role=True):
    """Changes records in place."""

    @abstractmethod
    def bind(self, variables: Mapping[str, Any]) -> Callable[[Record], None]:
        """The function that changes one record."""

    def bind_in(self, context: Context | None, variables: Mapping[str, Any]) -> Change | ManyRecords:
        """The same for a transformation that needs to know where it works, or changes many records at once."""
        return self.bind(variables)


class SchemaLoader(Component, role=True):
    """Knows the JSON Schema of a stream's records."""

    @property
    def written(self) -> Mapping[str, Any] | None:
        """The schema where the manifest itself says it; None when it has to be loaded."""
        return None

    @abstractmethod
    async def load(self, context: Context) -> Mapping[str, Any]:
        """The schema; asked for once, before the first slice of the stream is read. Raises `ReadError`."""


class Authenticator(Component, role=True):
    """Adds credentials to requests. Only `authenticate` is compulsory."""

    @abstractmethod
    async def authenticate(self, draft: RequestDraft, context: Context) -> None:
        """Add the credentials to `draft`; called before every attempt. Raises `ReadError`."""

    async def refresh(self, context: Context, refusals: int) -> bool:
        """Drop the token that the server refused; False when there is no other one for this request.

        `refusals` is how often the request was refused so far, this time included.
        """
        return False

    def release(self, context: Context) -> None:
        """Return what was spent on the request that this task authenticated last: it is not sent as it is."""

    def observe(self, response: httpx.Response, context: Context) -> None:
        """Learn from a response to a request that was authenticated here, before the response is judged."""

    def has_alternative(self, context: Context) -> bool:
        """Whether a rate-limited request can be repeated at once, because it will carry other credentials."""
        return False


class RequestBody(Component, role=True):
    """The body of a request."""

    @abstractmethod
    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        """Evaluate the body into `draft`."""


class ErrorHandler(Component, role=True):
    """Decides what an answer, or its absence, means."""

    @property
    def actions(self) -> frozenset[Action]:
        """The actions that it may decide on, as far as the manifest names them."""
        return frozenset()

    @abstractmethod
    def decide(self, outcome: httpx.Response | httpx.HTTPError, attempt: int, context: Context) -> Decision:
        """The decision on attempt number `attempt` (from 1); a response is read completely before it is judged."""


class BackoffStrategy(Component, role=True):
    """Says how long to wait before a request is repeated."""

    @abstractmethod
    def wait(self, outcome: httpx.Response | httpx.HTTPError, attempt: int, context: Context) -> float | None:
        """Seconds to wait after attempt number `attempt` (from 1); None: no opinion."""


class PageProperties(Protocol):
    """The properties that are requested of every page."""

    @property
    def key_of(self) -> KeyOf | None:
        """What identifies a record of one of several portions; None where there is only one request for a page."""

    async def portions(self, context: Context) -> list[list[str]]:
        """The properties of each request for a page, at least one portion. Raises `ReadError`."""


class Requester(Component, role=True):
    """Sends one kind of request."""

    @abstractmethod
    async def send(self, context: Context, role: Role, extra: RequestDraft | None = None) -> httpx.Response | None:
        """Send the request and read the whole response; None when the error handler says to ignore it.

        `extra` brings what a paginator or a slice adds (parameters, headers, body fields, another URL).
        Raises `RequestFailed`.
        """

    @abstractmethod
    def open(
        self,
        context: Context,
        role: Role,
        extra: RequestDraft | None = None,
        renew: Renew | None = None,
        accepts: Accepts | None = None,
    ) -> AbstractAsyncContextManager[Any]:
        """The same for a body that is streamed: gives a `core.http.download.Download`, or None when ignored.

        `renew` gives a fresh context when the link in `context` expires before the body is over. `accepts` says of an
        error that the error handler doesn't mention whether it is none here.
        """

    @property
    def actions(self) -> frozenset[Action]:
        """The actions that its error handler may decide on, as far as the manifest names them."""
        return frozenset()

    @property
    def properties(self) -> PageProperties | None:
        """The properties that it asks for; None when it names none."""
        return None

    def lint_beside_pages(self) -> list[Problem]:
        """Problems that it has where it does not fetch the pages of records; paths are relative to it."""
        return []

    def home(self, context: Context) -> str | None:
        """A URL of the site that the credentials of this request are for; None when that is not known."""
        return None
