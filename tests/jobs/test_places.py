"""The places for jobs: given in order, fewer after a refusal, as many as before when the refusal had another reason."""

from __future__ import annotations

import asyncio

import pytest

from core.jobs.places import JobPlace, JobPlaces, Stand

LONG = 30.0


async def let_others() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Holder:
    """A slice that takes its place, and holds it until it is let go."""

    def __init__(self, places: JobPlaces, stream: str = "s") -> None:
        self._places = places
        self._stream = stream
        self._end = asyncio.Event()
        self.place: JobPlace | None = None
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        with self._places.of_slice(self._stream) as place:
            async with place.taken():
                self.place = place
                place.stands(Stand.CREATING)
                place.stands(Stand.RUNNING)
                await self._end.wait()

    async def end(self) -> None:
        self._end.set()
        await self.task
        await let_others()


async def test_places_are_given_in_the_order_in_which_slices_came() -> None:
    places = JobPlaces(2)
    holders = [Holder(places) for _ in range(4)]
    await let_others()
    assert [holder.place is not None for holder in holders] == [True, True, False, False]

    await holders[1].end()
    assert [holder.place is not None for holder in holders] == [True, True, True, False]
    for holder in (holders[0], holders[2], holders[3]):
        await holder.end()


async def test_whoever_is_cancelled_while_waiting_takes_no_place() -> None:
    places = JobPlaces(1)
    first, second, third = Holder(places), Holder(places), Holder(places)
    await let_others()
    second.task.cancel()
    await first.end()
    assert third.place is not None
    await third.end()


async def test_a_refused_job_gets_the_next_place_before_those_that_came_later() -> None:
    places = JobPlaces(2)
    first = Holder(places)
    await let_others()
    with places.of_slice("s") as place:
        async with place.taken():
            later = Holder(places)
            rivals = await place.rivals(LONG)
            assert [one.place for one in rivals] == [first.place]
            assert place.refused()
            again = asyncio.create_task(place.again(rivals, LONG))
            await let_others()
            assert (again.done(), later.place, places.limit) == (False, None, 1)

            await first.end()
            assert (again.done(), later.place) == (True, None)
            assert await again
    await let_others()
    assert later.place is not None
    await later.end()


async def test_jobs_that_are_being_created_are_waited_for_before_a_refusal_is_judged() -> None:
    places = JobPlaces(3)
    with places.of_slice("s") as accepted, places.of_slice("s") as failing, places.of_slice("s") as refused:
        async with accepted.taken(), failing.taken(), refused.taken():
            accepted.stands(Stand.CREATING)
            failing.stands(Stand.CREATING)
            judged = asyncio.create_task(refused.rivals(LONG))
            failing.stands(Stand.NONE)
            await let_others()
            assert not judged.done()

            accepted.stands(Stand.RUNNING)
            assert [one.place for one in await judged] == [accepted]


async def test_refusals_of_all_at_once_have_no_rivals() -> None:
    places = JobPlaces(2)
    with places.of_slice("s") as one, places.of_slice("s") as other:
        async with one.taken(), other.taken():
            one.stands(Stand.CREATING)
            other.stands(Stand.CREATING)
            assert not any(await asyncio.gather(one.rivals(LONG), other.rivals(LONG)))


async def test_a_job_that_is_refused_alone_too_gives_the_places_back() -> None:
    places = JobPlaces(2)
    first = Holder(places)
    await let_others()
    with places.of_slice("s") as place:
        async with place.taken():
            rivals = await place.rivals(LONG)
            place.refused()
            assert places.limit == 1
            first_end = asyncio.create_task(first.end())
            assert await place.again(rivals, LONG)
            await first_end
            assert await place.rivals(LONG) == []
            assert place.alone()
            assert places.limit == 2


async def test_a_limit_that_was_proved_stays() -> None:
    places = JobPlaces(2)
    first = Holder(places)
    await let_others()
    with places.of_slice("s") as place:
        async with place.taken():
            rivals = await place.rivals(LONG)
            place.refused()
            first_end = asyncio.create_task(first.end())
            assert await place.again(rivals, LONG)
            await first_end
            place.stands(Stand.RUNNING)
            assert not places.restore()
            assert places.limit == 1


async def test_a_wait_without_the_end_of_any_job_is_bounded() -> None:
    places = JobPlaces(2)
    first = Holder(places)
    await let_others()
    with places.of_slice("s") as place:
        async with place.taken():
            rivals = await place.rivals(LONG)
            place.refused()
            assert not await place.again(rivals, 0.01)
    await first.end()


@pytest.mark.parametrize(("stream", "counts"), [("s", True), ("parent", False)])
async def test_a_result_that_is_fetched_counts_for_jobs_of_its_own_stream_only(stream: str, counts: bool) -> None:
    places = JobPlaces(2)
    with places.of_slice(stream) as fetched, places.of_slice("s") as place:
        async with fetched.taken():
            fetched.stands(Stand.RUNNING)
        assert bool(await place.rivals(LONG)) is counts


async def test_slices_that_are_cancelled_while_they_wait_hold_up_nobody() -> None:
    places = JobPlaces(1)
    begun: list[int] = []

    async def work(number: int) -> None:
        with places.of_slice("s") as place:
            async with place.taken():
                begun.append(number)
                await asyncio.sleep(3600)

    tasks = [asyncio.create_task(work(number)) for number in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(one) for one in ended] == [asyncio.CancelledError] * 3
    with places.of_slice("s") as place:
        async with asyncio.timeout(5), place.taken():
            pass
