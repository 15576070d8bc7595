"""A connector with many secrets against a server that returns everything it gets, in every encoding.

No piece of a secret may be found in what people and files get to see: standard error, the trace, the events, and the
texts that the builder shows of an exchange.
"""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import pytest

from core.command.headless import HeadlessRun, RunPlan
from core.connector import Connector, load_connector
from core.events import Event, ExchangeFinished, Records
from core.http.exchange import MARGIN, Allowance, Exchange, Recording, Role
from core.http.messages import around, failure, shorten
from core.http.policy import Action, Decision
from core.http.secrets import Secrets
from core.inputs import gather_inputs
from core.levels import Level
from core.manifest.document import Document
from core.outputs.destination import Destination
from core.outputs.har import HarTrace
from core.outputs.state import StateFile
from core.progress.picture import RunPicture
from core.progress.plain import PlainProgress
from core.reading import open_reader
from tests.support.server import Asked, LoopbackServer, Reply
from tui.trials.view import exchange_view as exchange_text

PIECE = 6
ESCAPES = re.compile(r"%(?:25)*[0-9A-Fa-f]{0,2}|&(?:amp|quot|lt|#\d*|#x[0-9a-f]*)?;?|\\+u?[0-9A-Fa-f]{0,4}|^\w{1,4};")
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwgg/Sj+AgEAA\n-----END PRIVATE KEY-----"
INPUTS = {
    "key": 'sk_Lx9v_Zq7+/x9&Ü"k\\p=Rt<5%T w8yN2v',
    "password": "hunter2-Gq8zXw4Lm1",
    "token": "Tz4gwGvR3uYp0sBn6Kd9Qf",
    "pem": PEM,
    "account": {"refresh": "rF5tHb2nJx8cVm4"},
}
SESSION = "Qx4tLmN/7Pw+3Ue9Io1Ay"
MANIFEST = """
version: 7.0.0
type: DeclarativeSource
spec:
  type: Spec
  connection_specification:
    type: object
    properties:
      key: {type: string, airbyte_secret: true}
      password: {type: string, airbyte_secret: true}
      token: {type: string, airbyte_secret: true}
      pem: {type: string, airbyte_secret: true}
      account: {type: object, properties: {refresh: {type: string, airbyte_secret: true}}}
definitions:
  requester: &requester
    type: HttpRequester
    url_base: BASE
    request_parameters: &params
      key: "{{ config['key'] }}"
      sliced: "{{ config['token'][4:18] }}"
      signed: "{{ 'something'|hmac(config['token']) }}"
      digest: "{{ config.key|hash('sha256') }}"
    request_headers: &headers
      X-Basic: "Basic {{ ('user:' ~ config['password'])|base64encode }}"
      X-Upper: "{{ config['token'].upper() }}"
      X-Reversed: "{{ config['token']|reverse }}"
      X-Escaped: "{{ config['account']['refresh']|urlencode }}"
      X-Hex: "{{ config['password'].encode().hex() }}"
    authenticator:
      type: SessionTokenAuthenticator
      session_token_path: [session]
      login_requester:
        type: HttpRequester
        url: BASE/login
        http_method: POST
        request_body_json: {password: "{{ config['password'] }}", user: someone}
      request_authentication:
        type: ApiKey
        api_token: "{{ ('session=' ~ session_token)|base64encode }}"
        inject_into: {type: RequestOption, inject_into: header, field_name: X-Session}
  posting: &posting
    <<: *requester
    http_method: POST
    request_body_json: {pem: "{{ config['pem'] }}", refresh: "{{ config['account']['refresh'] }}"}
  selector: &selector {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [data]}}
streams:
  - type: DeclarativeStream
    name: jobs
    retriever:
      type: AsyncRetriever
      creation_requester: {<<: *posting, path: create}
      polling_requester: {<<: *requester, path: "poll/{{ creation_response['id'] }}"}
      status_extractor: {type: DpathExtractor, field_path: [status]}
      status_mapping: {type: AsyncJobStatusMap, running: [running], completed: [done], failed: [], timeout: []}
      download_target_extractor: {type: DpathExtractor, field_path: [target]}
      download_requester: {<<: *requester, url_base: "{{ download_target }}"}
      record_selector: *selector
  - type: DeclarativeStream
    name: refused
    retriever: {type: SimpleRetriever, requester: {<<: *posting, path: refused}, record_selector: *selector}
  - type: DeclarativeStream
    name: broken
    retriever: {type: SimpleRetriever, requester: {<<: *posting, path: broken}, record_selector: *selector}
  - type: DeclarativeStream
    name: elsewhere
    retriever: {type: SimpleRetriever, requester: {<<: *posting, path: elsewhere}, record_selector: *selector}
  - type: DeclarativeStream
    name: moved
    retriever: {type: SimpleRetriever, requester: {<<: *requester, path: moved}, record_selector: *selector}
  - type: DeclarativeStream
    name: paged
    retriever:
      type: SimpleRetriever
      requester: {<<: *requester, path: paged}
      record_selector: *selector
      paginator:
        type: DefaultPaginator
        page_token_option: {type: RequestPath}
        pagination_strategy: {type: CursorPagination, cursor_value: "{{ response['next'] }}"}
check: {type: CheckStream, stream_names: [jobs]}
"""


