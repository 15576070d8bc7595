from __future__ import annotations

import json
import time
import timeit
from base64 import b64encode
from threading import Event, Thread
from urllib.parse import quote, quote_plus

import pytest

from core.http.secrets import DERIVED, MOST_FIELDS, Secrets, is_secret_field, secret_fields


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


def test_the_longer_of_two_overlapping_secrets_is_masked_whole() -> None:
    assert Secrets(["abcd", "abcdefgh"]).mask("abcdefgh abcd") == "**** ****"


def test_very_short_values_tear_no_holes_into_texts() -> None:
    assert Secrets(["a", "", "abc"]).mask("a banana and an abc") == "a banana and an abc"


def test_secrets_added_later_are_masked_from_then_on() -> None:
    secrets = Secrets()
    assert secrets.mask("token-1234") == "token-1234"
    secrets.add("token-1234")
    assert secrets.mask("token-1234") == "****"


def test_json_web_tokens_are_masked_even_if_nobody_declared_them() -> None:
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
def test_headers_that_carry_credentials_are_masked_whatever_their_value(name: str, value: str, shown: str) -> None:
    assert Secrets().mask_header(name, value) == shown


def test_other_headers_are_masked_where_they_hold_a_secret() -> None:
    assert Secrets(["t0ps3cret"]).mask_headers([("X-Account", "t0ps3cret"), ("Accept", "*/*")]) == (
        ("X-Account", "****"),
        ("Accept", "*/*"),
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://h/p?sv=2020&sig=ab%2Bc%3D&x=1", "https://h/p?sv=2020&sig=****&x=1"),
        ("https://h/p?X-Amz-Credential=AK%2F1&X-Goog-Signature=1f&GoogleAccessId=me@x.y", None),
        (
            r"https:\/\/h\/p?a=1\u0026Signature=ab\/cd\u002B\u0026z=1",
            r"https:\/\/h\/p?a=1\u0026Signature=****\u0026z=1",
        ),
        ("https://h/?a=1&amp;sig=ab&#43;c&amp;b=2", "https://h/?a=1&amp;sig=****&amp;b=2"),
        ("u=https%3A%2F%2Fh%2F%3Fa%3D1%26X-Amz-Signature%3Dabc%26b%3D2", None),
        ("https://h/?Key-Pair-Id=K1&Policy=eyJTdGF0ZW1l&hdnea=st=1~exp=2~hmac=ff&part=2", None),
        ("https://h/?jwt=a.b&code=4/0AbCdEfGhIj&id_token=x&refresh_token=y&password=z&auth=q12345678901", None),
        ("https://h/#access_token=abc&state=1", "https://h/#access_token=****&state=1"),
        ("grant_type=x&client_secret=abc", "grant_type=x&client_secret=****"),
        ("code=4/0AbCdEfGhIj&state=1", "code=****&state=1"),
        ("?key=AIzaSyA012345&token=0123456789ab", "?key=****&token=****"),
        ("?code=AT&key=orders&token=next&policy=all", "?code=AT&key=orders&token=next&policy=all"),
        (r"https:\/\/me:pw@h/x", r"https:\/\/****@h/x"),
        ("https://ghp_0123456789abcdef@example.com/x.git", "https://****@example.com/x.git"),
        ("?page_token=abc&sort_key=name&keyword=x&encode=y", "?page_token=abc&sort_key=name&keyword=x&encode=y"),
        ("a=1; b=2, https://h/a:b/c@d", "a=1; b=2, https://h/a:b/c@d"),
    ],
)
def test_credentials_in_addresses_are_masked_however_they_are_escaped(text: str, shown: str | None) -> None:
    masked = Secrets().mask(text)
    if shown is not None:
        assert masked == shown
    for word in ("AK%2F1", "=1f", "me@x.y", "3Dabc", "=K1", "eyJTd", "st=1", "a.b", "4/0A", "=x&", "=y&", "=z", "=q"):
        if word in text and shown is None:
            assert word not in masked


def test_private_keys_are_masked_line_by_line() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN+g/k\nBAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\n"
    for given in (key, json.dumps({"type": "service_account", "client_email": "a@b.example", "private_key": key})):
        secrets = Secrets([given])
        for line in ("MIIEvQIBADAN+g/k", "MIIEvQIBADAN%2Bg%2fk", "BAQEFAASCBKcwggSj"):
            assert secrets.mask(f"1: {line}.") == "1: ****."
        assert secrets.mask("of a@b.example: -----BEGIN") == "of a@b.example: -----BEGIN"


def test_a_secret_that_is_cut_is_masked() -> None:
    secrets = Secrets(["s3cr3t-value"])
    assert secrets.mask("the s3cr3t-value of it", 8) == "the ****"
    assert secrets.mask("the s3cr3t-value of it", 4) == "the "
    assert secrets.mask("the s3cr3t-value of it", 19) == "the **** of"
    assert secrets.mask("ü s3cr3t-value", 5) == "ü ****"


