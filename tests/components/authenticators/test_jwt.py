from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, get_args

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from core.components.authenticators import JwtAuthenticator
from core.components.authenticators.jwt import Algorithm
from core.errors import ReadError
from tests.support.http_bench import Bench, build_with_problems
from tests.support.server import LoopbackServer, Reply

SECRET = "a secret of thirty-two characters"


async def token(bench: Bench, server: LoopbackServer, **fields: Any) -> str:
    """The value of the Authorization header that arrives."""
    server.on("/", Reply("fine"))
    written = {"type": "JwtAuthenticator", "secret_key": "{{ config['secret'] }}", "algorithm": "HS256", **fields}
    await bench.send({"type": "HttpRequester", "url": server.url("/"), "authenticator": written})
    return server.asked[-1].headers["authorization"]


@pytest.fixture(autouse=True)
def secret(bench: Bench) -> None:
    bench.config["secret"] = SECRET


async def test_a_token_is_signed_and_valid_for_a_while(bench: Bench, server: LoopbackServer) -> None:
    sent = await token(bench, server, jwt_payload={"iss": "me", "sub": "12", "aud": "{{ ['a', 'b'] }}"})
    now = int(bench.now.timestamp())
    claims = jwt.decode(sent, SECRET, ["HS256"], options={"verify_exp": False, "verify_aud": False})
    assert claims == {"iss": "me", "sub": "12", "aud": ["a", "b"], "iat": now, "nbf": now, "exp": now + 1200}
    assert jwt.get_unverified_header(sent) == {"alg": "HS256", "typ": "JWT"}
    assert sent not in bench.everything_seen()


async def test_headers_prefix_and_additional_claims(bench: Bench, server: LoopbackServer) -> None:
    bench.config["account"] = '{"id": 7}'
    sent = await token(
        bench,
        server,
        header_prefix="Bearer",
        token_duration=60,
        jwt_headers={"kid": "k1", "cty": "x"},
        additional_jwt_headers={"extra": "y"},
        additional_jwt_payload={"account": "{{ json_loads(config['account'])['id'] }}"},
    )
    prefix, signed = sent.split()
    assert prefix == "Bearer"
    assert jwt.get_unverified_header(signed) == {"alg": "HS256", "typ": "JWT", "kid": "k1", "cty": "x", "extra": "y"}
    claims = jwt.decode(signed, SECRET, ["HS256"], options={"verify_signature": False})
    assert (claims["account"], claims["exp"] - claims["iat"]) == (7, 60)


async def test_the_secret_can_be_encoded_first(bench: Bench, server: LoopbackServer) -> None:
    sent = await token(bench, server, base64_encode_secret_key=True)
    jwt.decode(sent, b64encode(SECRET.encode()), ["HS256"], options={"verify_exp": False})


async def test_a_token_can_go_elsewhere(bench: Bench, server: LoopbackServer) -> None:
    option = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "jwt"}
    server.on("/", Reply("fine"))
    written = {"type": "JwtAuthenticator", "secret_key": SECRET, "algorithm": "HS384", "request_option": option}
    await bench.send({"type": "HttpRequester", "url": server.url("/"), "authenticator": written})
    assert jwt.get_unverified_header(server.asked[0].query["jwt"][0])["alg"] == "HS384"
    assert bench.exchanges[0].url == server.url("/?jwt=****")


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
async def test_a_private_key_signs(bench: Bench, server: LoopbackServer, passphrase: str | None) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()
    bench.config["secret"] = json.dumps(pem)[1:-1]  # as it is copied out of a JSON file
    fields = {"passphrase": passphrase} if passphrase else {}
    sent = await token(bench, server, algorithm="ES256", **fields)
    jwt.decode(sent, key.public_key(), ["ES256"], options={"verify_exp": False})


KEYS: dict[str, Any] = {
    "RS": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES256K": ec.generate_private_key(ec.SECP256K1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


@pytest.mark.parametrize("algorithm", get_args(Algorithm))
async def test_every_algorithm_signs(bench: Bench, server: LoopbackServer, algorithm: str) -> None:
    key = None if algorithm.startswith("HS") else KEYS["RS" if algorithm[0] in "RP" else algorithm]
    if key is not None:
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        bench.config["secret"] = key.private_bytes(*pem).decode()
    else:
        bench.config["secret"] = SECRET * 2
    sent = await token(bench, server, algorithm=algorithm)
    jwt.decode(sent, key.public_key() if key else SECRET * 2, [algorithm], options={"verify_exp": False})


async def test_a_key_that_does_not_fit_is_explained_without_showing_it(bench: Bench, server: LoopbackServer) -> None:
    with pytest.raises(ReadError, match="can't be signed with RS256") as caught:
        await token(bench, server, algorithm="RS256")
    assert SECRET not in str(caught.value)


def test_reserved_names_are_refused_when_the_manifest_is_loaded() -> None:
    raw = {
        "type": "JwtAuthenticator",
        "secret_key": "x",
        "algorithm": "HS256",
        "additional_jwt_headers": {"kid": "1"},
        "additional_jwt_payload": {"exp": 1, "mine": 2},
    }
    _, problems = build_with_problems(raw, JwtAuthenticator)
    assert [problem.path for problem in problems] == [
        ("additional_jwt_headers", "kid"),
        ("additional_jwt_payload", "exp"),
    ]
