"""Query properties among the rows of query parameters: seen, made, edited, turned into text and back, never lost."""

from __future__ import annotations

from core.manifest.document import Document
from tests.tui.forms.support import Desk, at_desk, new_session
from tui.forms.field_menu import CopyRequested
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

REQUESTER = ("streams", 0, "retriever", "requester")
PARAMETERS = (*REQUESTER, "request_parameters")
PROPERTIES = (*PARAMETERS, "properties")
TEXT = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [contacts]}
definitions:
  chunking: {type: PropertyChunking, property_limit_type: property_count, property_limit: 2}
streams:
  - type: DeclarativeStream
    name: contacts
    $parameters: {kind: x}
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: https://api.example.com/contacts
        request_parameters:
          limit: "2"   # two
          properties:  # what we want
            type: QueryProperties
            property_list: [email,   name]  # two
            property_chunking: {$ref: "#/definitions/chunking"}
          tags: [a, b]
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
"""


def written() -> BuilderSession:
    session = BuilderSession(Document.parse(TEXT), problems_visible=False)
    session.refresh()
    return session


async def rows(desk: Desk, *keys: str) -> None:
    """Go to the first row of the query parameters and press keys."""
    await desk.go(PARAMETERS)
    await desk.press("home", *keys)


async def test_a_row_shows_its_component_and_opens_its_fields() -> None:
    session = written()
    async with at_desk(session) as desk:
        await rows(desk, "down")
        assert "properties Query properties" in desk.words
        assert "▾ properties Query properties ▾" in desk.words
        await desk.press("enter")
        assert desk.focused_path == PROPERTIES
        await desk.go((*PROPERTIES, "property_list"))
        await desk.press("down")
        await desk.press("end", "enter")
        await desk.type("city")
        await desk.press("enter", "escape")
        assert session.value((*PROPERTIES, "property_list")) == ["email", "name", "city"]
        assert 'property_chunking: {$ref: "#/definitions/chunking"}' in session.document.text


async def test_editing_a_row_leaves_the_others_alone() -> None:
    session = written()
    async with at_desk(session) as desk:
        await rows(desk, "enter", "tab", "end", "0", "enter")
        assert session.document.text == TEXT.replace('limit: "2"', 'limit: "20"')
        await rows(desk, "a", "z", "enter", "1", "enter", "escape")
        assert session.document.text == TEXT.replace('limit: "2"', 'limit: "20"').replace(
            "[a, b]\n", '[a, b]\n          z: "1"\n'
        )
        await rows(desk, "delete")
        assert list(session.value(PARAMETERS)) == ["properties", "tags", "z"]
        assert "property_list: [email,   name]  # two" in session.document.text


async def test_a_renamed_row_keeps_its_list() -> None:
    session = written()
    async with at_desk(session) as desk:
        await rows(desk, "down", "down", "enter", "end", "s", "enter", "enter")
        assert session.value(PARAMETERS)["tagss"] == ["a", "b"]


async def test_a_component_is_added_and_turned_into_text_and_back() -> None:
    session = new_session(StreamKind.SYNC)
    session.set(PARAMETERS, {"properties": "a,b"})
    async with at_desk(session) as desk:
        await rows(desk)
        await desk.menu("add query")
        await desk.press("enter")
        assert session.value(PROPERTIES) == {"type": "QueryProperties", "property_list": []}
        assert desk.focused_path == PROPERTIES
        assert "Property List" in desk.text
        await desk.choose("as text")
        assert session.value(PARAMETERS) == {"properties": "a,b"}
        await rows(desk)
        await desk.menu("add query")
        await desk.press("ctrl+u")
        await desk.type("fields")
        await desk.press("enter")
        assert list(session.value(PARAMETERS)) == ["properties", "fields"]
        await desk.menu("rename")
        await desk.press("ctrl+u")
        await desk.type("select")
        await desk.press("enter")
        assert list(session.value(PARAMETERS)) == ["properties", "select"]
        await desk.go((*PARAMETERS, "select"))
        await desk.press("delete")
        assert session.value(PARAMETERS) == {"properties": "a,b"}


async def test_the_list_may_come_from_an_endpoint() -> None:
    session = written()
    listing = (*PROPERTIES, "property_list")
    async with at_desk(session) as desk:
        await desk.go(listing)
        await desk.choose("properties from")
        assert session.value((*listing, "retriever", "requester", "type")) == "HttpRequester"
        await desk.go((*listing, "retriever", "requester", "url"))
        await desk.paste("https://api.example.com/fields")
        await desk.go((*listing, "property_field_path"))
        await desk.go(listing)
        await desk.choose("as a list")
        assert session.value(listing) == ["email", "name"]
        await desk.choose("properties from")
        assert session.value((*listing, "retriever", "requester", "url")) == "https://api.example.com/fields"


async def test_a_second_component_is_a_problem_at_its_section() -> None:
    session = written()
    async with at_desk(session) as desk:
        await rows(desk)
        await desk.menu("add query")
        await desk.press("ctrl+u")
        await desk.type("more")
        await desk.press("enter", "down", "up")
        assert "The properties of `more` are not requested" in desk.words
        assert desk.row((*PARAMETERS, "more")).problems()


async def test_the_deprecated_place_has_a_form_too() -> None:
    session = new_session(StreamKind.SYNC)
    field = (*REQUESTER, "query_properties")
    async with at_desk(session) as desk:
        await desk.go(field)
        await desk.press("space")
        assert session.value(field) == {"type": "QueryProperties", "property_list": []}
        session.refresh()
        assert [one.problem.message for one in session.problems(field, all_of_them=True)] == []


async def test_a_copied_curl_command_names_values_that_only_a_read_has() -> None:
    async with at_desk(written()) as desk:
        await rows(desk)
        await desk.menu("as curl")
        (copied,) = desk.heard(CopyRequested)
        assert "limit=2&properties=‹properties›&tags=a&tags=b" in copied.text
