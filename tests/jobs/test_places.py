"""The slots for jobs: granted in order, fewer after a refusal, and given back when the refusal had another reason."""

from __future__ import annotations

import asyncio

import pytest

from core.jobs.slots import JobSlot, JobSlots, SlotState

LONG = 30.0


async def let_others() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Holder:
    """A slice that takes its slot, and holds it until it is let go."""

    def __init__(self, slots: JobSlots, stream: str = "s") -> None:
        self._slots = slots
        self._stream = stream
        self._end = asyncio.Event()
        self.slot: JobSlot | None = None
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        with self._slots.for_slice(self._stream) as slot:
            async with slot.acquired():
                self.slot = slot
                slot.set_state(SlotState.CREATING)
                slot.set_state(SlotState.RUNNING)
                await self._end.wait()

    async def end(self) -> None:
        self._end.set()
        await self.task
        await let_others()


async def test_slots_are_given_in_the_order_in_which_slices_came() -> None:
    slots = JobSlots(2)
    holders = [Holder(slots) for _ in range(4)]
    await let_others()
    assert [holder.slot is not None for holder in holders] == [True, True, False, False]

    await holders[1].end()
    assert [holder.slot is not None for holder in holders] == [True, True, True, False]
    for holder in (holders[0], holders[2], holders[3]):
        await holder.end()


async def test_a_slice_that_is_cancelled_while_waiting_takes_no_slot() -> None:
    slots = JobSlots(1)
    first, second, third = Holder(slots), Holder(slots), Holder(slots)
    await let_others()
    second.task.cancel()
    await first.end()
    assert third.slot is not None
    await third.end()


async def test_a_refused_job_gets_the_next_slot_before_those_that_came_later() -> None:
    slots = JobSlots(2)
    first = Holder(slots)
    await let_others()
    with slots.for_slice("s") as slot:
        async with slot.acquired():
            later = Holder(slots)
            competitors = await slot.competing_jobs(LONG)
            assert [one.slot for one in competitors] == [first.slot]
            assert slot.refused_beside_others()
            again = asyncio.create_task(slot.retake_after(competitors, LONG))
            await let_others()
            assert (again.done(), later.slot, slots.limit) == (False, None, 1)

            await first.end()
            assert (again.done(), later.slot) == (True, None)
            assert await again
    await let_others()
    assert later.slot is not None
    await later.end()


async def test_jobs_that_are_being_created_are_waited_for_before_a_refusal_is_judged() -> None:
    slots = JobSlots(3)
    with slots.for_slice("s") as accepted, slots.for_slice("s") as failing, slots.for_slice("s") as refused:
        async with accepted.acquired(), failing.acquired(), refused.acquired():
            accepted.set_state(SlotState.CREATING)
            failing.set_state(SlotState.CREATING)
            judged = asyncio.create_task(refused.competing_jobs(LONG))
            failing.set_state(SlotState.IDLE)
            await let_others()
            assert not judged.done()

            accepted.set_state(SlotState.RUNNING)
            assert [one.slot for one in await judged] == [accepted]


async def test_refusals_of_all_at_once_have_no_competing_jobs() -> None:
    slots = JobSlots(2)
    with slots.for_slice("s") as one, slots.for_slice("s") as other:
        async with one.acquired(), other.acquired():
            one.set_state(SlotState.CREATING)
            other.set_state(SlotState.CREATING)
            assert not any(await asyncio.gather(one.competing_jobs(LONG), other.competing_jobs(LONG)))


async def test_a_job_that_is_refused_alone_too_gives_the_slots_back() -> None:
    slots = JobSlots(2)
    first = Holder(slots)
    await let_others()
    with slots.for_slice("s") as slot:
        async with slot.acquired():
            competitors = await slot.competing_jobs(LONG)
            slot.refused_beside_others()
            assert slots.limit == 1
            first_end = asyncio.create_task(first.end())
            assert await slot.retake_after(competitors, LONG)
            await first_end
            assert await slot.competing_jobs(LONG) == []
            assert slot.refused_alone()
            assert slots.limit == 2


async def test_a_limit_that_was_confirmed_stays() -> None:
    slots = JobSlots(2)
    first = Holder(slots)
    await let_others()
    with slots.for_slice("s") as slot:
        async with slot.acquired():
            competitors = await slot.competing_jobs(LONG)
            slot.refused_beside_others()
            first_end = asyncio.create_task(first.end())
            assert await slot.retake_after(competitors, LONG)
            await first_end
            slot.set_state(SlotState.RUNNING)
            assert not slots.restore()
            assert slots.limit == 1


async def test_a_wait_without_the_end_of_any_job_is_bounded() -> None:
    slots = JobSlots(2)
    first = Holder(slots)
    await let_others()
    with slots.for_slice("s") as slot:
        async with slot.acquired():
            competitors = await slot.competing_jobs(LONG)
            slot.refused_beside_others()
            assert not await slot.retake_after(competitors, 0.01)
    await first.end()


@pytest.mark.parametrize(("stream", "counts"), [("s", True), ("parent", False)])
async def test_a_result_that_is_downloaded_counts_for_jobs_of_its_own_stream_only(stream: str, counts: bool) -> None:
    slots = JobSlots(2)
    with slots.for_slice(stream) as fetched, slots.for_slice("s") as slot:
        async with fetched.acquired():
            fetched.set_state(SlotState.RUNNING)
        assert bool(await slot.competing_jobs(LONG)) is counts


async def test_slices_that_are_cancelled_while_they_wait_block_nobody() -> None:
    slots = JobSlots(1)
    begun: list[int] = []

    async def work(number: int) -> None:
        with slots.for_slice("s") as slot:
            async with slot.acquired():
                begun.append(number)
                await asyncio.sleep(3600)

    tasks = [asyncio.create_task(work(number)) for number in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(one) for one in ended] == [asyncio.CancelledError] * 3
    with slots.for_slice("s") as slot:
        async with asyncio.timeout(5), slot.acquired():
            pass
