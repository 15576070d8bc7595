from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest

from core.http.secrets import Secrets


def test_a_secret_is_masked_wherever_it_stands() -> None:
    secrets = Secrets(["s3cr3t-value"])
    assert secrets.mask("key s3cr3t-value, again s3cr3t-value.") == "key ****, again ****."


@pytest.mark.parametrize(
    "form",
    [
        quote("pa/ss w+rd&ü", safe=""),
        quote("pa/ss w+rd&ü"),
        quote_plus("pa/ss w+rd&ü"),
        b64encode("pa/ss w+rd&ü".encode()).decode(),
        quote(b64encode("pa/ss w+rd&ü".encode()).decode(), safe=""),
        "pa/ss w+rd&\\u00fc",
    ],
)
def test_derived_forms_of_a_secret_are_masked(form: str) -> None:
    assert Secrets(["pa/ss w+rd&ü"]).mask(f"before {form} after") == "before **** after"


def test_secrets_with_quotes_and_line_breaks_are_masked_in_json_text() -> None:
    secrets = Secrets(['line one\nsays "two"'])
    assert secrets.mask('{"key": "line one\\nsays \\"two\\""}') == '{"key": "****"}'


def test_a_pair_is_masked_as_basic_authentication_sends_it() -> None:
    secrets = Secrets()
    secrets.add_pair("someone", "hunter22")
    assert secrets.mask(b64encode(b"someone:hunter22").decode()) == "****"
    assert secrets.mask("hunter22 of someone") == "**** of someone"


def test_of_two_secrets_the_longer_one_is_masked_whole() -> None:
    assert Secrets(["abcd", "abcdefgh"]).mask("abcdefgh abcd") == "**** ****"


def test_very_short_values_tear_no_holes_into_texts() -> None:
    assert Secrets(["a", "", "abc"]).mask("a banana and an abc") == "a banana and an abc"


def test_secrets_added_later_are_masked_from_then_on() -> None:
    secrets = Secrets()
    assert secrets.mask("token-1234") == "token-1234"
    secrets.add("token-1234")
    assert secrets.mask("token-1234") == "****"


def test_json_web_tokens_are_masked_even_when_nobody_named_them() -> None:
    assert Secrets().mask("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl.") == "jwt ****."


def test_signatures_and_passwords_in_urls_are_masked() -> None:
    secrets = Secrets()
    signed = "https://files.example.com/a.csv?X-Amz-Date=20240101&X-Amz-Signature=abcdef&part=1"
    assert secrets.mask(signed) == "https://files.example.com/a.csv?X-Amz-Date=20240101&X-Amz-Signature=****&part=1"
    assert secrets.mask("http://user:pass@example.com/x") == "http://****@example.com/x"
    assert secrets.mask("http://example.com:80/x@y") == "http://example.com:80/x@y"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer abc", "Bearer ****"),
        ("authorization", "something else", "****"),
        ("Proxy-Authorization", "Basic abc", "Basic ****"),
        ("Cookie", "a=b", "****"),
        ("Set-Cookie", "a=b", "****"),
        ("X-Api-Key", "k", "****"),
        ("X-Auth-Token", "k", "****"),
        ("apikey", "k", "****"),
        ("Accept", "text/csv", "text/csv"),
    ],
)
def test_headers_that_carry_credentials_are_masked_whatever_they_hold(name: str, value: str, shown: str) -> None:
    assert Secrets().mask_header(name, value) == shown


def test_other_headers_are_masked_where_they_hold_a_secret() -> None:
    assert Secrets(["t0ps3cret"]).mask_headers([("X-Account", "t0ps3cret"), ("Accept", "*/*")]) == (
        ("X-Account", "****"),
        ("Accept", "*/*"),
    )
