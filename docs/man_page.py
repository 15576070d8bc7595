"""Writes the man page, `docs/man/longhaul.1`, from the options of the command: `python docs/man_page.py`."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped]  # it comes without types

from core.command.options import parser

PAGE = Path(__file__).parent / "man" / "longhaul.1"
_SECTION = re.compile(r"^(\w[\w ]*):\n((?:  .*\n)+)", re.MULTILINE)
_SEE_ALSO = "The documentation is in the folder docs of the project; docs/tutorial.md is a good start."


def man_page() -> str:
    """The man page as it should be."""
    options = parser()
    sections = _SECTION.findall(options.epilog or "")
    options.epilog = None
    page = Manpage(options)
    page.date, page.manual = "", "Longhaul"
    page.description = "build and run connectors for APIs that make you wait"
    usage = options.format_usage().removeprefix("usage: ").rstrip()
    page.add_section("synopsis", "=", _as_it_is(re.sub(r"^ {7}", "", usage, flags=re.MULTILINE)))
    for title, text in sections:
        body = textwrap.dedent(text)
        is_table = re.match(r"\d", body)
        page.add_section("exit status" if is_table else title, "=", (_as_it_is if is_table else _escaped)(body.strip()))
    page.add_section("see also", "=", _SEE_ALSO)
    return str(page)


def _as_it_is(text: str) -> str:
    """Lines that stay apart."""
    return f".nf\n{_escaped(text)}\n.fi"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(man_page(), encoding="utf-8")
