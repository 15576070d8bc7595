"""A row for numbers, which may be templates where the component allows it."""

from __future__ import annotations

import math
from typing import Any

from tui.forms.text_row import TextRow


class NumberRow(TextRow):
    """A number. What is none is kept as typed and marked, the manifest keeps the last number."""

    def take(self, text: str) -> None:
        """Send the session a number, or a template where that is allowed."""
        text = text.strip()
        if text == "":
            self.write(None)
        elif (number := number_of(text, whole=self.spec.whole)) is not None:
            self.write(number)
        elif self.spec.or_text and "{" in text:
            self.write(text)
        else:
            wanted = "a whole number" if self.spec.whole else "a number"
            other = ", or a template such as {{ config['size'] }}" if self.spec.or_text else ""
            self.session.keep_unfinished(self.path, text, f"This must be {wanted}{other}.")

    def means(self, text: str, value: Any) -> bool:
        """Whether a typed text is this number."""
        number = number_of(text.strip(), whole=self.spec.whole)
        return number == value if number is not None else super().means(text, value)


def number_of(text: str, *, whole: bool = False) -> int | float | None:
    """The number that a text spells; None when it spells none."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return None if whole or not math.isfinite(number) else number
