"""Values that stand in for secrets: a case says of what kind each was, so that what is done with it works as before."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

from core.cases.case import CaseError
from core.http.encodings import SHORTEST
from core.http.secrets import MASK, Secrets
from core.inputs import secret_values, with_secrets
from core.inputs.specification import GatheredInputs

MARK = "_secret"
"""The key of the object that stands for a secret in the inputs of a case; its value says of what kind that was."""
_LEVELS = 20


def without_secrets(specification: Mapping[str, Any], config: Mapping[str, Any], secrets: Secrets) -> dict[str, Any]:
    """The inputs with a mark in place of each secret. Raises `CaseError`."""
    kinds: list[Any] = []

    def note(value: str) -> str:
        kinds.append(_kind(value, secrets))
        return f"\0{len(kinds) - 1}"

    for value in secret_values(specification, config):
        if 0 < len(value.strip()) < SHORTEST:
            raise CaseError(
                f"This can't be kept as a case: a secret among the inputs is shorter than {SHORTEST} characters, so it "
                "can't be found wherever it is in the requests and answers. Test with a longer one."
            )
        secrets.add(value)
    noted = with_secrets(specification, config, note)
    return {name: _marked(value, kinds, secrets) for name, value in noted.items()}


def with_stand_ins(inputs: Mapping[str, Any]) -> GatheredInputs:
    """The inputs of a case, with a value that stands in for each secret."""
    numbers = count(1)
    made: list[str] = []
    config = GatheredInputs({name: _filled(value, numbers, made) for name, value in inputs.items()})
    config.secrets = made
    return config


def stand_in(number: int) -> str:
    """A text in place of a secret: letters and digits, and base64 of a text, which some APIs want keys to be."""
    return base64.b64encode(f"stand-in {number:03}".encode()).decode()


def _marked(value: Any, kinds: list[Any], secrets: Secrets) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _marked(item, kinds, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, kinds, secrets) for item in value]
    if isinstance(value, str):
        return {MARK: kinds[int(value[1:])]} if value.startswith("\0") else secrets.mask(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and secrets.mask(str(value)) == MASK:
        return {MARK: "number"}
    return value


def _kind(value: str, secrets: Secrets, levels: int = _LEVELS) -> Any:
    """What a secret is: `text`, a private key, or an object of JSON with secrets in it."""
    text = value.strip()
    if text.startswith("{") and levels:
        with suppress(ValueError, RecursionError):
            fields = json.loads(text)
            return {"json": {str(key): _inner(item, secrets, levels) for key, item in fields.items()}}
    return _kind_of_key(text) if text.startswith("-----BEGIN") else "text"


def _inner(value: Any, secrets: Secrets, levels: int) -> Any:
    """The same for a field of an object that is secret as a whole; addresses in it are none."""
    if not isinstance(value, str):
        return None
    if value.startswith("https://") and secrets.mask(value) == value:
        return {"address": value}
    return _kind(value, secrets, levels - 1)


def _kind_of_key(text: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    with suppress(Exception):  # it may be anything, or locked
        key = load_pem_private_key(text.replace("\\n", "\n").encode(), None)
        if isinstance(key, rsa.RSAPrivateKey):
            return "rsa key"
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return f"{key.curve.name} key"
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return "ed25519 key"
    return "text"


def _filled(value: Any, numbers: Iterator[int], made: list[str]) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {MARK}:
            return _made(value[MARK], numbers, made)
        return {key: _filled(item, numbers, made) for key, item in value.items()}
    return [_filled(item, numbers, made) for item in value] if isinstance(value, list) else value


def _made(kind: Any, numbers: Iterator[int], made: list[str]) -> Any:
    if kind == "number":
        return 10_000_000 + next(numbers)
    if isinstance(kind, Mapping) and "address" in kind:
        return kind["address"]
    if isinstance(kind, Mapping) and isinstance(kind.get("json"), Mapping):
        text = json.dumps({name: _made(one, numbers, made) for name, one in kind["json"].items() if one is not None})
    elif isinstance(kind, str) and kind.endswith(" key"):
        text = _key(kind.removesuffix(" key"))
    else:
        text = stand_in(next(numbers))
    made.append(text)
    return text


def _key(name: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    curves: dict[str, type[Any]] = {"secp384r1": ec.SECP384R1, "secp521r1": ec.SECP521R1, "secp256k1": ec.SECP256K1}
    private: Any
    if name == "rsa":
        private = rsa.generate_private_key(65537, 2048)
    elif name == "ed25519":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = ec.generate_private_key(curves.get(name, ec.SECP256R1)())
    encoded: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return encoded.decode()
