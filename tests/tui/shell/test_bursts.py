"""Keys that come faster than the screen follows: what they do is about what a person was at when they pressed them."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from textual import events

from tests.tui.shell.support import Shell, opened
from tui.app import BuilderApp
from tui.forms import StreamForm
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind
from tui.shell.key_queue import KeyHandled
from tui.shell.navigator import Navigator

NAMES = ("ant", "bee", "cat", "dog", "elk")


def manifest_of(names: Sequence[str]) -> str:
    """Streams of both kinds in turn, so that their forms differ."""
    session = BuilderSession.new()
    for number, name in enumerate(names):
        index = session.streams.add(name, StreamKind.ASYNC if number % 2 else StreamKind.SYNC)[1]
        requester = "creation_requester" if number % 2 else "requester"
        session.set(("streams", index, "retriever", requester, "url"), f"https://api.example.com/{name}")
    return session.text


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "zoo.yaml"
    path.write_text(manifest_of(NAMES))
    return path


def names(shell: Shell) -> tuple[str, ...]:
    return shell.session.streams.names()


def animals(text: str) -> set[str]:
    return {name for name in NAMES if name in text}


def check(shell: Shell) -> None:
    """What holds whenever the builder has come to rest."""
    builder, session = shell.builder, shell.session
    listed = [one.title for one in builder.navigator.entries if isinstance(one.selection, int)]
    assert tuple(listed) == names(shell), "the navigator lists what there is"
    for name, stream in zip(names(shell), session.document.root["streams"], strict=True):
        called, is_one = animals(name), animals(str(stream["retriever"]))
        assert called == is_one or not (called and is_one), "a stream is what it was called, unless somebody typed"
    form = builder.editor.form
    if isinstance(form, StreamForm) and isinstance(builder.navigation.selection, int):
        name = names(shell)[builder.navigation.selection]
        assert form.stream == builder.navigation.selection
        assert form.head.name_field.has_focus or form.head.name_field.value == name, (
            "the form is that of the stream that is selected"
        )
        assert not form.disabled
        assert list(form.tab_titles) == [tab.title for tab in session.tabs(builder.navigation.selection)]
        pane = form.pane
        assert pane is not None
        assert {row.path[:2] for row in pane.walk()} == {("streams", builder.navigation.selection)}
    pane_of_test = builder.trial_actions.pane
    if pane_of_test is not None and builder.navigation.shown_stream is not None:
        assert pane_of_test.subject is not None
        assert pane_of_test.subject.name == names(shell)[builder.navigation.shown_stream]


async def at_stream(shell: Shell, name: str) -> Navigator:
    """The navigator with the cursor on a stream."""
    navigator = shell.builder.navigator
    navigator.focus()
    navigator._go(next(row for row, one in enumerate(navigator.entries) if one.title == name))
    await shell.pilot.pause()
    return navigator


async def test_moving_a_stream_twice_in_a_burst_moves_it_twice(manifest: Path) -> None:
    async with opened(manifest) as shell:
        navigator = await at_stream(shell, "dog")
        await shell.burst("K", "K")
        assert names(shell) == ("ant", "dog", "bee", "cat", "elk")
        assert navigator.current.title == "dog"
        check(shell)
        await shell.burst("K", "K", "J", "J")
        assert names(shell) == ("ant", "bee", "dog", "cat", "elk")
        check(shell)
        await shell.burst("J", "k", "J", "K", "K")
        assert names(shell) == ("ant", "cat", "bee", "dog", "elk") or names(shell)[:2] == ("cat", "ant")
        check(shell)


async def test_each_key_goes_where_the_one_before_put_the_focus(manifest: Path) -> None:
    async with opened(manifest) as shell:
        url = ("streams", 0, "retriever", "requester", "url")
        await shell.go_to(*url)
        await shell.burst("f2", "j", "J", "J", "c", "enter")
        assert names(shell) == ("ant", "cat", "dog", "bee", "bee_2", "elk")
        assert shell.session.value(url) == "https://api.example.com/ant"
        check(shell)
        await shell.burst("f2", "x", "tab", "enter", "k", "x", "enter")
        assert names(shell) == ("ant", "cat", "dog", "bee", "elk")
        check(shell)


async def test_a_stream_moved_and_copied_in_a_burst_is_the_one_copied(manifest: Path) -> None:
    async with opened(manifest) as shell:
        navigator = await at_stream(shell, "dog")
        await shell.burst("K", "K", "c", "c")
        assert names(shell) == ("ant", "dog", "dog_2", "dog_2_2", "bee", "cat", "elk")
        assert navigator.has_focus
        assert navigator.current.title == "dog_2_2"
        check(shell)


async def test_a_question_about_a_stream_applies_to_it_wherever_it_has_moved(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await at_stream(shell, "dog")
        await shell.burst("x", "K", "K")
        await shell.until_dialog("ConfirmDialog")
        await shell.press("tab", "enter")
        assert names(shell) == ("ant", "bee", "cat", "elk")
        check(shell)
        await at_stream(shell, "cat")
        await shell.burst("K", "r")
        await shell.until_dialog("PromptDialog")
        shell.session.streams.move(0, 3)
        await shell.type("lion_cat")
        await shell.press("enter")
        await shell.until(lambda: "lion_cat" in names(shell))
        assert "cat" not in names(shell)
        streams = {one["name"]: str(one) for one in yaml.safe_load(shell.session.text)["streams"]}
        assert "example.com/cat" in streams["lion_cat"]


async def test_unfinished_typing_moves_with_its_stream(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await at_stream(shell, "bee")
        await shell.burst("enter")
        url = ("streams", 1, "retriever", "creation_requester", "url")
        await shell.go_to(*url)
        await shell.press("end", *"/x")
        shell.session.streams.move(1, 2)
        await shell.burst(*"yz")
        assert names(shell) == ("ant", "cat", "dog", "bee", "elk")
        moved = ("streams", 3, *url[2:])
        assert shell.session.value(moved) == "https://api.example.com/bee/xyz"
        assert shell.builder.navigation.selection == 3
        check(shell)


async def test_a_typed_name_stays_with_its_stream_when_another_is_opened(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await at_stream(shell, "ant")
        await shell.burst("enter")
        await shell.go_to("streams", 0, "name")
        await shell.press("end", *"_2")
        shell.session.streams.move(0, 1)
        await shell.builder.navigation.show(4)
        await shell.settled()
        assert names(shell) == ("bee", "ant_2", "cat", "dog", "elk")
        check(shell)


async def test_of_several_streams_opened_at_once_the_last_is_shown(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await at_stream(shell, "ant")
        await shell.burst("j", "f2", "f2", "down", "enter")
        check(shell)
        for spot in (0, 3, 1, "inputs", 2, "global", 4):
            shell.builder.interaction.start(shell.builder.navigation.show(spot))
        await shell.settled()
        assert shell.builder.navigation.selection == 4
        check(shell)


async def test_an_undo_that_moves_streams_updates_everything_that_shows_them(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await at_stream(shell, "dog")
        await shell.burst("K", "c", "K", "ctrl+z", "ctrl+z", "ctrl+z")
        assert names(shell) == NAMES
        check(shell)
        await shell.burst("ctrl+y", "ctrl+y", "ctrl+y", "ctrl+z")
        check(shell)


async def test_what_happens_while_a_form_is_being_built_is_in_the_form(manifest: Path) -> None:
    async with opened(manifest, size=(80, 24)) as shell:
        navigation, streams = shell.builder.navigation, shell.session.streams
        paginator = ("streams", 3, "retriever", "paginator")
        for tab in (1, 2, 0):
            shell.builder.interaction.start(navigation.show(0))
            shell._post(*["ctrl+pagedown"] * tab, "down", "down")
            streams.move(streams.names().index("ant"), 3)
            shell.session.set(paginator, {"type": "DefaultPaginator"})
            shell.builder.interaction.start(navigation.show_path(("streams", 3, "retriever", "requester", "url")))
            shell.session.set(paginator, {"type": "NoPagination"})
            shell._post("ctrl+pagedown", "end", *"xy")
            await shell.settled()
            await complete(shell)
            check(shell)
            streams.move(3, 0)
        shell._post("ctrl+pagedown", "ctrl+q")  # the rows of the next tab are not built when the builder closes


async def complete(shell: Shell) -> None:
    """Wait for all rows of the tab; they are those of the tab, in its order."""
    form = shell.builder.editor.form
    assert isinstance(form, StreamForm)
    pane = form.pane
    assert pane is not None
    await pane.build_all()
    fields = [(*pane.base, *entry.path) for entry in pane.tab.entries]
    assert [row.path for row in pane.rows][: len(fields)] == fields


SEEDS = int(os.environ.get("LONGHAUL_SEEDS", "1"))
"""How often each room is gone through, each time with other keys."""
KEYS = {
    "navigator": ("j", "k", "J", "K", "c", "enter", "home", "end", "x", "tab", "escape", "f2", "ctrl+z", "ctrl+y"),
    "tabs": ("f2", "j", "k", "K", "J", "enter", "ctrl+t", "ctrl+pageup", "ctrl+pagedown", "ctrl+z", "ctrl+y", "ctrl+l"),
    "tests": ("f2", "j", "k", "c", "ctrl+b", "1", "2", "3", "4", "5", "6", "7", "L", "S", "escape", "ctrl+o", "enter"),
    "dialogs": ("f2", "x", "r", "a", "escape", "enter", "tab", "K", "J", "f5", "f6", "f8", "ctrl+g", "ctrl+z", "f3"),
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("room", KEYS)
async def test_no_burst_of_keys_mixes_up_streams(manifest: Path, room: str, seed: int) -> None:
    chance = random.Random(f"{room} {seed}")
    size = chance.choice([(80, 24), (160, 40)])
    async with opened(manifest, size=size) as shell:
        await shell.press("f2")
        for _ in range(4):
            keys = chance.choices(KEYS[room], k=chance.randint(4, 14))
            await shell.burst(*keys)
            while shell.dialog is not None or len(shell.app.screen_stack) > 2:
                await shell.burst("escape")
            assert shell.app.return_code is None, keys
            if shell.session.has_broken_text:
                shell.session.discard_text()
            check(shell)


async def test_a_name_typed_in_a_burst_is_complete(manifest: Path) -> None:
    async with opened(manifest) as shell:
        first = names(shell)[0]
        await at_stream(shell, first)
        await shell.burst("r", *"late", "enter", "x")
        await shell.until(lambda: names(shell)[0] != first)
        assert names(shell)[0] == "late"


async def test_a_key_handled_after_the_app_has_ended_is_ignored() -> None:
    app = BuilderApp()
    app._keys.append(events.Key("x", "x"))
    app._key_handled(KeyHandled(0))
    await app._handle_next()
    assert len(app._keys) == 1, "there is nowhere for it to go"
