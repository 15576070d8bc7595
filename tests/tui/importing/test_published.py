"""Published connectors: their manifests are taken out of packages that pip downloads; nothing of them is run."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import cast
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from tests.support.wheels import MANIFEST, index, is_running, stuck_pip, wait_until, wheel
from tui.importing import pip_download
from tui.importing.drafts import ImportRefused, WholeManifest
from tui.importing.manifest_source import ManifestSource
from tui.importing.material import Material, read_material
from tui.importing.placing import place
from tui.importing.published import package_in
from tui.importing.recognition import find, recognise
from tui.model.session import BuilderSession

__all__ = ["index"]
FILES = {"source_acme/__init__.py": "raise SystemExit", "source_acme/manifest.yaml": MANIFEST}


async def found(text: str, told: list[str] | None = None) -> WholeManifest:
    """The manifest that a text leads to."""
    return cast(WholeManifest, await find(text, (told if told is not None else []).append))


def no_file_left(folder: Path) -> bool:
    return not list(folder.glob("longhaul-*"))


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("airbyte-source-acme", "airbyte-source-acme", ""),
        (" airbyte-source-acme==1.2.3\n", "airbyte-source-acme", "1.2.3"),
        ("source-amazon-ads", "airbyte-source-amazon-ads", ""),
        ("Airbyte_Source_Acme == 1.0", "airbyte-source-acme", "1.0"),
        ("$ pip install airbyte-source-acme", "airbyte-source-acme", ""),
    ],
)
def test_a_connector_is_named_as_people_have_its_name(text: str, name: str, version: str) -> None:
    package = package_in(text)
    assert package is not None
    assert (package.name, package.version) == (name, version)


@pytest.mark.parametrize(
    "text",
    [
        "airbyte-source-",
        "airbyte-source-acme --index-url=http://evil.test",
        "-r airbyte-source-acme",
        "airbyte-source-acme @ https://evil.test/x.whl",
        "airbyte-source-acme/../../etc",
        "airbyte-destination-acme",
        "curl https://api.test",
    ],
)
def test_nothing_else_is_handed_to_pip(text: str) -> None:
    assert package_in(text) is None


async def test_the_manifest_is_taken_out_of_the_package(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(index, "acme", FILES)
    wheel(index, "acme", {"source_acme/manifest.yaml": "version: 1.0.0"}, version="1.0.0")
    (tmp_path / "pip.py").write_text("raise SystemExit('this is not pip')")
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    told: list[str] = []
    manifest = await found("airbyte-source-acme", told)
    assert (manifest.title, manifest.text, manifest.notes) == ("airbyte-source-acme 1.2.3", MANIFEST, ())
    assert "Asking pip for airbyte-source-acme…" in told
    assert (await found("source-acme==1.0.0")).text == "version: 1.0.0"
    assert no_file_left(tmp_path / "tmp")


async def test_python_components_of_its_own_are_mentioned(index: Path) -> None:
    wheel(index, "acme", {**FILES, "source_acme/components.py": "raise SystemExit"})
    assert "components.py" in (await found("airbyte-source-acme")).notes[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("airbyte-source-nobody", r"no package airbyte-source-nobody with a wheel. Check the name"),
        ("airbyte-source-acme==9", r"no version 9 of airbyte-source-acme; the latest are 1.2.3"),
        ("airbyte-source-python", r"airbyte-source-python 1.2.3 has no manifest: it is written in Python"),
        ("airbyte-source-broken", r"is damaged"),
        ("airbyte-source-huge", r"larger than 10 MB"),
        ("airbyte-source-sources", r"no package airbyte-source-sources with a wheel"),
    ],
)
async def test_what_is_wrong_is_said_with_what_to_do(index: Path, text: str, said: str) -> None:
    wheel(index, "acme", FILES)
    wheel(index, "python", {"source_python/source.py": "", "../source_x/manifest.yaml": "x: 1"})
    path = wheel(index, "broken", {"source_broken/manifest.yaml": MANIFEST * 200})
    content = path.read_bytes()
    path.write_bytes(content[:200] + bytes(200) + content[400:])
    with ZipFile(wheel(index, "huge", {}), "a", ZIP_DEFLATED) as archive:
        archive.writestr("source_huge/manifest.yaml", b" " * 20_000_000)
    with ZipFile(index / "airbyte-source-sources-1.0.zip", "w") as archive:
        archive.writestr("airbyte-source-sources-1.0/setup.py", "open('/tmp/was-run', 'w')")
    with pytest.raises(ImportRefused, match=said):
        await found(text)


async def test_an_index_that_is_out_of_reach_is_told_from_a_wrong_name(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:pa55@127.0.0.1:9/simple")
    with pytest.raises(ImportRefused, match="can't be reached") as refused:
        await found("airbyte-source-acme")
    assert "pa55" not in str(refused.value)


async def test_without_pip_it_is_said_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pip_download, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ImportRefused, match="no pip"):
        await found("airbyte-source-acme")


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for pip")
@pytest.mark.parametrize("ends", ["by cancelling", "by the time limit"])
async def test_pip_ends_with_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    process = stuck_pip(tmp_path, monkeypatch)
    if ends == "by the time limit":
        monkeypatch.setattr(pip_download, "TIME_LIMIT", 1.0)
        with pytest.raises(ImportRefused, match="within 1 s"):
            await found("airbyte-source-acme")
    else:
        running = asyncio.create_task(found("airbyte-source-acme"))
        await asyncio.to_thread(wait_until, lambda: process() is not None)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    number = process()
    assert number is not None
    assert not is_running(number)


def test_a_wheel_that_one_has_is_read_as_it_is(tmp_path: Path) -> None:
    path = wheel(tmp_path, "acme", FILES)
    manifest = recognise(read_material(path))
    assert isinstance(manifest, WholeManifest)
    assert manifest.text == MANIFEST
    assert manifest.path is None


@pytest.mark.parametrize("inside", ["manifest.yaml", "connector.yaml", "source_acme/manifest.yaml"])
async def test_a_folder_of_a_repository_leads_to_its_manifest(tmp_path: Path, inside: str) -> None:
    folder = tmp_path / "airbyte-integrations" / "connectors" / "source-acme"
    (folder / inside).parent.mkdir(parents=True)
    (folder / inside).write_text(MANIFEST)
    manifest = await found(f"{folder}/")
    assert (manifest.title, manifest.path, manifest.text) == ("source-acme", folder / inside, MANIFEST)


def test_other_folders_are_refused_with_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="name the folder of one connector"):
        recognise(Material("", tmp_path))
    (tmp_path / "metadata.yaml").write_text("data: {}")
    with pytest.raises(ImportRefused, match="written in Python"):
        recognise(Material("", tmp_path))


async def test_streams_of_a_manifest_come_with_what_they_refer_to_and_their_inputs() -> None:
    source = ManifestSource(WholeManifest("acme", MANIFEST))
    assert [(one.title, one.detail) for one in source.offers()] == [
        ("things", "Synchronous Request"),
        ("others", "Synchronous Request"),
    ]
    session = BuilderSession.new()
    session.streams.add("others")
    placed = place(session, source.drafts(["1"]))
    assert session.streams.names() == ("others", "others_2")
    requester = session.value(("streams", 1, "retriever", "requester"))
    assert requester["url_base"] == "https://api.acme.test/v1"
    assert "$ref" not in str(session.document.get(("streams", 1)))
    properties = session.document.get(("spec", "connection_specification", "properties"))
    assert properties["credentials"]["properties"] == {"team": {"type": "string"}}
    assert properties["api_key"]["airbyte_secret"] is True
    assert "unused" not in properties
    assert placed.missing == ("api_key",)
    session.refresh()
    assert not session.problems(("streams", 1), all_of_them=True)


def test_streams_that_would_make_a_manifest_too_large_are_refused() -> None:
    text = MANIFEST.replace("{id: {type: string}}", "{id: {type: string, description: '" + "x" * 1_500_000 + "'}}")
    source = ManifestSource(WholeManifest("acme", text))
    assert len(source.drafts(["0"])) == 1
    with pytest.raises(ImportRefused, match="Choose fewer streams, or open acme"):
        source.drafts(["0", "1"])


def test_inputs_that_are_not_described_are_asked_for() -> None:
    session = BuilderSession.new()
    given = WholeManifest("acme", MANIFEST.partition("spec:")[0])
    placed = place(session, ManifestSource(given).drafts(["0"]))
    assert set(placed.missing) == {"api_key", "credentials"}
    assert [one.secret for one in session.inputs.all() if one.key == "api_key"] == [True]


async def test_its_secrets_are_not_those_of_other_hosts_that_are_there() -> None:
    session = BuilderSession.new()
    given = WholeManifest("other", MANIFEST.replace("api.acme.test", "other.test"))
    place(session, ManifestSource(given).drafts(["0"]))
    session.inputs.set_value("api_key", "k-other")
    place(session, ManifestSource(WholeManifest("acme", MANIFEST)).drafts(["0"]))
    token = session.value(("streams", 1, "retriever", "requester", "authenticator", "api_token"))
    assert token == "{{ config['api_key_2'] }}"
