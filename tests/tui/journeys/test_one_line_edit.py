"""A manifest written by others is opened, one header changed, saved: nothing else in the file is touched."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.tui.shell.support import opened

THEIRS = """\
# The connector of the reports team.   Please keep the comments!
version: "6.41.2"
type: DeclarativeSource

definitions:
  base:   # shared by all
    type: HttpRequester
    url_base: "https://api.example.com/"
    http_method: 'GET'
    request_headers:
      Accept: application/json   # nothing else works
      X-Version: "2023-10-01"
    authenticator: {type: BearerAuthenticator, api_token: "{{ config['token'] }}"}
  selector:
    type: RecordSelector
    extractor:
        type: DpathExtractor
        field_path: [ data ]

streams:
- type: DeclarativeStream
  name: reports
  $parameters:
      path: 'reports'
      page_size: 100
  primary_key: [ id ]
  retriever:
    type: SimpleRetriever
    requester:
      $ref: "#/definitions/base"
      path: "{{ parameters['path'] }}"
    record_selector: {$ref: "#/definitions/selector"}
  schema_loader: {type: InlineSchemaLoader, schema: {type: object, properties: {}}}

- type: DeclarativeStream
  name: users
  $parameters: {path: users}
  retriever:
    type: SimpleRetriever
    requester: {$ref: "#/definitions/base", path: "{{ parameters['path'] }}"}
    record_selector: {$ref: "#/definitions/selector"}
  schema_loader: {type: InlineSchemaLoader, schema: {type: object, properties: {}}}

check: {type: CheckStream, stream_names: [reports]}

spec:
  type: Spec
  connection_specification:
    type: object
    required: [ token ]
    properties:
      token: {type: string, airbyte_secret: true, title: Token}
"""


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_difference_is_one_line(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "reports.yaml"
    path.write_text(THEIRS)
    async with opened(path, size=size) as shell:
        await shell.press("ctrl+g")
        await shell.until_dialog("ChoiceDialog")
        await shell.choose("request headers")
        await shell.until(lambda: shell.field == ("streams", 0, "retriever", "requester", "request_headers"))
        await shell.press("down", "enter", "tab")
        await shell.press("ctrl+a", "ctrl+k")
        await shell.type("2024-05-01")
        await shell.press("enter")
        await shell.until_shown("● Unsaved")
        await shell.press("ctrl+s")
        await shell.until_said("Saved reports.yaml")
    after = path.read_text()
    changed = [
        line
        for line in difflib.unified_diff(THEIRS.splitlines(), after.splitlines(), lineterm="", n=0)
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert changed == ['-      X-Version: "2023-10-01"', '+      X-Version: "2024-05-01"']