def looks(text: str, *, mirrored: bool = True, after: bytes = b"~after") -> Iterator[str]:
    """A text in the encodings that servers and clients use."""
    raw = text.encode()
    for plain in (text, text.upper(), text.lower(), *([text[::-1]] if mirrored else ())):
        yield plain
        for escaped in (quote(plain, safe=""), quote(plain), quote_plus(plain)):
            yield escaped
            yield escaped.lower()
            yield quote(escaped, safe="")
        for as_json in (json.dumps(plain)[1:-1], json.dumps(plain, ensure_ascii=False)[1:-1]):
            yield as_json
            yield as_json.replace("/", "\\/").replace("&", "\\u0026").replace("<", "\\u003c").replace("+", "\\u002B")
            yield json.dumps(as_json)[1:-1]
        yield html.escape(plain)
        yield html.escape(html.escape(plain))
        yield "".join(letter if letter.isalnum() else f"&#{ord(letter)};" for letter in plain)
        yield quote(html.escape(plain), safe="")
    for before in ("", "x", "xy", "user:"):
        yield base64.b64encode(before.encode() + raw).decode()
        yield quote(base64.b64encode(before.encode() + raw + after).decode(), safe="")
        yield base64.urlsafe_b64encode(before.encode() + raw).decode()
    yield raw.hex()
    yield raw.hex().upper()
    yield raw.hex(":")
    yield "".join(f"%{octet:02X}" for octet in raw)


MADE_OF_SECRETS = (
    base64.b64encode(f"user:{INPUTS['password']}".encode()).decode(),
    base64.b64encode(f"session={SESSION}".encode()).decode(),
)


def secrets_at_hand() -> list[str]:
    token, password = str(INPUTS["token"]), str(INPUTS["password"])
    lines = [line for line in PEM.splitlines() if not line.startswith("-----")]
    return [str(INPUTS["key"]), password, token, *lines, str(INPUTS["account"]["refresh"]), SESSION, *MADE_OF_SECRETS]  # type: ignore[index]


def pieces() -> set[str]:
    """Everything that must not be seen: six characters of any form of a secret, as far as they are significant."""
    found = set()
    for secret in secrets_at_hand():
        for look in looks(secret, after=b""):
            for start in range(len(look) - PIECE + 1):
                piece = look[start : start + PIECE]
                left = ESCAPES.sub("", piece)
                if sum(letter.isalnum() for letter in left) >= PIECE - 1 and not re.search("amp|quot", left):
                    found.add(piece)
    return found - {"dXNlcj", "XNlcjp"}  # what is before a password


PIECES = pieces()


def leaks(text: str) -> list[str]:
    windows = {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}
    return sorted(windows & PIECES)


def echo(asked: Asked) -> str:
    """All that arrived, and each of its values in every look."""
    values = [*(value for _, value in asked.headers.multi_items() if len(value) > 8), asked.target, asked.body.decode()]
    values += [one for query in asked.query.values() for one in query]
    sent = [look for value in values for look in dict.fromkeys((value, *looks(value, mirrored=False)))]
    known = [secret for secret in secrets_at_hand() if secret not in MADE_OF_SECRETS]
    return " | ".join([*sent, *(look for secret in known for look in looks(secret))])


