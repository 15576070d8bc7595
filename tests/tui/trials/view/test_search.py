"""One search through all requests of a test: what it finds, and where enter leads."""

from __future__ import annotations

from core.events import Event, Outcome
from core.http.exchange import Role
from tests.tui.trials.support import READY, ScriptedReader, asked, ended, started
from tests.tui.trials.view.scripts import two_partitions
from tests.tui.trials.view.support import Scene, scene
from tui.trials.view.details import Details
from tui.trials.view.exchange_search import MOST, ExchangeSearch
from tui.trials.view.results import Results, Selectors

SIZE = (120, 40)


async def searched(stage: Scene, text: str) -> list[str]:
    """The lines that a search lists."""
    stage.start()
    await stage.finish()
    await stage.press("F")
    await stage.press(*text)
    await stage.settle()
    assert isinstance(stage.app.screen, ExchangeSearch)
    return [line.strip(" │╭╰") for line in stage.app.text().splitlines() if " · re" in line]


async def test_it_finds_urls_headers_and_bodies_of_all_partitions() -> None:
    events: list[Event] = [
        *started(),
        asked(Role.CREATE, 202, '{"id":"7","note":"caf\\u00e9"}', url="https://api.example.com/exports?kind=Café"),
        asked(Role.POLL, 200, READY, response_headers=(("X-Trace", "café-77"),)),
        *ended(Outcome.COMPLETE),
    ]
    async with scene(ScriptedReader(events), SIZE) as stage:
        lines = await searched(stage, "CAFÉ")
        assert [line.split("  ")[1] for line in lines] == [
            "Async Job -- Create · request head (2)",
            "Async Job -- Create · response body",
            "Async Job -- Polling 1 · response head",
        ]
        assert '"note": "café"' in lines[1], "as it is shown, not as it came"
        assert "4 times at 3 places · 2 requests searched" in stage.app.text()


async def test_enter_goes_to_the_place_in_another_request() -> None:
    async with scene(ScriptedReader(two_partitions()), SIZE) as stage:
        lines = await searched(stage, "pending")
        assert len(lines) == 2
        text = await stage.press("down", "enter")
        details = stage.pane.query_one(Details)
        assert details.open == "others"
        assert details.has_focus_within
        assert "1/1" in text
        assert '"status": "pending"' in text


async def test_enter_goes_to_the_partition_and_the_tab_of_an_answer_with_records() -> None:
    async with scene(ScriptedReader(two_partitions()), SIZE) as stage:
        lines = await searched(stage, "user11@")
        assert len(lines) == 1
        text = await stage.press("enter")
        assert stage.pane.query_one(Selectors).partition == 2
        assert stage.pane.query_one(Results).strip.active == "response"
        assert "user11@example.com" in text
        assert "1/1" in text
        await stage.press("F")
        await stage.settle()
        assert "1 place · " in stage.app.text(), "the search is still there"


async def test_it_lists_a_bounded_number_of_places() -> None:
    many = [asked(Role.POLL, 200, READY) for _ in range(MOST + 50)]
    async with scene(ScriptedReader([*started(), *many, *ended(Outcome.COMPLETE)]), SIZE) as stage:
        await searched(stage, "ready")
        assert f"The first {MOST} places" in stage.app.text()


async def test_a_place_that_was_found_later_than_the_first_is_taken_too() -> None:
    many = [asked(Role.POLL, 200, READY) for _ in range(20)]
    async with scene(ScriptedReader([*started(), *many, *ended(Outcome.COMPLETE)]), SIZE) as stage:
        await searched(stage, "ready")
        await stage.press(*["down"] * 15, "enter")
        assert not isinstance(stage.app.screen, ExchangeSearch)
        assert stage.pane.query_one(Details).open == "others"


async def test_nothing_is_found_without_a_text_and_escape_leads_back() -> None:
    async with scene(ScriptedReader(two_partitions()), SIZE) as stage:
        assert await searched(stage, "") == []
        assert "requests of this test" in stage.app.text()
        await stage.press("z", "z", "z")
        await stage.settle()
        assert "Nothing matches" in stage.app.text()
        await stage.press("escape")
        assert not isinstance(stage.app.screen, ExchangeSearch)
