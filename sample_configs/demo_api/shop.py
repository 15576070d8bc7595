"""A made-up shop: orders by cursor, stores by page number and a store's products by offset; no jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sample_configs.demo_api.data import Data
from sample_configs.demo_api.exchange import ApiError, Request, Response, json_response
from sample_configs.demo_api.routing import Api, Backend

T = TypeVar("T")

KEY = "demo-shop-key"
STORES = ["Berlin", "Lyon", "Porto", "Turin", "Online"]
EMPTY_STORE = "5"
"""This store has no product list: its address answers 404."""
PRODUCTS = 25
MAX_LIMIT = 250


def _error(status: int, message: str) -> Response:
    return json_response({"error": {"code": status, "message": message}}, status)


def _authenticate(_backend: Backend, request: Request) -> None:
    if request.header("X-Api-Key") != KEY:
        raise ApiError(401, "the header X-Api-Key holds no valid key")


def _inputs(url: str) -> dict[str, Any]:
    return {"orders_paginated": {"api_url": url, "api_key": KEY, "start_date": "2024-01-01T00:00:00Z"}}


API = Api("shop", _error, _authenticate, _inputs)


@API.route("GET", "/shop/v1/orders")
def orders(backend: Backend, request: Request) -> Response:
    """Orders by the time of their last change, both bounds included; a cursor leads to the next page."""
    data, limit = backend.data, _number(request, "limit", 100)
    found = data.between(
        _moment(request, "updated_from", datetime(1970, 1, 1, tzinfo=UTC)),
        _moment(request, "updated_to", datetime(2100, 1, 1, tzinfo=UTC)),
    )
    cursor = request.query.get("cursor", "")
    if cursor and not cursor.removeprefix("after-").isdecimal():
        raise ApiError(400, "cursor is not one that was handed out")
    first = int(cursor.removeprefix("after-") or 0)
    page = found[first : first + limit]
    more = first + limit < len(found)
    paging = {"next_cursor": f"after-{first + limit}"} if more else {}
    return json_response({"data": [_order(data, index) for index in page], "paging": paging})


@API.route("GET", "/shop/v1/stores")
def stores(_backend: Backend, request: Request) -> Response:
    """Stores, page 1 first."""
    page, size = _number(request, "page", 1), _number(request, "per_page", 2)
    found = [{"id": number, "city": city} for number, city in enumerate(STORES, 1)]
    return json_response(found[(page - 1) * size : page * size])


@API.route("GET", "/shop/v1/stores/{store_id}/products")
def products(backend: Backend, request: Request, store_id: str) -> Response:
    """The products of one store by offset."""
    known = store_id.isdecimal() and 1 <= int(store_id) <= len(STORES)
    if not known or store_id == EMPTY_STORE:
        raise ApiError(404, f"store {store_id} has no products")
    offset, limit = _number(request, "offset", 0), _number(request, "limit", 10)
    first = (int(store_id) - 1) * PRODUCTS
    found = [_product(backend.data, index) for index in range(first, first + PRODUCTS)]
    return json_response({"products": found[offset : offset + limit], "total": PRODUCTS})


def _number(request: Request, name: str, default: int) -> int:
    return _parsed(request, name, default, lambda text: min(MAX_LIMIT, _natural(text)))


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def _moment(request: Request, name: str, default: datetime) -> datetime:
    return _parsed(request, name, default, lambda text: datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z"))


def _parsed(request: Request, name: str, default: T, parse: Callable[[str], T]) -> T:
    text = request.query.get(name)
    if text is None:
        return default
    try:
        return parse(text)
    except ValueError:
        raise ApiError(400, f"{name} cannot be understood: {text}") from None


def _order(data: Data, index: int) -> dict[str, Any]:
    person = data.person(index)
    return {
        "id": 1000 + index,
        "store_id": index % len(STORES) + 1,
        "total": data.cents(index) / 100,
        "customer": {
            "name": f"{person.first} {person.last}",
            "email": person.email,
            "country": person.country,
        },
        "updated_at": f"{data.moment(index):%Y-%m-%dT%H:%M:%SZ}",
    }


def _product(data: Data, index: int) -> dict[str, Any]:
    title, maker = data.product(index)
    return {"sku": f"P-{index + 1:05d}", "title": title, "maker": maker, "price": data.cents(index) / 100}
