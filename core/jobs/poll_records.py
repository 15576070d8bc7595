"""The records that come with the answers to polling: each answer that has some is a page of its slice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from zlib import crc32

from core.errors import ReadError
from core.jobs.answers import Answer
from core.jobs.job import Job
from core.runtime.context import Context
from core.runtime.page_reader import MakeSink, PageResult, SliceSink
from core.runtime.record_pipeline import Accepted

_Request = tuple[str, str, bytes]


@dataclass
class PollRecords:
    """Takes the records of one slice from the answers about its job, one answer after the other."""

    context: Context
    make_sink: MakeSink
    takes_responses: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _sinks: list[SliceSink] = field(default_factory=list)
    _had_records: bool = False
    """Whether the page at hand has records, so that the next answer is another page."""
    _before: tuple[_Request, int, PageResult] | None = None

    def begin(self) -> None:
        """Take the records of another job; none of the one before has left."""
        self.numbers = count(1)
        self._sinks.append(self.make_sink(self.numbers))
        self._had_records, self._before = False, None
        self.context.memory.begin()

    @property
    def page(self) -> int:
        """The number of the page that the next answer with records is."""
        return self._sinks[-1].page + self._had_records

    @property
    def have_left(self) -> bool:
        """Whether records have left, so that no other job can take the place of the one at hand."""
        return any(sink.emitted for sink in self._sinks)

    @property
    def full(self) -> bool:
        """Whether a limit was reached: nothing more is taken."""
        return bool(self._sinks) and self._sinks[-1].full

    async def take(self, job: Job, answer: Answer) -> bool:
        """Whether there were records in an answer. Raises `ReadError` when they are those of the one before."""
        sink, memory, run = self._sinks[-1], self.context.memory, self.context.run
        if sink.full or (self._had_records and not sink.next_page()):
            return False
        memory.answers.update(job.answers)
        content = answer.response.content
        sink.received(len(content))
        elements = (answer.whole(memory),) if self.takes_responses else answer.elements_anew(memory)
        accepted = Accepted(elements)  # the status of the job says whether there was an error
        result = await run.loop.run_in_executor(run.executor, sink.consume, accepted)
        sink.received(0, ended=True)
        self._had_records = result.found > 0
        memory.first_read |= self._had_records
        if result.kept:
            self._check_new(answer, crc32(content), result)
        return self._had_records

    def _check_new(self, answer: Answer, digest: int, result: PageResult) -> None:
        """An answer to the same request that is the same, or begins alike and has more, has been taken before."""
        request = answer.response.request
        asked: _Request = (request.method, str(request.url), request.content)
        before, self._before = self._before, (asked, digest, result)
        if before is None or before[0] != asked or before[2].first_record != result.first_record:
            return
        if before[1] == digest or result.found > before[2].found:
            raise ReadError(
                "The answer to polling has records that the one before it had. `records_while_polling` takes new "
                "records from each answer, so the polling request has to ask for the next ones, as with "
                "`{{ polling_response['nextUri'] }}`. If each answer has all records so far, leave it off and "
                "describe a `download_requester`."
            )
