"""The colours: readable in every theme, and themes of one's own from YAML files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from tui.colours import GROUNDS, TEXT_COLOURS, TEXT_CONTRAST, VARIABLES, contrast, derived
from tui.theme_files import read_themes
from tui.themes import DARK, LIGHT

OWN = (DARK, LIGHT)
TEXTS = (*TEXT_COLOURS, "foreground", "foreground-muted", *(f"text-{one}" for one in ("primary", "error", "success")))


def variables_of(theme: Theme) -> dict[str, str]:
    variables = {**theme.to_color_system().generate(), **theme.variables}
    return {**derived(theme, variables), **variables}


def ratio(variables: dict[str, str], text: str, ground: str) -> float:
    behind = Color.parse(variables[ground])
    return contrast(behind + Color.parse(variables[text]), behind)


@pytest.mark.parametrize("theme", OWN, ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", [*GROUNDS, "panel", "well-focus"])
def test_all_text_of_our_own_themes_can_be_read(theme: Theme, ground: str) -> None:
    variables = variables_of(theme)
    texts = ("foreground",) if ground == "well-focus" else TEXTS
    too_faint = {text: found for text in texts if (found := ratio(variables, text, ground)) < TEXT_CONTRAST}
    assert not too_faint


@pytest.mark.parametrize("theme", BUILTIN_THEMES.values(), ids=lambda theme: theme.name)
def test_every_theme_of_textual_gets_all_variables_and_can_be_read(theme: Theme) -> None:
    variables = variables_of(theme)
    assert set(VARIABLES) <= set(variables)
    if not theme.ansi:
        for ground in GROUNDS:
            too_faint = [text for text in TEXT_COLOURS if ratio(variables, text, ground) < TEXT_CONTRAST]
            assert not too_faint, ground


@pytest.mark.parametrize("theme", OWN, ids=lambda theme: theme.name)
def test_the_cursor_can_be_read(theme: Theme) -> None:
    assert ratio(variables_of(theme), "block-cursor-foreground", "block-cursor-background") >= TEXT_CONTRAST


# Themes from files

NO_COLOUR = "is not a colour; write #rrggbb, or a name such as teal"
NO_STYLE = "is not a text style; write one such as bold, or none"


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_a_theme_needs_no_more_than_a_colour(tmp_path: Path) -> None:
    themes, faults = read_themes(written(tmp_path, sea="primary: '#2288aa'"))
    assert ([theme.name for theme in themes], faults) == (["sea"], [])


def test_a_theme_sets_colours_and_variables(tmp_path: Path) -> None:
    text = "name: deep\ndark: false\nprimary: teal\nvariables: {well: '#eeeeee 50%', link-style: bold}\n"
    (theme,), faults = read_themes(written(tmp_path, sea=text))
    assert not faults
    assert (theme.name, theme.dark, theme.variables["well"]) == ("deep", False, "#eeeeee 50%")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("dark: true", "`primary` is missing"),
        ("primary: blu", f"`primary`: 'blu' {NO_COLOUR}"),
        ("primary: #2288aa", "`primary` must be text, in quotes: YAML reads # as the begin of a comment"),
        ("primary: teal\ncolour: red", "there is no setting `colour`"),
        ("primary: teal\nvariables: {wel: red}", "`variables`: there is no variable 'wel'"),
        ("primary: teal\nvariables: {well: rd}", f"`variables`: well: 'rd' {NO_COLOUR}"),
        ("primary: teal\nvariables: {link-style: loud}", f"`variables`: link-style: 'loud' {NO_STYLE}"),
        ("primary: teal\nname: nord", "another theme is called 'nord' already; give it a `name` of its own"),
        ("primary: [", "it is not YAML at line 1"),
        ("- teal", "it must be a mapping of settings to colours"),
        ("# " + "x" * 100_000, "it is larger than 100,000 bytes"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named_with_its_fault_and_the_others_count(tmp_path: Path, text: str, fault: str) -> None:
    themes, faults = read_themes(written(tmp_path, bad=text, good="primary: teal"))
    assert [theme.name for theme in themes] == ["good"]
    assert faults == [f"{tmp_path.name}/bad.yaml: {fault}."]


def test_without_a_folder_there_are_no_themes(tmp_path: Path) -> None:
    assert read_themes(tmp_path / "themes") == ([], [])


def test_the_page_on_themes_names_every_variable_and_its_examples_are_valid(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "themes.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    found = read_themes(written(tmp_path, **{f"example{number}": text for number, text in enumerate(examples)}))
    assert (len(found.themes), found.faults) == (2, [])
    assert [name for name in VARIABLES if f"`{name}`" not in page] == []
