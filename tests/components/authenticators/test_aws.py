"""Requests signed for AWS: a server that checks signatures as the documentation has it accepts what is sent.

The rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest

from core.errors import ReadError
from core.runtime.roles import Authenticator
from tests.support.http_bench import Bench, build
from tests.support.server import Asked, LoopbackServer, Reply

ACCESS, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLETOKEN=="


def signed(service: str = "athena", **fields: Any) -> dict[str, Any]:
    return {
        "type": "AwsSignatureAuthenticator",
        "access_key": "{{ config['access_key'] }}",
        "secret_key": "{{ config['secret_key'] }}",
        "region": "eu-central-1",
        "service": service,
        **fields,
    }


@pytest.fixture(autouse=True)
def keys(bench: Bench) -> None:
    bench.config.update(access_key=ACCESS, secret_key=SECRET, session_token=TOKEN)


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~", errors="surrogateescape")


def problem(asked: Asked) -> str:
    """What is wrong with the signature of a request; empty: nothing."""
    scheme, _, rest = asked.headers.get("authorization", "").partition(" ")
    if scheme != "AWS4-HMAC-SHA256":
        return "no signature"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    access, day, region, service, end = parts["Credential"].split("/")
    names = parts["SignedHeaders"].split(";")
    amazon = [name for name in asked.headers if name.startswith("x-amz-")]
    if access != ACCESS or not {"host", *amazon} <= set(names):
        return f"{access} signs {names}, but there are {amazon}"
    body = hashlib.sha256(asked.body).hexdigest()
    if asked.headers.get("x-amz-content-sha256", body) != body:
        return "another body"
    split = urlsplit(asked.target)
    steps = [unquote(step) if service == "s3" else step for step in split.path.split("/")]
    pairs = parse_qsl(split.query, keep_blank_values=True, errors="surrogateescape")
    query = sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    canonical = "\n".join(
        [
            asked.method,
            "/".join(quote(step, safe="-_.~") for step in steps),
            "&".join(f"{name}={value}" for name, value in query),
            *[f"{name}:{' '.join(asked.headers[name].split())}" for name in names],
            "",
            ";".join(names),
            body,
        ]
    )
    scope = f"{day}/{region}/{service}/{end}"
    text = f"AWS4-HMAC-SHA256\n{asked.headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for step in (day, region, service, end):
        key = hmac.new(key, step.encode(), "sha256").digest()
    right = hmac.new(key, text.encode(), "sha256").hexdigest()
    return "" if right == parts["Signature"] else f"the signature is wrong for {canonical}"


def checking(asked: Asked) -> Reply:
    wrong = problem(asked)
    return Reply({"__type": "InvalidSignatureException", "message": wrong}, 403) if wrong else Reply({"right": True})


async def sent(bench: Bench, server: LoopbackServer, path: str = "/", **fields: Any) -> Asked:
    server.on(path.partition("?")[0], checking)
    response = await bench.send({"type": "HttpRequester", "url": server.url(path), **fields})
    assert response is not None
    assert response.json() == {"right": True}
    return server.asked[-1]


async def test_a_json_body_and_its_headers_are_signed(bench: Bench, server: LoopbackServer) -> None:
    asked = await sent(
        bench,
        server,
        http_method="POST",
        authenticator=signed(),
        request_headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonAthena.GetQueryResults"},
        request_body={"type": "RequestBodyJsonObject", "value": {"QueryString": "select 'ä'  "}},
    )
    names = asked.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"content-type", "x-amz-target", "x-amz-date", "host"} <= set(names)
    assert "x-amz-security-token" not in asked.headers


async def test_temporary_keys_come_with_a_token(bench: Bench, server: LoopbackServer) -> None:
    asked = await sent(bench, server, authenticator=signed(session_token="{{ config['session_token'] }}"))
    assert asked.headers["x-amz-security-token"] == TOKEN
    assert TOKEN not in bench.everything_seen()
    empty = await sent(bench, server, authenticator=signed(session_token="{{ config.get('no') or '' }}"))
    assert "x-amz-security-token" not in empty.headers


@pytest.mark.parametrize("service", ["execute-api", "s3"])
async def test_a_query_is_sent_as_it_is_signed(bench: Bench, server: LoopbackServer, service: str) -> None:
    parameters = {"prefix": "a b/ä+(1)*~", "empty": "", "many": "{{ ['b', 'a'] }}", "A": "1", "q": "x=y&z"}
    path = "/data?list-type=2&acl&octets=%FF"
    asked = await sent(bench, server, path, authenticator=signed(service), request_parameters=parameters)
    assert "prefix=a%20b%2F%C3%A4%2B%281%29%2A~" in asked.target
    assert "octets=%FF" in asked.target
    assert asked.query["list-type"] == ["2"]
    assert asked.query["q"] == ["x=y&z"]


async def test_names_of_objects_in_a_store(bench: Bench, server: LoopbackServer) -> None:
    path = "/bucket//a%20b/c=(1)%2F+.csv"
    server.on("/bucket//a%20b/c%3D%281%29%2F%2B.csv", checking)
    response = await bench.send({"type": "HttpRequester", "url": server.url(path), "authenticator": signed("s3")})
    assert response is not None
    assert response.json() == {"right": True}
    assert server.asked[-1].headers["x-amz-content-sha256"] == hashlib.sha256(b"").hexdigest()


async def test_a_service_that_wants_the_hash_in_a_header_gets_it(bench: Bench, server: LoopbackServer) -> None:
    body = {"type": "RequestBodyJsonObject", "value": {"a": 1}}
    asked = await sent(bench, server, http_method="POST", authenticator=signed("aoss"), request_body=body)
    assert asked.headers["x-amz-content-sha256"] == hashlib.sha256(asked.body).hexdigest()


async def test_every_attempt_is_signed_anew(bench: Bench, server: LoopbackServer) -> None:
    answers = iter([Reply(status=500), None])
    server.on("/", lambda asked: next(answers) or checking(asked))
    await bench.send({"type": "HttpRequester", "url": server.url("/"), "authenticator": signed()})
    assert [problem(asked) for asked in server.asked] == ["", ""]


async def test_nothing_of_it_is_seen(bench: Bench, server: LoopbackServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = "{{ config['session_token'] }}"
    asked = await sent(bench, server, authenticator=signed(session_token=token))
    signature = asked.headers["authorization"].rpartition("=")[2]
    for seen in (bench.everything_seen(), caplog.text):
        assert SECRET not in seen
        assert TOKEN not in seen
        assert signature not in seen
    server.on("/echo", lambda asked: Reply(f"SignatureProvided: {asked.headers['authorization'][-64:]}", 403))
    with pytest.raises(ReadError) as caught:
        await bench.send({"type": "HttpRequester", "url": server.url("/echo"), "authenticator": signed()})
    provided = server.asked[-1].headers["authorization"][-64:]
    assert provided not in str(caught.value) + bench.everything_seen()


async def test_a_redirect_to_another_site_is_not_signed(bench: Bench, server: LoopbackServer) -> None:
    elsewhere = server.url("/file").replace("127.0.0.1", "localhost")
    server.on("/file", Reply("data"))
    server.on("/", Reply(status=302, headers={"Location": elsewhere}))
    authenticator = signed("s3", session_token=TOKEN)
    await bench.send({"type": "HttpRequester", "url": server.url("/"), "authenticator": authenticator})
    first, second = server.asked
    assert "authorization" in first.headers
    assert not {"authorization", "x-amz-security-token", "x-amz-date", "x-amz-content-sha256"} & set(second.headers)


@pytest.mark.parametrize("field", ["access_key", "secret_key", "region", "service"])
async def test_what_is_empty_is_named(bench: Bench, server: LoopbackServer, field: str) -> None:
    bench.config["none"] = ""
    with pytest.raises(ReadError, match=f"`{field}` of the authenticator is empty"):
        await bench.send(
            {
                "type": "HttpRequester",
                "url": server.url("/"),
                "authenticator": signed() | {field: "{{ config['none'] }}"},
            }
        )
    assert not server.asked


@pytest.mark.parametrize(("minutes", "said"), [(10, "10 minutes ahead of"), (-20, "20 minutes behind"), (1, "")])
async def test_a_clock_that_is_wrong_is_mentioned(
    bench: Bench, server: LoopbackServer, minutes: int, said: str
) -> None:
    bench.now = datetime.now(UTC).replace(microsecond=0)
    theirs = format_datetime(bench.now - timedelta(minutes=minutes), usegmt=True)
    server.on("/", Reply("RequestTimeTooSkewed", 403, {"Date": theirs}))
    with pytest.raises(ReadError):
        await bench.send({"type": "HttpRequester", "url": server.url("/"), "authenticator": signed()})
    assert [said in message for message in bench.log if "clock of this computer" in message] == ([True] if said else [])


async def test_without_the_extra_the_message_names_it(
    bench: Bench, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(ReadError, match="need the extra `aws`: pip install 'longhaul-connectors"):
        await bench.send({"type": "HttpRequester", "url": server.url("/"), "authenticator": signed()})


def test_airbyte_does_not_know_it() -> None:
    assert not build(signed(), Authenticator).portable