def test_the_oldest_derived_values_are_forgotten_first() -> None:
    secrets = Secrets()
    made = [f"signature-{number:04}" for number in range(DERIVED + 40)]
    for one in made:
        secrets.derive(one)
    assert secrets.mask(made[-1]) == secrets.mask(made[-DERIVED // 2]) == "****"
    assert secrets.mask(made[0]) == made[0]


def test_short_derived_values_tear_no_holes() -> None:
    secrets = Secrets()
    secrets.derive("test")
    assert secrets.mask("a test") == "a test"


@pytest.mark.parametrize("piece", ["a", "&amp;", "%25", "://a:", "eyJaaaaaa.", "\\", "&token=", "\\u0026sig="])
def test_masking_takes_time_in_proportion_to_the_text(piece: str) -> None:
    secrets = Secrets(["s3cr3t/+value&=", "k" * 40])

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        return min(timeit.repeat(lambda: secrets.mask(text), number=1, repeat=3))

    seconds(1000)
    assert seconds(160_000) < 60 * seconds(10_000) + 0.05


def test_what_a_login_says_about_its_tokens_is_not_secret() -> None:
    answer = {
        "token_type": "BearerToken",
        "refresh_token_expires_at": "2024-05-17T12:00:00Z",
        "token_url": "https://example.com/token",
        "data": [{"session": {"id": "not-a-field-of-that-name"}, "refreshToken": "rF5tHb2nJx8c", "jwt": "short"}],
    }
    assert list(secret_fields(answer)) == ["rF5tHb2nJx8c"]


def test_a_short_secret_is_found_only_as_a_whole_word() -> None:
    secrets = Secrets(["1234", "s3cr3t-value"])
    assert secrets.holds("https://h/?pin=1234&a=b")
    assert secrets.holds("https://h/xs3cr3t-valuex")
    assert not secrets.holds("https://h/?signature=ab12345f")


@pytest.mark.parametrize("size", [3_000, 200_000])
def test_very_long_secrets_are_masked(size: int) -> None:
    secret = "".join(f"{number:x}+" for number in range(size // 4))
    assert Secrets([secret]).mask(f"a {secret} b") == "a **** b"


def test_very_many_secrets_are_masked() -> None:
    secrets = Secrets(f"token-{number:06}-{number * 7919:x}" for number in range(300))
    assert secrets.mask(f"token-000299-{299 * 7919:x} of token-1") == "**** of token-1"


def test_secrets_may_be_of_any_number_and_length(capfd: pytest.CaptureFixture[str]) -> None:
    values = [f"{number:04}" + "aB3-x_Z9" * 149 + "zzzz" for number in range(300)]
    values += ["\N{CYRILLIC SMALL LETTER ZHE}" * 1_500, "#" * 49_000, '"&' * 500, "a%" * 600]

    def masked(values: list[str]) -> tuple[Secrets, float]:
        """What masks them, and the seconds of work, whatever else the machine has to do."""
        start = time.process_time()
        secrets = Secrets(values)
        assert secrets.mask("\n".join(values)) == "\n".join(["****"] * len(values))
        return secrets, time.process_time() - start

    few = masked(values[::10])[1]
    secrets, many = masked(values)
    assert secrets.mask(json.dumps(values[300])) == '"****"'
    assert secrets.mask(quote(values[301], safe="")) == "****"
    assert many < 10 * few, "ten times as many take ten times as long at most"
    assert capfd.readouterr().err == ""


def test_one_secret_more_costs_little() -> None:
    start = time.monotonic()
    secrets = Secrets(f"token-{number:06}-{number * 7919:x}" for number in range(5_000))
    assert time.monotonic() - start < 3
    assert secrets.mask(f"token-004999-{4999 * 7919:x}") == "****"


def test_what_other_threads_add_at_the_same_time_is_masked() -> None:
    secrets = Secrets()
    done = Event()
    faults: list[BaseException] = []

    def mask() -> None:
        try:
            while not done.is_set():
                secrets.mask("something else")
        except BaseException as error:
            faults.append(error)

    def add(name: str) -> None:
        for number in range(15):
            value = f"{name}-token-{number:05}"
            secrets.add(value)
            secrets.derive(value[::-1])
            if secrets.mask(value) != "****" or secrets.mask(value[::-1]) != "****":
                faults.append(AssertionError(value))

    maskers = [Thread(target=mask) for _ in range(2)]
    adders = [Thread(target=add, args=(name,)) for name in ("first", "second")]
    for thread in (*maskers, *adders):
        thread.start()
    for thread in adders:
        thread.join(30)
    done.set()
    for thread in maskers:
        thread.join(30)
    assert faults == []


def test_a_secret_that_is_too_deeply_nested_json_is_still_a_secret() -> None:
    secret = '{"a":' * 200_000 + "1" + "}" * 200_000
    assert Secrets([secret]).mask(f"a {secret} b") == "a **** b"


@pytest.mark.parametrize(
    "name",
    [
        *("cookie_domain", "cookie_path", "token_issuer", "token_audience", "password_policy", "credential_provider"),
        *("session_host", "token_length", "key_version", "token_version"),
    ],
)
def test_fields_about_credentials_are_not_secret(name: str) -> None:
    assert not is_secret_field(name)


def test_a_response_adds_only_a_limited_number_of_secrets() -> None:
    answer = [{"access_token": f"token-{number:06}"} for number in range(MOST_FIELDS * 3)]
    assert len(list(secret_fields(answer))) == MOST_FIELDS
    assert list(secret_fields([{"token": "x" * 9_000_000}, {"token": "y" * 20}])) == ["y" * 20]


def test_single_lines_of_a_derived_value_are_not_secret() -> None:
    secrets = Secrets()
    secrets.derive("grant_type\nq8fK2mZx")
    assert secrets.mask("grant_type") == "grant_type"
    assert secrets.mask("a grant_type\nq8fK2mZx") == "a ****"
