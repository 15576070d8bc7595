"""A made-up CRM in which people make tables of their own: it tells which there are, and gives their rows in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.routing import Api, Backend

TOKEN = "demo-crm-token"
ROWS = 40
PAGE = 25
"""Rows of a page at most."""


def _contact(data: Data, index: int) -> dict[str, Any]:
    person = data.person(index)
    return {"email": person.email, "first_name": person.first, "last_name": person.last, "country": person.country}


def _deal(data: Data, index: int) -> dict[str, Any]:
    return {"deal_id": 500 + index, "amount": data.cents(index) / 100, "closed": index % 3 == 0}


def _visit(data: Data, index: int) -> dict[str, Any]:
    return {"visit": f"V-{index:04d}", "at": f"{data.moment(index):%Y-%m-%dT%H:%M:%SZ}"}


_TEXT, _NUMBER = {"type": ["string", "null"]}, {"type": ["number", "null"]}
TABLES: dict[str, tuple[Callable[[Data, int], dict[str, Any]], str, dict[str, Any]]] = {
    "contacts": (_contact, "email", dict.fromkeys(("email", "first_name", "last_name", "country"), _TEXT)),
    "deals": (_deal, "deal_id", {"deal_id": _NUMBER, "amount": _NUMBER, "closed": {"type": ["boolean", "null"]}}),
    "visits": (_visit, "visit", {"visit": _TEXT, "at": _TEXT}),
}
"""Of each table: what makes a row, the key, and the fields."""


def _error(status: int, message: str) -> Response:
    return json_response({"message": message}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.header("Authorization") != f"Bearer {TOKEN}":
        raise ApiError(401, "the access token is not valid")


def _inputs(url: str) -> dict[str, Any]:
    return {"crm_tables": {"api_url": url, "access_token": TOKEN}}


API = Api("crm", _error, _authenticate, _inputs)


@API.route("GET", "/crm/v1/users")
def users(backend: Backend, _request: Request) -> Response:
    """Who works with the CRM."""
    people = [backend.data.person(index) for index in range(5)]
    return json_response({"users": [{"id": number, "email": one.email} for number, one in enumerate(people, 1)]})


@API.route("GET", "/crm/v1/tables")
def tables(_backend: Backend, _request: Request) -> Response:
    """The tables, with their keys and fields."""
    found = [{"name": name, "key": key, "fields": fields} for name, (_, key, fields) in TABLES.items()]
    return json_response({"tables": found})


@API.route("GET", "/crm/v1/tables/{table}/rows")
def rows(backend: Backend, request: Request, table: str) -> Response:
    """The rows of a table by offset."""
    if table not in TABLES:
        raise ApiError(404, f"there is no table {table}")
    texts = request.query.get("offset", "0"), request.query.get("limit", str(PAGE))
    if not all(text.isdecimal() for text in texts):
        raise ApiError(400, "offset and limit are numbers")
    offset, limit = map(int, texts)
    last = min(ROWS, offset + min(limit, PAGE))
    return json_response({"rows": [TABLES[table][0](backend.data, index) for index in range(offset, last)]})
