"""The SendGrid stream of the specification, built from an empty session field by field."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

from core.connector import load_connector
from core.inputs import gather_inputs
from core.manifest.document import Document
from core.manifest.problems import Path
from tui.model.declared_schema import declared_schema, import_schema
from tui.model.inputs import Input
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind

SAMPLE = FilePath(__file__).parents[3] / "sample_configs" / "sendgrid_contacts.yaml"
EXPORTS = "https://api.sendgrid.com/v3/marketing/contacts/exports"


def built() -> BuilderSession:
    session = BuilderSession.new()
    stream = session.streams.add("contacts", StreamKind.ASYNC)
    retriever: Path = (*stream, "retriever")
    creation, polling, download = ((*retriever, f"{phase}_requester") for phase in ("creation", "polling", "download"))
    session.set((*creation, "url"), EXPORTS)
    session.set((*creation, "http_method"), "POST")
    session.choose_type((*creation, "authenticator"), "BearerAuthenticator")
    session.set((*polling, "url"), EXPORTS + "/{{creation_response['id']}}")
    session.set((*polling, "http_method"), "GET")
    session.choose_type((*polling, "authenticator"), "BearerAuthenticator")
    session.set((*retriever, "status_extractor", "field_path"), ["status"])
    mapping = {"completed": ["ready"], "failed": ["failed", "failure"], "running": ["pending"], "timeout": ["timeout"]}
    for bucket, statuses in mapping.items():
        session.set((*retriever, "status_mapping", bucket), statuses)
    session.set((*retriever, "download_target_extractor", "field_path"), ["urls"])
    session.set((*retriever, "polling_job_timeout"), 30)
    session.set((*download, "url"), "{{ download_target }}")
    session.set((*download, "http_method"), "GET")
    session.choose_type((*retriever, "download_decoder"), "CsvDecoder")
    session.set((*retriever, "record_selector", "extractor", "field_path"), [])
    session.set((*stream, "primary_key"), "CONTACT_ID")
    return session


def meaning(stream: Any, address: str) -> dict[str, Any]:
    """A stream as its components see it, without its schema, with the address of the API written out."""
    raw = stream.model_dump(mode="json", exclude={"schema_loader"})
    text = str(raw).replace("{{ config['api_url'] }}", address)
    return {"stream": text}


def test_the_stream_of_the_specification_is_built_saved_and_means_the_same(tmp_path: FilePath) -> None:
    session = built()
    session.save(tmp_path / "sendgrid.yaml")
    session.refresh()
    assert session.problems() == []
    connector = load_connector(Document.load(tmp_path / "sendgrid.yaml"))
    assert connector.problems == ()
    sample = load_connector(Document.load(SAMPLE))
    ours, theirs = connector.stream("contacts"), sample.stream("contacts")
    assert meaning(ours, "") == meaning(theirs, "https://api.sendgrid.com")
    assert connector.source is not None
    assert connector.source.connection_specification["required"] == ["api_key"]
    assert connector.source.connection_specification["properties"]["api_key"]["airbyte_secret"] is True


def test_everything_can_be_undone_and_done_again() -> None:
    session = built()
    done = session.text
    empty = BuilderSession.new().text
    while session.undo():
        pass
    assert session.text == empty
    assert not session.dirty
    while session.redo():
        pass
    assert session.text == done


def test_the_address_becomes_an_input_and_the_schema_is_imported() -> None:
    session = built()
    session.inputs.add(Input("api_url", "API address", default="https://api.sendgrid.com"))
    creation: Path = ("streams", 0, "retriever", "creation_requester", "url")
    session.set(creation, "{{ config['api_url'] }}/v3/marketing/contacts/exports")
    import_schema(session, 0, {"type": "object", "properties": {"CONTACT_ID": {"type": "string"}}})
    session.reveal()
    session.refresh()
    assert session.problems() == []
    schema = declared_schema(session, 0)
    assert schema is not None
    assert list(schema["properties"]) == ["CONTACT_ID"]
    inputs = gather_inputs(session.connector.connection_specification, given={"api_key": "s3cret"})
    assert inputs == {"api_key": "s3cret", "api_url": "https://api.sendgrid.com"}