@dataclass
class Servers:
    home: LoopbackServer
    away: LoopbackServer

    def serve(self) -> None:
        home, away = self.home, self.away

        def redirect(status: int, to: str) -> Any:
            return lambda asked: Reply(echo(asked), status, {"Location": to, "X-Echo": _header(echo(asked))})

        def said(**more: Any) -> Any:
            return lambda asked: Reply({**more, "echo": echo(asked)}, headers={"X-Echo": _header(echo(asked))})

        home.on("/login", lambda asked: Reply({"session": SESSION, "echo": echo(asked)}))
        home.on("/create", said(id="job/1"))
        home.on(
            "/poll/job/1",
            said(status="odd\x1b[31m\n12:00:00 ERROR: forged"),
            said(status="done", target=home.url("/file?sig=1")),
        )
        home.on("/file", redirect(302, "/data?X-Amz-Signature=fromtheserver"))
        home.on("/data", Reply({"data": [{"id": 1}]}))
        home.on("/refused", lambda asked: Reply({"message": echo(asked)}, 400))
        home.on("/broken", lambda asked: Reply("{" + echo(asked), headers={"Content-Type": "application/json"}))
        home.on("/elsewhere", redirect(307, away.url("/stolen")))
        home.on(
            "/moved",
            redirect(302, away.url("/stolen?echo=" + quote(str(INPUTS["token"]).upper()))),
        )
        home.on(
            "/paged",
            lambda asked: Reply({"data": [{"id": 1}], "next": away.url("/stolen?page=2"), "echo": echo(asked)}),
        )
        away.on("/stolen", said(data=[{"id": 2}]))


def _header(text: str) -> str:
    return text.encode("ascii", "replace").decode().replace("\n", " ").replace("\r", " ")[:30_000]


@pytest.fixture
async def servers() -> Any:
    async with LoopbackServer() as home, LoopbackServer() as away:
        both = Servers(home, away)
        both.serve()
        yield both


def connector(servers: Servers, tmp_path: Path) -> tuple[Connector, dict[str, Any]]:
    path = tmp_path / "connector.yaml"
    path.write_text(MANIFEST.replace("BASE", servers.home.url()))
    loaded = load_connector(Document.load(path))
    assert loaded.usable, loaded.problems
    return loaded, gather_inputs(loaded.connection_specification, given=INPUTS, rules=loaded.input_rules)


