"""The requests of a job as the manifest describes them: each is sent, and its answer read, on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import httpx

from core.errors import ReadError
from core.events import Event, ExchangeFinished
from core.http.bodies import LARGEST_ANSWER
from core.http.exchange import Exchange, Role
from core.http.messages import request_line
from core.http.policy import RequestFailed, default_decision
from core.http.request import RequestDraft
from core.jobs.answers import Answer, body_of, found_for_lookup, found_instead, lookups, missing_lookup
from core.jobs.download_targets import (
    FoundTargets,
    OnNoTarget,
    links_in,
    names_next,
    no_data,
    warn_of_full_page,
    warn_of_pages,
)
from core.jobs.fingerprint import added, fingerprint
from core.jobs.statuses import JobStatus
from core.runtime.context import Context
from core.runtime.field_path import is_empty
from core.runtime.page_reader import PageReader, Sink
from core.runtime.pages import Page, Pages, Paginator
from core.runtime.roles import Decoder, Extractor, Renew, Requester
from core.templates import TemplateError
from core.templates.lookups import Lookup


class StatusMeaning(Protocol):
    """The status mapping of a manifest."""

    def meaning(self, status: str) -> JobStatus | None:
        """What a status means; None where the mapping doesn't say."""

    def describe(self) -> str:
        """The whole mapping in one line."""


