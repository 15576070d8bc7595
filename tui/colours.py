"""The colour variables of the style sheets in every theme: what a theme doesn't set is derived from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import App
from textual.color import BLACK, WHITE, Color
from textual.theme import Theme

TEXT_CONTRAST = 4.5
"""The least contrast of text with what is behind it, as WCAG 2 counts it."""
_STEPS = 20

_ALIKE = {
    "method-get": "success",
    "method-post": "accent",
    "method-put": "primary",
    "method-patch": "secondary",
    "method-delete": "error",
    "status-2xx": "success",
    "status-3xx": "primary",
    "status-4xx": "warning",
    "status-5xx": "error",
    "phase-waiting": "secondary",
    "phase-running": "primary",
    "phase-ready": "success",
    "phase-failed": "error",
    "phase-download": "accent",
    "template": "accent",
    "reference": "secondary",
    "secret": "warning",
}
"""The colours of text with a meaning, and the colours of a theme that they resemble."""
TEXT_COLOURS = ("heading", *_ALIKE)
"""The variables for text."""
GROUNDS = ("background", "surface", "well")
"""The variables for what is behind text."""
VARIABLES = (*TEXT_COLOURS, "well", "well-focus", "pane-border", "pane-border-focus")

_TERMINAL = {
    "heading": "ansi_default",
    "well": "ansi_default",
    "well-focus": "ansi_bright_black",
    "pane-border": "ansi_bright_black",
    "pane-border-focus": "ansi_blue",
}
"""For themes in the sixteen colours of the terminal, which can't be mixed."""


class ColouredApp(App[None]):
    """An app whose style sheets can rely on `VARIABLES`."""

    def get_css_variables(self) -> dict[str, str]:
        """The variables of the theme, those of Longhaul among them."""
        variables = super().get_css_variables()
        self.theme_variables = {**derived(self.current_theme, variables), **variables}
        return self.theme_variables


def derived(theme: Theme, variables: Mapping[str, str]) -> dict[str, str]:
    """Longhaul's variables for a theme, made of the variables that Textual makes for it."""
    if theme.ansi or variables["background"].startswith("ansi_"):
        return {**_TERMINAL, **{name: variables[like] for name, like in _ALIKE.items()}}
    background, text, primary = (Color.parse(variables[name]) for name in ("background", "foreground", "primary"))
    well = _given(theme, "well") or background.blend(text, 0.07)
    grounds = (background, Color.parse(variables["surface"]), well)
    inks = {name: Color.parse(variables[like]) for name, like in _ALIKE.items()}
    inks["heading"] = background.blend(text, 0.65)
    return {
        "well": well.hex,
        "well-focus": _focus(background, primary, text).hex,
        "pane-border": background.blend(text, 0.2).hex,
        "pane-border-focus": primary.hex,
        **{name: readable(ink, grounds).hex for name, ink in inks.items()},
    }


def contrast(one: Color, other: Color) -> float:
    """The contrast of two opaque colours, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(ink: Color, grounds: Sequence[Color]) -> Color:
    """The colour nearest to `ink` that can be read on all grounds: it is lightened or darkened as far as needed."""
    goal = max((WHITE, BLACK), key=lambda end: min(contrast(end, ground) for ground in grounds))
    steps = (ink.blend(goal, step / _STEPS) for step in range(_STEPS + 1))
    return next((one for one in steps if min(contrast(one, ground) for ground in grounds) >= TEXT_CONTRAST), goal)


def _focus(background: Color, primary: Color, text: Color) -> Color:
    """The ground of a focused well: as much of the primary colour as leaves its text readable."""
    mixed = (background.blend(primary, share / 100) for share in range(35, 0, -5))
    return next((one for one in mixed if contrast(one, text) >= TEXT_CONTRAST), background)


def _given(theme: Theme, name: str) -> Color | None:
    return Color.parse(theme.variables[name]) if name in theme.variables else None


def _luminance(colour: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
