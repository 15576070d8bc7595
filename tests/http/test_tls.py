from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import ReadError
from core.http.policy import FailureType, RequestFailed
from core.http.secrets import Secrets
from core.http.session import HttpSession
from tests.support.http_bench import Bench
from tests.support.server import LoopbackServer, Reply


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that no authority knows, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = built.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "server.pem"
    path.write_bytes(pem + private)
    return path


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def served_with(certificate: Path) -> LoopbackServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return LoopbackServer(context)


async def test_an_untrusted_certificate_fails_at_once(bench: Bench, certificate: Path) -> None:
    async with served_with(certificate) as server:
        with pytest.raises(RequestFailed, match=r"certificate is not trusted .* SSL_CERT_FILE") as caught:
            await bench.send({"type": "HttpRequester", "url": server.url("/")})
    assert caught.value.failure_type is FailureType.CONFIG_ERROR
    assert bench.waits == []


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_authorities_come_from_the_environment(
    bench: Bench, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(certificate))
    async with served_with(certificate) as server, HttpSession(Secrets()) as session:
        bench.session = session
        server.on("/", Reply("trusted"))
        response = await bench.send({"type": "HttpRequester", "url": server.url("/")})
    assert response is not None
    assert response.text == "trusted"


async def test_a_certificate_file_that_is_missing_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(ReadError, match=r"REQUESTS_CA_BUNDLE names the file .*missing.pem"):
        async with HttpSession(Secrets()):
            pass


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_a_setting_that_names_a_missing_file_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "missing"))
    with pytest.raises(ReadError, match=rf"^{variable} names the .*missing .*: No such file or directory\.$"):
        async with HttpSession(Secrets()):
            pass


async def test_a_file_without_certificates_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing of the kind")
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "empty.pem"))
    with pytest.raises(ReadError, match=r"^CURL_CA_BUNDLE names the file .*: it holds no certificate in PEM form\.$"):
        async with HttpSession(Secrets()):
            pass


async def test_the_authorities_of_several_settings_are_all_trusted(
    bench: Bench, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import certifi

    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    async with served_with(certificate) as server, HttpSession(Secrets()) as session:
        bench.session = session
        server.on("/", Reply("trusted"))
        response = await bench.send({"type": "HttpRequester", "url": server.url("/")})
    assert response is not None


async def test_a_key_log_that_cannot_be_written_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "nowhere" / "keys"))
    with pytest.raises(ReadError, match=r"^SSLKEYLOGFILE names .* that can't be written: No such file or directory\.$"):
        async with HttpSession(Secrets()):
            pass


@pytest.mark.parametrize(
    ("variable", "value", "shown"),
    [
        ("HTTP_PROXY", "htp://user:sekret-1@proxy.example.com", "htp://****@proxy.example.com"),
        ("HTTPS_PROXY", "http://user:sek/ret-1@proxy.example.com:8080", "http://****@proxy.example.com:8080"),
        ("https_proxy", "user:sekret-1@proxy.example.com:99999", "http://****@proxy.example.com:99999"),
        ("ALL_PROXY", "http://proxy.example.com:port", "http://proxy.example.com:port"),
        ("ALL_PROXY", "http://", "http://"),
        ("http_proxy", "://", "://"),
    ],
)
async def test_an_invalid_proxy_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, shown: str
) -> None:
    without_proxies(monkeypatch)
    monkeypatch.setenv(variable, value)
    with pytest.raises(ReadError) as caught:
        async with HttpSession(Secrets()):
            pass
    assert str(caught.value).startswith(f"{variable} names the proxy “{shown}”, which is no address of one.")
    assert "ret-1" not in str(caught.value)


async def test_invalid_proxy_exceptions_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:8080")
    monkeypatch.setenv("NO_PROXY", "localhost,[::1")
    with pytest.raises(ReadError, match=r"^NO_PROXY can't be used"):
        async with HttpSession(Secrets()):
            pass


async def test_the_password_of_a_proxy_is_a_secret(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)
    async with LoopbackServer() as proxy:
        proxy.on("/x", Reply("no: sek/ret-1", 407))
        monkeypatch.setenv("HTTP_PROXY", proxy.url("/").replace("://", "://user:sek%2Fret-1@"))
        async with HttpSession(Secrets()) as session:
            bench.session = session
            with pytest.raises(RequestFailed) as caught:
                await bench.send({"type": "HttpRequester", "url": "http://api.example.com/x"})
    assert "answered 407" in str(caught.value)
    assert "ret-1" not in f"{caught.value} {caught.value.exchange} {caught.value.body}"


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
