"""No secret gets into a case, wherever it was in the traffic; what needs them works with what stands in for them."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.cases.case import CaseError, records_file
from core.cases.masking import masked_body
from core.cases.reading import read_case
from core.http.secrets import Secrets
from tests.cases.support import check, record, texts
from tests.support.server import Asked, LoopbackServer, Reply

KEY = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SECRETS = {
    "client_id": "id-of-the-client-4711",
    "client_secret": "gh3/5+secret=&with:signs",
    "api_key": "k-0123456789abcdef",
    "password": 'pass word "quoted" ü',
    "account": 874_651_203,
    "private_key": KEY,
    "service": json.dumps(
        {"type": "service_account", "private_key_id": "pkid-99887766", "token_uri": "https://o.test/t"}
    ),
}
TOKEN = "granted-token-5544332211"

MANIFEST = """
    version: 7.0.0
    type: DeclarativeSource
    check: {type: CheckStream, stream_names: [items]}
    spec:
      type: Spec
      connection_specification:
        type: object
        properties:
          url: {type: string}
          region: {type: string}
          client_id: {type: string, airbyte_secret: true}
          client_secret: {type: string, airbyte_secret: true}
          api_key: {type: string, airbyte_secret: true}
          password: {type: string, airbyte_secret: true}
          account: {type: integer, airbyte_secret: true}
          private_key: {type: string, airbyte_secret: true}
          service: {type: string, airbyte_secret: true}
    definitions:
      schema: &schema {type: InlineSchemaLoader, schema: {}}
      selector: &selector {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [items]}}
    streams:
      - type: DeclarativeStream
        name: items
        schema_loader: *schema
        retriever:
          type: SimpleRetriever
          requester:
            type: HttpRequester
            url: "{{ config['url'] }}/{{ config['region'] }}/items/{{ config['account'] }}"
            http_method: POST
            request_parameters: {key: "{{ config['api_key'] }}", sign: "{{ config['password'] | hash('sha256') }}"}
            request_headers: {X-Password: "{{ config['api_key'] }}", X-Note: "for {{ config['client_id'] }}"}
            request_body:
              type: RequestBodyJsonObject
              value: {account: "{{ config['account'] }}", inner: {key: "{{ config['api_key'] }}"}}
            authenticator:
              type: OAuthAuthenticator
              token_refresh_endpoint: "{{ config['url'] }}/token"
              client_id: "{{ config['client_id'] }}"
              client_secret: "{{ config['client_secret'] }}"
              grant_type: client_credentials
          record_selector: *selector
      - type: DeclarativeStream
        name: basics
        schema_loader: *schema
        retriever:
          type: SimpleRetriever
          requester:
            type: HttpRequester
            url: "{{ config['url'] }}/basics"
            authenticator:
              type: BasicHttpAuthenticator
              username: "{{ config['client_id'] }}"
              password: "{{ config['password'] }}"
          record_selector: *selector
      - type: DeclarativeStream
        name: signed
        schema_loader: *schema
        retriever:
          type: SimpleRetriever
          requester:
            type: HttpRequester
            url: "{{ config['url'] }}/signed"
            authenticator:
              type: JwtAuthenticator
              secret_key: "{{ config['private_key'] }}"
              algorithm: RS256
              jwt_payload: {iss: us, sub: "{{ (config['service'])['private_key_id'] }}"}
          record_selector: *selector
