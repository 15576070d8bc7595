"""From nothing to records of an API such as Amazon Ads', with the keyboard alone, and every key press counted.

A character that is typed counts as one, and so does a paste: what people copy rather than type (the values of a test,
the media type and the body from the documentation of the API) is pasted here, everything else is typed.

The person knows the keys that every form and list has, and no others: each other key that is pressed must be named on
the screen in that moment.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sample_configs.demo_api import DemoApi
from tests.tui.shell.support import Shell, opened
from tui.trials.view.status_question import StatusQuestion

MOST = 300
CONTENT = 0.5
"""The share of the keys that is content, at least."""
KNOWN = frozenset({"enter", "escape", "tab", "up", "down", "left", "right", "home", "end"})
ROWS = 40
STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")
CREATION = (*RETRIEVER, "creation_requester")
POLLING = (*RETRIEVER, "polling_requester")
INCREMENTAL = (*STREAM, "incremental_sync")
BODY = """\
{"startDate": "{{ stream_interval['start_time'] }}", "endDate": "{{ stream_interval['end_time'] }}", "configuration": {
  "adProduct": "SPONSORED_PRODUCTS", "reportTypeId": "spCampaigns", "groupBy": ["campaign"], "timeUnit": "DAILY",
  "columns": ["date", "campaignId", "campaignName", "impressions", "clicks", "cost"], "format": "GZIP_JSON"}}
"""


@pytest.fixture
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=ROWS) as demo:
        yield demo


class Person:
    """Presses keys and counts them."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.pressed = 0
        self.content = 0
        """How many of them were typed or pasted into a field, or say what is chosen for it."""

    async def press(self, *keys: str) -> None:
        for key in keys:
            assert key in KNOWN or self._names(key), f"nothing names {key}:\n{self.shell.text}"
            self.pressed += 1
            await self.shell.press(key)

    def _names(self, key: str) -> bool:
        """Whether the screen names a key."""
        name = key.replace("ctrl+", "^") if len(key) > 1 else f"{key}:"
        shown = name if key.startswith("ctrl+") else name.upper() if len(key) > 1 else name
        return f" {shown}" in self.shell.text

    async def filter(self, words: str, *, content: bool) -> None:
        """Type a part of what a list has, and take it."""
        assert "Type to filter" in self.shell.text
        self.pressed += len(words)
        self.content += len(words) if content else 0
        await self.shell.press(*words)
        await self.press("enter")

    async def go_down_to(self, *path: str | int) -> None:
        while self.shell.field != path:
            await self.press("down")
            await self.shell.settled()

    async def type(self, text: str) -> None:
        self._count(len(text))
        await self.shell.press(*text)

    async def paste(self, text: str) -> None:
        self._count(1)
        await self.shell.paste(text)
        await self.shell.settled()

    def _count(self, keys: int) -> None:
        self.pressed += keys
        self.content += keys

    async def choose(self, words: str, *, opens: str = "enter") -> None:
        """Take an option of a list by typing a part of it; what says something about the API is content."""
        await self.press(opens)
        await self.shell.until_dialog("ChoiceDialog")
        await self.filter(words, content=opens == "enter")
        await self.shell.until(lambda: self.shell.dialog is None, words)
        await self.shell.settled()

    async def go(self, words: str, *path: str | int) -> None:
        """Go to a section."""
        await self.choose(words, opens="ctrl+o")
        await self.at(*path)

    async def at(self, *path: str | int) -> None:
        """Wait until a field has the focus; that takes no keys."""
        await self.shell.until(lambda: self.shell.field == path, str(path))

    async def use(self, name: str) -> None:
        """Use an input that is there, by the beginning of its name."""
        await self.type("{{" + name)
        await self.shell.until_shown("New input")
        await self.press("enter")

    async def use_new(self, title: str, value: str) -> None:
        """Add an input with its test value, and use it."""
        await self.type("{{")
        await self.shell.until_shown("New input")
        await self.press(*(["up"] if self.shell.session.inputs.all() else []), "enter")
        await self.shell.until_dialog("InputDialog")
        await self.type(title)
        await self.press("tab")
        await self.paste(value)
        await self.press("enter")
        await self.shell.until(lambda: self.shell.dialog is None, title)

    async def tested(self, start: str) -> None:
        """Test, and wait for the end of it."""
        before = self.shell.run("campaigns")
        await self.press(start)
        await self.shell.until(lambda: self.shell.run("campaigns") not in (None, before), "a test")
        await self.shell.tested("campaigns")


