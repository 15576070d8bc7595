"""What `--to` names: what is read of a URL, and that its password is never shown."""

from __future__ import annotations

import pytest

from core.extras import MissingExtra
from core.loading.address import parse_address
from core.loading.faults import load_error
from core.outputs.durable import OutputError


@pytest.mark.parametrize(
    "password", ["se/cretXY", "se#cretXY", "se?cretXY", "sec@retXY", "a/b@cretXY", "[cretXY", "/cretXY", "x?y@cretXY"]
)
@pytest.mark.parametrize("scheme", ["postgresql", "snowflake", "mysql"])
@pytest.mark.parametrize("whole", [False, True], ids=["given", "from a variable"])
def test_a_password_that_is_not_encoded_is_refused_and_not_shown(scheme: str, password: str, whole: bool) -> None:
    url = f"{scheme}://etl:{password}@127.0.0.1:5432/crm"
    with pytest.raises(OutputError) as error:
        parse_address("$URL" if whole else url, {"URL": url})
    assert "write @ as %40" in str(error.value)
    assert "cretXY" not in str(error.value)


def test_a_password_from_a_variable_may_hold_anything() -> None:
    address = parse_address("postgresql://etl:$PW@db/crm", {"PW": "s@c/r#e?t[:]"})
    assert address.shown == "postgresql://etl@db/crm"
    assert address.mask("no s@c/r#e?t[:] and no s%40c%2Fr%23e%3Ft%5B%3A%5D") == "no **** and no ****"


def test_a_path_or_a_parameter_may_hold_an_at_sign() -> None:
    assert parse_address("s3://bucket/a@b/c:d@e", {}).options["bucket_url"] == "s3://bucket/a@b/c:d@e"
    assert parse_address("postgresql://etl@db/crm?options=a@b", {}).shown == "postgresql://etl@db/crm"


def test_a_port_is_a_number() -> None:
    for port in ("8932port", "99999"):
        with pytest.raises(OutputError, match="the port of the URL is no number"):
            parse_address(f"postgresql://etl@127.0.0.1:{port}/crm", {})


def test_a_missing_extra_is_named() -> None:
    address = parse_address("postgresql://etl@db/crm", {})
    missing = MissingExtra("Loads need the extra `dlt`.")
    missing.__context__ = ModuleNotFoundError("No module named 'pyarrow'")
    assert str(load_error(missing, address, "be reached")) == "Loads need the extra `dlt`."
