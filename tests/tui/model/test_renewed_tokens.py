"""Tokens that an API replaces become the test values of the inputs that held them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import ReadError
from core.outputs.token_file import TokenFile
from core.runtime.tokens import ConfigPath, Grant, KeptTokens
from tui.model.inputs import Input
from tui.model.session import BuilderSession
from tui.model.tokens import TrialTokens

NEW = KeptTokens("refresh-1", "access-1", datetime(2030, 1, 1, tzinfo=UTC), "p")
INPUTS: dict[ConfigPath, str] = {
    ("refresh",): "refresh-1",
    ("access",): "access-1",
    ("expiry",): "2030-01-01T00:00:00+00:00",
}


def grant(token: str = "refresh-0") -> Grant:
    return Grant("https://api.example/token", token)


@pytest.fixture
def kept(session: BuilderSession, tmp_path: Path) -> TrialTokens:
    """The store of a session that has a file, and a secret input for the refresh token."""
    session.inputs.add(Input("refresh", secret=True))
    session.inputs.set_value("refresh", "refresh-0")
    session.save(tmp_path / "m.yaml")
    return TrialTokens(session)


async def test_the_value_that_held_the_old_token_has_the_new_one(session: BuilderSession, kept: TrialTokens) -> None:
    told = await kept.keep(grant(), "refresh-0", NEW, {})
    assert told == "The new one is the test value of `refresh` now."
    assert session.values.config() == {"refresh": "refresh-1"}
    assert session.values.get("refresh") is None, "it is still a secret"
    assert session.path is not None
    assert BuilderSession.open(session.path).values.config() == {"refresh": "refresh-1"}


async def test_other_tokens_go_into_the_inputs_that_there_are(session: BuilderSession, kept: TrialTokens) -> None:
    session.inputs.add(Input("access", secret=True))
    await kept.keep(grant(), "refresh-0", NEW, INPUTS)
    assert session.values.config() == {"refresh": "refresh-1", "access": "access-1"}


async def test_a_renewed_value_is_no_step_to_undo(session: BuilderSession, kept: TrialTokens) -> None:
    session.inputs.add(Input("other"))
    session.undo()
    await kept.keep(grant(), "refresh-0", NEW, {})
    assert session.values.config() == {"refresh": "refresh-1"}
    session.redo()
    assert session.inputs.get("other") is not None
    session.undo()
    assert session.values.config() == {"refresh": "refresh-1"}


async def test_values_inside_of_an_object_are_replaced_there(session: BuilderSession, kept: TrialTokens) -> None:
    session.inputs.set_value("refresh", None)
    session.values.set("credentials", {"client": "c", "refresh_token": "refresh-0"}, secret=False)
    inputs: dict[ConfigPath, str] = {
        ("credentials", "refresh_token"): "refresh-1",
        ("credentials", "access_token"): "access-1",
    }
    await kept.keep(grant(), "refresh-0", NEW, inputs)
    assert session.values.config() == {
        "credentials": {"client": "c", "refresh_token": "refresh-1", "access_token": "access-1"}
    }


async def test_a_value_that_was_changed_meanwhile_stays(session: BuilderSession, kept: TrialTokens) -> None:
    session.inputs.set_value("refresh", "typed just now")
    await kept.keep(grant(), "refresh-0", NEW, INPUTS)
    assert session.values.config() == {"refresh": "typed just now"}


async def test_a_run_without_a_screen_finds_the_new_token_too(session: BuilderSession, kept: TrialTokens) -> None:
    await kept.keep(grant(), "refresh-0", NEW, {})
    assert session.path is not None
    assert await TokenFile.of_manifest(session.path).find(grant()) == NEW
    assert await kept.find(grant()) == NEW
    assert await kept.find(grant("refresh-1")) is None


async def test_a_manifest_without_a_file_keeps_it_in_its_inputs_or_says_that_it_can_not(
    session: BuilderSession,
) -> None:
    kept = TrialTokens(session)
    with pytest.raises(ReadError, match="no place"):
        await kept.keep(grant(), "refresh-0", NEW, {})
    values: dict[str, Any] = {"anything": "refresh-0"}
    session.values.lend(values)
    assert "`anything`" in await kept.keep(grant(), "refresh-0", NEW, {})
    assert session.values.config() == {"anything": "refresh-1"}