async def describe_creation(me: Person, inputs: dict[str, str]) -> None:
    await me.shell.until_shown("Add an empty stream")
    await me.press(*["down"] * 6, "enter")
    await me.shell.until_dialog("StreamDialog")
    await me.type("campaigns")
    await me.press("enter")
    await me.at(*CREATION, "url")
    await me.use_new("API URL", inputs["api_url"])
    await me.press("end")
    await me.type("/reporting/reports")
    await me.press("down", "down", "down")
    await me.choose("oauth")
    await me.press("down")
    await me.use("")
    await me.press("end")
    await me.type("/auth/o2/token")


async def describe_headers(me: Person, inputs: dict[str, str]) -> None:
    """Type them with completion."""
    await me.go("head", *CREATION, "request_headers")
    await me.press("enter")
    await me.type("content-t")
    await me.press("tab", "enter")
    await me.paste("application/vnd.createasyncreportrequest.v3+json")
    await me.press("enter")
    await me.type("am")
    await me.press("tab", "enter")
    await me.use("cl")
    await me.press("enter")
    await me.type("am")
    await me.press("tab", "enter")
    await me.use_new("Profile ID", inputs["profile_id"])
    await me.press("enter", "escape")


async def describe_body_and_slices(me: Person) -> None:
    await me.press("down")
    await me.at(*CREATION, "request_body")
    await me.choose("json")
    await me.press("down")
    await me.paste(BODY)
    await me.press("escape")
    await me.go_down_to(*INCREMENTAL)
    await me.choose("date")
    await me.press("down")
    await me.type("date")
    for end, first, title in (("start", "2024-01-01", "Start date"), ("end", "2024-01-31", "End date")):
        await me.press("down", *(["down"] if end == "start" else []))
        await me.at(*INCREMENTAL, f"{end}_datetime")
        await me.choose("te")
        await me.press("down")
        await me.use_new(title, first)
    await me.press("down")
    await me.at(*INCREMENTAL, "datetime_format")
    await me.type("%Y-%m-%d")
    await me.press("down", "down", "down")
    await me.type("P7D")
    await me.press("down")
    await me.type("P1D")


async def give_the_secrets(me: Person, inputs: dict[str, str]) -> None:
    """The test asks for them."""
    await me.press("f5")
    await me.shell.until(lambda: me.shell.field is not None and me.shell.field[-1] == "client_id")
    for secret in ("client_id", "client_secret", "refresh_token"):
        await me.paste(inputs[secret])
        await me.press("down")


async def describe_polling(me: Person) -> None:
    """Take what the answer to the creation and the first poll offer."""
    await me.tested("f5")
    await me.press("escape")
    await me.go("poll", *POLLING, "url")
    await me.shell.until_shown("Tab: ")
    await me.press("tab")
    await me.go_down_to(*POLLING, "authenticator")
    await me.press("s")
    await me.go_down_to(*POLLING, "request_headers")
    await me.press("=")
    await me.shell.until(lambda: len(me.shell.session.value((*POLLING, "request_headers"))) == 3)
    await me.tested("f4")
    await me.shell.until_shown('"status": "COMPLETED"')
    await me.press("enter", "down", "down", "enter")
    await me.shell.until_dialog("ChoiceDialog")
    await me.press("enter")
    await me.shell.until(lambda: me.shell.session.value((*RETRIEVER, "status_extractor", "field_path")) == ["status"])
    await me.press(*["down"] * 5)
    await me.choose("do")
    target = (*RETRIEVER, "download_target_extractor", "field_path")
    await me.shell.until(lambda: me.shell.session.value(target) == ["url"])


async def read(me: Person) -> None:
    await me.press("escape")
    await me.go("downl", *RETRIEVER, "download_requester", "url")
    await me.press("down", "down")
    await me.choose("gz")
    await me.press("f5")
    await me.shell.until_shown("“COMPLETED”")
    await me.shell.until(lambda: me.shell.builder.query_one(StatusQuestion).takes_answers)
    await me.press("enter")
    await me.shell.tested("campaigns")


async def test_a_connector_with_jobs_takes_at_most_three_hundred_keys(api: DemoApi) -> None:
    inputs = api.inputs("ads_report")
    async with opened(size=(120, 40)) as shell:
        me = Person(shell)
        await describe_creation(me, inputs)
        await describe_headers(me, inputs)
        await describe_body_and_slices(me)
        await give_the_secrets(me, inputs)
        await describe_polling(me)
        await read(me)
        run = shell.run("campaigns")
        assert run is not None
        assert run.state.errors == ()
        assert run.state.records == ROWS
        assert inputs["client_secret"] not in shell.session.text
        counted = f"{me.pressed} keys, {me.content} of them content"
        print(counted)
        assert me.pressed <= MOST, counted
        assert me.content >= CONTENT * me.pressed, counted