"""


def forms(value: object) -> set[str]:
    """How a secret may be written."""
    text = str(value)
    lines = [line for line in text.splitlines() if line and "-----" not in line]
    found = {text, json.dumps(text)[1:-1], base64.b64encode(text.encode()).decode().rstrip("=")}
    return found | set(lines)


def serve(server: LoopbackServer) -> None:
    items = {
        "id": 1,
        "owner": SECRETS["api_key"],
        "account": SECRETS["account"],
        "link": f"https://x.test/?token={TOKEN}",
    }
    server.on("/token", Reply({"access_token": TOKEN, "expires_in": 3600}))
    server.on(f"/eu/items/{SECRETS['account']}", Reply({"items": [items, {"id": 2}]}, headers={"X-Echo": TOKEN}))
    server.on("/basics", Reply({"items": [{"pass": SECRETS["password"]}]}, headers={"Set-Cookie": "sid=cookie-778899"}))

    def signed(asked: Asked) -> Reply:
        return Reply({"items": [{"jwt": asked.headers["authorization"]}]})

    server.on("/signed", signed)


async def test_a_case_holds_no_secret_and_is_read_without_them(server: LoopbackServer, tmp_path: Path) -> None:
    serve(server)

    other = {"warehouse_password": "of-another-connector"}
    case = await record(MANIFEST, {"url": server.url(), "region": "eu", **SECRETS, **other}, tmp_path)

    assert [asked.headers["authorization"] for asked in server.asked if asked.path == "/signed"]
    kept = case.read_text() + records_file(case).read_text()
    planted = [*SECRETS.values(), *other.values(), TOKEN, "cookie-778899", "pkid-99887766"]
    planted += [
        asked.headers["authorization"].rpartition(" ")[2] for asked in server.asked if "authorization" in asked.headers
    ]
    for secret in planted:
        assert [form for form in forms(secret) if form in kept] == []
    inputs = read_case(case).inputs
    assert (inputs["region"], inputs["api_key"]) == ("eu", {"_secret": "text"})
    assert inputs["private_key"] == {"_secret": "rsa key"}
    assert inputs["service"]["_secret"]["json"]["token_uri"] == {"address": "https://o.test/t"}

    result = await check(MANIFEST, case)

    assert texts(result) == []
    assert result.records == 4


@pytest.mark.parametrize("packed", ["gzip", "zip", "encoded"])
async def test_secrets_in_compressed_files_are_masked(packed: str, server: LoopbackServer, tmp_path: Path) -> None:
    serve(server)
    body, headers = json.dumps({"items": [{"key": SECRETS["api_key"]}]}).encode(), {}
    if packed == "zip":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("a.json", body)
        body = archive.getvalue()
    else:
        body = gzip.compress(body)
        headers = {"content-encoding": "gzip"} if packed == "encoded" else {}
    server.on("/basics", Reply(body, headers=headers))
    decoders = {
        "gzip": "GzipDecoder, decoder: {type: JsonDecoder}",
        "zip": "ZipfileDecoder, decoder: {type: JsonDecoder}",
    }
    decoder = decoders.get(packed, "JsonDecoder")
    manifest = MANIFEST.replace(
        "          record_selector: *selector\n      - type: DeclarativeStream\n        name: signed",
        f"          decoder: {{type: {decoder}}}\n          record_selector: *selector\n"
        "      - type: DeclarativeStream\n        name: signed",
    )
    assert manifest != MANIFEST

    case = await record(manifest, {"url": server.url(), "region": "eu", **SECRETS}, tmp_path)

    (exchange,) = [one for one in read_case(case).exchanges if one.url.endswith("/basics")]
    assert exchange.body is not None
    inside = exchange.body
    if packed == "gzip":
        inside = gzip.decompress(inside)
    elif packed == "zip":
        inside = zipfile.ZipFile(io.BytesIO(inside)).read("a.json")
    assert inside == b'{"items": [{"key": "****"}]}'
    assert texts(await check(manifest, case)) == []


def zipped(body: bytes, name: str = "a.json", comment: bytes = b"") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, body)
        file.comment = comment
    return archive.getvalue()


def tarred(body: bytes, name: str = "a.json") -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as file:
        member = tarfile.TarInfo(name)
        member.size = len(body)
        file.addfile(member, io.BytesIO(body))
    return archive.getvalue()


SECRET = b'{"key": "planted-secret-1"}'


class TestArchives:
    def masked(self, body: bytes) -> bytes:
        return masked_body(body, "", Secrets(["planted-secret-1"]))

    def test_what_is_in_a_tar_archive_is_masked_packed_or_not(self) -> None:
        masked = self.masked(tarred(gzip.compress(SECRET), "planted-secret-1.json.gz"))
        with tarfile.open(fileobj=io.BytesIO(masked)) as archive:
            (member,) = archive.getmembers()
            file = archive.extractfile(member)
            assert file is not None
            assert (member.name, gzip.decompress(file.read())) == ("****.json.gz", b'{"key": "****"}')

    def test_so_is_the_comment_of_a_zip_archive(self) -> None:
        masked = self.masked(zipped(b"{}", comment=b"for planted-secret-1"))
        assert zipfile.ZipFile(io.BytesIO(masked)).comment == b"for ****"

    @pytest.mark.parametrize(
        "body",
        [gzip.compress(b"{}"), zipped(b"{}"), tarred(b"{}"), gzip.compress(tarred(b"{}"))],
        ids=["gzip", "zip", "tar", "tar in gzip"],
    )
    def test_without_a_secret_it_stays_as_it_is(self, body: bytes) -> None:
        assert self.masked(body) == body

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            (bz2.compress(SECRET), "a bzip2 file"),
            (lzma.compress(SECRET), "a xz file"),
            (zipped(zipped(zipped(zipped(SECRET)))), "an archive in an archive in an archive"),
            (gzip.compress(SECRET)[:10] + b"\xff" * 20, "a damaged gzip file"),
            (zipped(SECRET)[:40], "a damaged zip file"),
            (gzip.compress(b"{}") + SECRET, "A binary answer holds a secret"),
        ],
        ids=["bzip2", "xz", "nested too deeply", "damaged gzip", "damaged zip", "behind a gzip"],
    )
    def test_what_can_not_be_looked_into_is_no_case(self, body: bytes, sentence: str) -> None:
        with pytest.raises(CaseError, match=sentence):
            self.masked(body)


async def test_a_secret_in_a_binary_answer_is_no_case(server: LoopbackServer, tmp_path: Path) -> None:
    serve(server)
    server.on("/basics", Reply(b"\x00\x01" + str(SECRETS["api_key"]).encode() + b"\xff"))
    with pytest.raises(CaseError, match="binary answer holds a secret"):
        await record(MANIFEST, {"url": server.url(), "region": "eu", **SECRETS}, tmp_path)


async def test_a_secret_that_is_too_short_to_be_masked_is_no_case(server: LoopbackServer, tmp_path: Path) -> None:
    serve(server)
    with pytest.raises(CaseError, match="shorter than 4 characters"):
        await record(MANIFEST, {"url": server.url(), "region": "eu", **SECRETS, "api_key": "k-1"}, tmp_path)


async def test_thousands_of_records_without_a_key_that_hold_a_secret_input(
    server: LoopbackServer, tmp_path: Path
) -> None:
    manifest = (
        MANIFEST[: MANIFEST.index("      - type: DeclarativeStream\n        name: signed")]
        + """
        transformations:
          - {type: AddFields, fields: [{path: [key], value: "{{ config['api_key'] }}"}]}
"""
    )
    serve(server)
    server.on("/basics", Reply({"items": [{"number": number} for number in range(3_000)]}))
    case = await record(manifest, {"url": server.url(), "region": "eu", **SECRETS}, tmp_path)
    assert str(SECRETS["api_key"]) not in records_file(case).read_text()
    assert texts(await check(manifest, case)) == []