def everything(value: Any) -> Iterable[str]:
    """All texts in an event."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from everything(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from everything(list(value.items()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from everything(item)


async def test_no_piece_of_a_secret_is_in_the_output_of_a_run(servers: Servers, tmp_path: Path) -> None:
    loaded, config = connector(servers, tmp_path)
    seen = io.StringIO()
    plan = RunPlan(
        connector=loaded,
        config=config,
        streams=loaded.stream_names,
        destination=Destination.parse(str(tmp_path / "out"), append=False),
        state=StateFile(tmp_path / "state.json"),
        trace=HarTrace(tmp_path / "trace.har"),
        limit=None,
    )
    picture = RunPicture(loaded.stream_names)
    assert await HeadlessRun(plan, picture, PlainProgress(seen, Level.DEBUG)).run() == 1
    output = seen.getvalue()
    assert "answered 400" in output
    assert leaks(output) == []
    assert not any(line.startswith("12:00:00 ERROR: forged") for line in output.splitlines())
    assert "\x1b" not in output
    trace = json.loads((tmp_path / "trace.har").read_text())
    assert len(trace["log"]["entries"]) > 8
    assert leaks((tmp_path / "trace.har").read_text()) == []
    assert leaks("\n".join(everything(trace))) == []
    assert leaks((tmp_path / "state.json").read_text()) == []


async def test_no_piece_of_a_secret_is_in_events_and_on_screens(servers: Servers, tmp_path: Path) -> None:
    loaded, config = connector(servers, tmp_path)
    events: list[Event] = []
    async with open_reader(loaded, config, sleep=_at_once) as reader:
        for name in loaded.stream_names:
            events += [event async for event in reader.read(name)]
    assert (
        leaks("\n".join(text for event in events if not isinstance(event, Records) for text in everything(event))) == []
    )
    exchanges = [event.exchange for event in events if isinstance(event, ExchangeFinished)]
    assert {one.role for one in exchanges} >= {Role.AUTH, Role.CREATE, Role.POLL, Role.DOWNLOAD, Role.PAGE}
    shown = "\n".join(text for one in exchanges for text in _shown(one))
    assert leaks(shown) == []


async def _at_once(_seconds: float) -> None:
    """Does not wait."""


def _shown(exchange: Exchange) -> Iterator[str]:
    for side in ("request", "response"):
        yield exchange_text.first_line(exchange, side)
        yield exchange_text.headers_text(exchange, side)
        yield exchange_text.body(exchange, side)[0]
    yield exchange_text.curl_command(exchange)


async def test_another_site_gets_nothing_that_came_from_a_secret(servers: Servers, tmp_path: Path) -> None:
    loaded, config = connector(servers, tmp_path)
    events: list[Event] = []
    async with open_reader(loaded, config, sleep=_at_once) as reader:
        for name in ("elsewhere", "moved", "paged"):
            events += [event async for event in reader.read(name)]
    got = [f"{asked.target} {list(asked.headers.multi_items())} {asked.body!r}" for asked in servers.away.asked]
    assert len(got) == 1
    assert servers.away.asked[0].target == "/stolen?page=2"
    assert leaks("\n".join(got)) == []
    assert not {name for name in servers.away.asked[0].headers if name.startswith("x-")}


# Where texts are cut


def straddling(secret: str, cut: int) -> Iterator[str]:
    """Texts in which a secret ends before, on and behind a place where they are cut."""
    for start in range(cut - len(secret) - 2, cut + 3):
        yield "." * max(0, start) + secret + " and more" * 3


@pytest.mark.parametrize("look", [INPUTS["key"], json.dumps(INPUTS["key"])[1:-1], quote(str(INPUTS["key"]), safe="")])
def test_a_message_is_masked_before_it_is_cut(look: str) -> None:
    secrets = Secrets([str(INPUTS["key"])])
    for text in straddling(look, 80):
        assert leaks(shorten(text, 80)) == []
        for position in range(len(text)):
            assert leaks("\n".join(around(text, position, 40))) == []
    request = httpx.Request("GET", "https://api.example.com")
    for text in straddling(look, 300):
        recording = Recording(
            request, role=Role.PAGE, attempt=1, started=datetime.now(UTC), secrets=secrets, record=lambda _: None
        )
        response = httpx.Response(400, json={"message": text}, request=request)
        error = failure(response, recording.finish(), Decision(Action.FAIL), 1, secrets)
        assert leaks(f"{error} {error.body}") == []


LONG = "".join(f"{number:x}" for number in range(1_500))


@pytest.mark.parametrize(
    "secret", [str(INPUTS["key"]), PEM, LONG + str(INPUTS["token"])], ids=["short", "lines", "long"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_body_is_masked_before_it_is_cut(secret: str, packed: bool) -> None:
    secrets = Secrets([secret])
    for start in range(0, 60, 7):
        body = b"." * start + secret.encode() + b" and more" * 3
        request = httpx.Request("POST", "https://api.example.com", content=body)
        recording = Recording(
            request,
            role=Role.PAGE,
            attempt=1,
            started=datetime.now(UTC),
            secrets=secrets,
            record=lambda _: None,
            allowance=Allowance(each=50, spare=7),
        )
        recording.responded(httpx.Response(200, request=request))
        sent = gzip.compress(body) if packed else body
        for at in range(0, len(sent), 10):
            recording.received(sent[at : at + 10])
        exchange = recording.finish()
        assert leaks(f"{exchange.request_body} {exchange.response_body}") == []
        assert LONG[:PIECE] not in f"{exchange.request_body} {exchange.response_body}"
        assert len(exchange.response_body or "") <= 61


def test_the_margin_behind_a_body_is_not_part_of_the_recording() -> None:
    request = httpx.Request("GET", "https://api.example.com")
    recording = Recording(
        request,
        role=Role.PAGE,
        attempt=1,
        started=datetime.now(UTC),
        secrets=Secrets(),
        record=lambda _: None,
        allowance=Allowance(each=100),
    )
    recording.responded(httpx.Response(200, request=request))
    recording.received(b"x" * (100 + 2 * MARGIN))
    exchange = recording.finish()
    assert exchange.response_body == "x" * 100
    assert exchange.cut
