"""What a person gives: files that can't be used are named with the reason, and nothing takes memory without end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZipFile

import pytest

from tests.tui.importing.support import source_of
from tui.importing.drafts import ImportRefused
from tui.importing.material import MOST_BYTES, Material, material_of, read_material
from tui.importing.published import package_in, published
from tui.importing.recognition import recognise


def test_a_file_that_is_too_large_is_refused_with_that_reason(tmp_path: Path) -> None:
    file = tmp_path / "large.har"
    with file.open("wb") as opened:
        opened.truncate(MOST_BYTES + 1)
    with pytest.raises(ImportRefused, match=r"large\.har is larger than 64 MB"):
        material_of(str(file))


def test_the_home_of_nobody_is_no_path() -> None:
    assert material_of("~nobody-of-this-name/x").path is None


def test_a_command_behind_an_assignment_is_no_yaml() -> None:
    source = source_of('BASE=https://api.test; curl $BASE/things -H "X-Team: a"')
    assert [one.title for one in source.offers()] == ["GET api.test/things"]


def test_merges_of_yaml_that_grow_without_end_are_refused() -> None:
    lines = ["openapi: 3.0.0", "a0: &a0 {k: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    with pytest.raises(ImportRefused, match="too many parts"):
        source_of("\n".join(lines))


@pytest.mark.parametrize("method", [ZIP_LZMA, ZIP_BZIP2])
def test_only_what_is_compressed_as_in_packages_is_unpacked(tmp_path: Path, method: int) -> None:
    wheel = tmp_path / "airbyte_source_x-1.0-py3-none-any.whl"
    with ZipFile(wheel, "w", method) as archive:
        archive.writestr("source_x/manifest.yaml", "a" * 1_000_000)
    with pytest.raises(ImportRefused, match="compressed"):
        recognise(read_material(wheel))


async def test_without_a_place_for_a_download_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    package = package_in("airbyte-source-x")
    assert package is not None
    with pytest.raises(ImportRefused, match="no place to download to"):
        await published(package, lambda _: None)


@pytest.mark.parametrize(
    "text",
    [
        "curl https://api.test/x" + "\n" * 200_000 + "echo",
        "curl 'https://api.test/{" + "," * 200_000 + "'",
        'curl ^"https://api.test/' + "^a" * 100_000 + '^"',
        "curl https://api.test/x\n" * 100 + "x" * 40_000_000,
    ],
    ids=["lines", "braces", "carets", "letters"],
)
def test_long_texts_are_read_or_refused_in_seconds(text: str) -> None:
    with suppress(ImportRefused):
        recognise(Material(text))
