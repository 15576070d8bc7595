from __future__ import annotations

from tests.tui.widgets.support import on_stage
from tui.widgets.choice import Toggle


async def test_space_enter_and_a_click_toggle_it() -> None:
    check = Toggle("Retry [now]")
    async with on_stage(check) as stage:
        assert stage.app.text().strip() == "●━ Retry [now]"
        check.focus()
        await stage.press("space")
        assert stage.app.text().strip() == "━● Retry [now]"
        await stage.press("enter")
        await stage.click(check, x=2)
        assert [change.value for change in stage.app.heard(Toggle.Changed)] == [True, False, True]


async def test_setting_the_value_posts_nothing() -> None:
    check = Toggle()
    async with on_stage(check) as stage:
        check.value = True
        await stage.settle()
        assert stage.app.text().strip() == "━● On"
        assert stage.app.heard(Toggle.Changed) == []
