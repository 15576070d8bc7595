"""The API budget is built and edited in the global view like everything else."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
from textual.widget import Widget

from tests.support.oracle import Oracle
from tests.tui.forms.support import at_desk, new_session
from tui.forms import GlobalForm
from tui.forms.hints import Hints
from tui.model.session import BuilderSession

BUDGET = ("api_budget",)
POLICY = (*BUDGET, "policies", 0)
THEIRS = """
api_budget:   # see the docs of the API
  type: HTTPAPIBudget
  policies:
    - type: MovingWindowCallRatePolicy
      rates:
        - {type: Rate, limit: 10, interval: PT1S}   # bursts
        - limit: "{{ config['hourly'] }}"
          interval: "PT1H"
      matchers:
        - method: POST
          url_path_pattern: '^/v1/'
          headers: {X-Tier: gold}
          weight: 2
    - {type: UnlimitedCallRatePolicy, matchers: []}
  ratelimit_reset_header: X-Reset
  status_codes_for_ratelimit_hit: [ 429, 503 ]
"""


def global_form(session: BuilderSession, hints: Hints) -> Widget:
    return GlobalForm(session, hints)


def budget_of(session: BuilderSession) -> Any:
    return session.value(BUDGET)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_budget_is_built_with_the_keyboard(size: tuple[int, int], oracle: Oracle) -> None:
    session = new_session()
    async with at_desk(session, make=global_form, size=size) as desk:
        await desk.go(BUDGET)
        await desk.press("space")
        await desk.go((*BUDGET, "policies"))
        await desk.press("a")
        await desk.type("moving")
        await desk.press("enter")
        await desk.go((*POLICY, "rates"))
        await desk.press("a")
        await desk.go((*POLICY, "rates", 0, "limit"))
        await desk.type("100")
        await desk.go((*POLICY, "rates", 0, "interval"))
        await desk.press("f9")
        assert "one hour" in desk.text
        await desk.type("PT1H")
        await desk.press("enter")
        await desk.go((*POLICY, "matchers"))
        await desk.press("a")
        await desk.go((*POLICY, "matchers", 0, "method"))
        await desk.choose("post")
        await desk.go((*POLICY, "matchers", 0, "weight"))
        await desk.type("5")
        await desk.go((*BUDGET, "status_codes_for_ratelimit_hit"))
        await desk.press("enter")
        await desk.type("503")
        await desk.press("enter", "escape")
    assert budget_of(session) == {
        "type": "HTTPAPIBudget",
        "policies": [
            {
                "type": "MovingWindowCallRatePolicy",
                "rates": [{"type": "Rate", "limit": 100, "interval": "PT1H"}],
                "matchers": [{"type": "HttpRequestRegexMatcher", "method": "POST", "weight": 5}],
            }
        ],
        "status_codes_for_ratelimit_hit": [503],
    }
    oracle.ask("call_rates", "takes", budget_of(session), {})


async def test_problems_are_shown_at_their_fields() -> None:
    session = new_session()
    session.set(BUDGET, {"type": "HTTPAPIBudget", "policies": []})
    session.add_component((*BUDGET, "policies"), "FixedWindowCallRatePolicy")
    async with at_desk(session, make=global_form) as desk:
        await desk.go((*POLICY, "period"))
        await desk.type("1 hour")
        await desk.go((*POLICY, "call_limit"))
        await desk.type("5")
        assert "is not a duration" in desk.words
        await desk.go((*POLICY, "period"))
        await desk.press("ctrl+u")
        await desk.type("PT1H")
        await desk.press("escape", "tab")
        assert "is not a duration" not in desk.words
    assert budget_of(session)["policies"] == [
        {"type": "FixedWindowCallRatePolicy", "call_limit": 5, "period": "PT1H", "matchers": []}
    ]


async def test_editing_a_hand_written_budget_changes_only_the_edited_line(oracle: Oracle) -> None:
    text = new_session().document.text + THEIRS
    session = BuilderSession.from_text(text)
    async with at_desk(session, make=global_form) as desk:
        await desk.go((*POLICY, "rates", 0, "limit"))
        await desk.press("ctrl+u")
        await desk.type("20")
    changed = [line for line in difflib.ndiff(text.splitlines(), session.document.text.splitlines()) if line[0] in "+-"]
    assert changed == [
        "-         - {type: Rate, limit: 10, interval: PT1S}   # bursts",
        "+         - {type: Rate, limit: 20, interval: PT1S}   # bursts",
    ]
    oracle.ask("call_rates", "takes", budget_of(session), {"hourly": 1000})
