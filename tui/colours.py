"""The colours that have a meaning of their own, derived from a theme where it doesn't set them."""

from __future__ import annotations

from textual.app import App
from textual.color import Color
from textual.theme import Theme


def colours(theme: Theme) -> dict[str, str]:
    """The variables for wells, methods, templates, references and secrets that every theme has."""
    shades = theme.to_color_system().generate()
    background, foreground = Color.parse(shades["background"]), Color.parse(shades["foreground"])
    primary, accent = Color.parse(shades["primary"]), shades["text-accent"]
    return {
        "well": background.blend(foreground, 0.07 if theme.dark else 0.05, alpha=1).hex,
        "well-focus": background.blend(primary, 0.35 if theme.dark else 0.22, alpha=1).hex,
        "heading": shades["text-secondary"],
        "method-get": shades["text-success"],
        "method-post": shades["text-warning"],
        "method-put": shades["text-primary"],
        "method-patch": shades["text-secondary"],
        "method-delete": shades["text-error"],
        "template": accent,
        "reference": shades["text-secondary"],
        "secret": shades["text-success"],
    }


class ColouredApp(App[None]):
    """An app whose style sheets and texts may use these variables."""

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return colours(self.current_theme)