@dataclass(frozen=True, kw_only=True)
class JobRequests:
    """The steps of a job, `core.jobs.steps.JobSteps`, made of what an AsyncRetriever holds; fields are called as there.

    `decoder` reads the answers to everything but the download, or the decoders that `fallbacks` gives for their content
    type; `download_decoder` reads the result. `timeout`, `failed_wait` and `reuse_limit` give
    seconds.
    """

    creation_requester: Requester
    start_requester: Requester | None
    polling_requester: Requester
    download_requester: Requester | None
    download_target_requester: Requester | None
    abort_requester: Requester | None
    delete_requester: Requester | None
    status_extractor: Extractor
    status_mapping: StatusMeaning
    download_target_extractor: Extractor | None
    download_target_paginator: Paginator | None
    download_link_requester: Requester | None
    download_link_extractor: Extractor | None
    on_no_target: OnNoTarget | None
    records_while_polling: bool
    download_extractor: Extractor | None
    record_extractor: Extractor
    download_paginator: Paginator | None
    decoder: Decoder
    download_decoder: Decoder
    fallbacks: Callable[[str], Sequence[Decoder]]
    polling_interval: float | None
    timeout: Callable[[Context], float]
    failed_wait: Callable[[Context], float | None]
    reuse_limit: Callable[[Context], float]

    @property
    def takes_records(self) -> bool:
        return self.records_while_polling

    @property
    def takes_responses(self) -> bool:
        return self.record_extractor.takes_response

    @property
    def has_download(self) -> bool:
        return self.download_requester is not None

    @property
    def has_start(self) -> bool:
        return self.start_requester is not None

    @property
    def can_abort(self) -> bool:
        return self.abort_requester is not None

    @property
    def can_delete(self) -> bool:
        return self.delete_requester is not None

    def fingerprint(self, context: Context, fill: Callable[[RequestDraft], None]) -> str:
        fill(draft := RequestDraft())
        slice_ = context.slice
        values = [] if slice_ is None else [dict(slice_), dict(slice_.extra_fields)]
        requests = [self.creation_requester, self.start_requester]
        return fingerprint(requests, context.scope(self.creation_requester), values, added(draft))

    async def create(self, context: Context, fill: Callable[[RequestDraft], None]) -> Answer | None:
        draft = RequestDraft()
        fill(draft)
        return await self._ask(self.creation_requester, context, Role.CREATE, draft)

    async def answer(self, response: httpx.Response, context: Context) -> Answer:
        if self.decoder.waits:
            return await context.apart(lambda: self._answer(response, context))
        return self._answer(response, context)

    def _answer(self, response: httpx.Response, context: Context) -> Answer:
        return Answer.of(response, self.decoder, self.fallbacks, context)

    async def start(self, context: Context) -> Answer | None:
        assert self.start_requester is not None
        return await self._ask(self.start_requester, self._at_home(context), Role.START)

    async def poll(self, context: Context, is_mapped: Callable[[str], bool]) -> Answer | None:
        def accepts(response: httpx.Response) -> bool:
            with suppress(ReadError, TemplateError):  # the error itself matters more
                answer = self._answer(response, context)
                status = self._status(answer, context)
                return status is not None and is_mapped(status) and self._is_meant(status, answer, context)
            return False

        context = self._at_home(context)
        # an answer with an error is judged on the event loop, where nobody may wait for another process
        waits = self.decoder.waits or self.status_extractor.waits
        if waits or not self.status_extractor.reads_status_code:
            return await self._ask(self.polling_requester, context, Role.POLL)
        async with self.polling_requester.open(context, Role.POLL, accepts=accepts) as opened:
            # what is polled may be the result itself, of any size
            return None if opened is None else self._answer(await opened.preview(LARGEST_ANSWER), context)

    def _is_meant(self, status: str, answer: Answer, context: Context) -> bool:
        """Whether the status is that of this error: any other one has another or, where the error could be no refusal
        and none that passes, one with nothing in its body.
        """
        for has_body in (True, False) if default_decision(answer.response).unplaced else (True,):
            with suppress(ReadError, TemplateError):  # nothing to go by is another status, too
                if status == self._status(answer.as_any_error(has_body=has_body), context):
                    continue
            return True
        return False

    def names_next_poll(self, answer: Answer) -> bool:
        wanted = lookups(self.polling_requester, "polling_response")
        return any(names_next(lookup.steps[-1][0], lookup.value({lookup.root: answer.variables})) for lookup in wanted)

    async def abort(self, context: Context) -> bool:
        if self.abort_requester is None:
            return False
        await self.abort_requester.send(self._at_home(context), Role.ABORT)
        return True

    async def delete(self, context: Context) -> bool:
        if self.delete_requester is None:
            return False
        await self.delete_requester.send(self._at_home(context), Role.DELETE)
        return True

    async def status(self, answer: Answer, context: Context) -> str | None:
        if self.status_extractor.waits:
            return await context.apart(lambda: self._status(answer, context))
        return self._status(answer, context)

    def _status(self, answer: Answer, context: Context) -> str | None:
        """The API's status as text (`str` of it, as Airbyte compares it), or None when nothing is at its place, or
        an object or list, which holds the status at best. False and 0, which are no records, are statuses.
        """
        found = next(answer.find(self.status_extractor, context), None)
        if found is None:
            as_is = answer.find_as_is(self.status_extractor, context)
            found = next((value for value in as_is if not is_empty(value)), None)
        return None if found is None or isinstance(found, dict | list) else str(found)

    def status_place(self) -> str:
        return self.status_extractor.place

    def seen_at_status(self, answer: Answer) -> str:
        return found_instead(answer, self.status_extractor)

    def meaning(self, status: str) -> JobStatus | None:
        return self.status_mapping.meaning(status)

    def meanings(self) -> str:
        return self.status_mapping.describe()

    def id_lookups(self) -> list[Lookup]:
        asking = filter(None, (self.start_requester, self.polling_requester))
        return [found for requester in asking for found in lookups(requester, "creation_response")]

    def missing_in_creation(self, creation: Answer, *requesters: str) -> str | None:
        names = requesters or self.requester_names
        return self._missing(names, "creation_response", creation, "the answer to the creation")

    def missing_in_start(self, start: Answer, *requesters: str) -> str | None:
        names = requesters or self.requester_names
        return self._missing(names, "start_response", start, "the answer to the start")

    def missing_in_polling(self, last: Answer) -> str | None:
        return self._missing(["polling_requester"], "polling_response", last, "the last answer about the job")

    @property
    def requester_names(self) -> list[str]:
        """All requesters; the one for polling first."""
        every = [field.name for field in fields(self) if field.name.endswith("_requester")]
        return sorted(every, key=lambda name: name != "polling_requester")

    def missing_in_poll(self, polling: Answer) -> str | None:
        """What the requests for the result need of the last answer to polling and don't find there, as a sentence."""
        names = ["download_target_requester", "download_link_requester", "download_requester"]
        return self._missing(names, "polling_response", polling, "the answer to polling")

    def _missing(self, names: Sequence[str], root: str, answer: Answer, said: str) -> str | None:
        for name in names:
            requester = getattr(self, name)
            lookup = missing_lookup(requester, root, answer.variables) if requester is not None else None
            if lookup is not None:
                path = lookup.path(len(lookup.steps))
                return f"`{name}` needs `{path}`, which {said} doesn't give: {found_for_lookup(answer, lookup)}."
        return None

    async def targets(self, polled: Answer, context: Context) -> list[Any]:
        missing = self.missing_in_poll(polled)
        if missing is not None:
            if self.on_no_target != "empty":
                raise ReadError(f"The job is complete, but its result can't be requested: {missing}")
            no_data(missing.rstrip("."), context, self.on_no_target)
            return []
        if self.download_target_extractor is None:
            return [""]
        found = FoundTargets(self.download_target_extractor, context, self.on_no_target)
        pages = (
            Pages() if self.download_target_paginator is None else await self.download_target_paginator.open(context)
        )
        while True:
            answer = await self._page_of_targets(polled, context, pages)
            if answer is None:
                raise ReadError("The answer to the download target request is ignored by its error handler.")
            places = await self._found(answer, self.download_target_extractor, context)
            if not await pages.go_on(_page(answer, found.add(answer, places))):
                break
        if self.download_target_paginator is None:
            warn_of_pages(answer, self.download_target_extractor, context, self._follows)
        targets = found.targets()
        if self.download_target_paginator is None:
            warn_of_full_page(len(targets), context)
        return targets

    async def _found(self, answer: Answer, extractor: Extractor, context: Context) -> list[Any]:
        """What is at the extractor's place in an answer. Raises `ReadError`."""
        if extractor.waits:
            return await context.apart(lambda: answer.find_as_is(extractor, context))
        return answer.find_as_is(extractor, context)

    async def _page_of_targets(self, polled: Answer, context: Context, pages: Pages) -> Answer | None:
        """The answer that holds a page of targets: the last one to polling, when nothing else is asked for."""
        requester = self.download_target_requester or self.polling_requester
        draft = RequestDraft()
        pages.fill(draft, context.scope(requester))
        if requester is self.polling_requester and pages.token is None and draft == RequestDraft():
            return polled
        token = None if pages.token is None else {"next_page_token": pages.token}
        return await self._ask(
            requester, self._at_home(context.with_variables(next_page_token=token)), Role.TARGET, draft
        )

    @property
    def asks_links(self) -> bool:
        return self.download_link_requester is not None

    async def linked(self, context: Context) -> list[Context]:
        if self.download_link_requester is None or self.download_link_extractor is None:
            return [context]
        answer = await self._ask(self.download_link_requester, self._at_home(context), Role.LINK)
        if answer is None:
            raise ReadError("The answer to the download link request is ignored by its error handler.")
        places = await self._found(answer, self.download_link_extractor, context)
        links = links_in(answer, places, self.download_link_extractor, context, self.on_no_target)
        said = "the answer to the download link request"
        missing = self._missing(["download_requester"], "download_link_response", answer, said) if links else None
        if missing is not None:
            raise ReadError(missing)
        return [context.with_variables(download_link=link, download_link_response=answer.variables) for link in links]

    def _follows(self, key: str) -> bool:
        """Whether the request for the result looks up what is at this key of the answer to polling."""
        found = lookups(self.download_requester, "polling_response") if self.download_requester is not None else ()
        return any(key == step for lookup in found for step, _ in lookup.steps)

    @property
    def carries_over(self) -> bool:
        return self.record_extractor.carries_over or self._result_decoder.carries_over

    @property
    def _result_decoder(self) -> Decoder:
        own = self.download_extractor.own_decoder() if self.download_extractor is not None else None
        return own or self.download_decoder

    async def download(
        self, context: Context, sink: Sink, renew: Renew | None = None, *, is_first: bool = True
    ) -> None:
        assert self.download_requester is not None
        asked: list[Exchange] = []

        def emit(event: Event) -> None:
            if isinstance(event, ExchangeFinished):
                asked[:] = [event.exchange]
            context.emit(event)

        async def renewed() -> Context:
            assert renew is not None
            return replace(await renew(), emit=emit)

        fresh = renewed if renew is not None else None
        reader = PageReader(
            self.download_requester,
            self._result_decoder,
            self.download_paginator,
            Role.DOWNLOAD,
            renew=fresh,
            is_first=is_first,
            takes_responses=self.takes_responses,
        )
        try:
            await reader.read(replace(context, emit=emit), sink)
        except RequestFailed:
            raise
        except (ReadError, TemplateError) as error:
            unnamed = asked and asked[0].url not in str(error)
            request = f" The request was {request_line(asked[0])}." if unnamed else ""
            retryable = isinstance(error, ReadError) and error.retryable
            raise ReadError(f"{error}{request}{self._about_target(context)}", retryable=retryable) from None

    def _about_target(self, context: Context) -> str:
        """What is odd about the target of a download that failed."""
        extractor = self.download_target_extractor
        if (
            extractor is None
            or extractor.path_keys != []
            or not isinstance(context.variables.get("download_target"), dict | list)
        ):
            return ""
        return (
            " The field path of `download_target_extractor` is empty, so that the download target is the whole answer; "
            "name the keys that lead to the URL."
        )

    def _at_home(self, context: Context) -> Context:
        """The same, with the site of the creation as that of everything else that is about the job."""
        return replace(context, home=self.creation_requester.home(context))

    async def _ask(
        self, requester: Requester, context: Context, role: Role, draft: RequestDraft | None = None
    ) -> Answer | None:
        response = await requester.send(context, role, draft)
        return None if response is None else await self.answer(response, context)


def _page(answer: Answer, targets: list[Any]) -> Page:
    """A page of targets, as a paginator sees it."""
    last, first = (targets[-1], targets[0]) if targets else (None, None)
    return Page(answer.response, body_of(answer), len(targets), last, len(targets), first_record=first)
