"""The API that the examples of the reference read from. It answers the same requests with the same answers.

What an example needs that is not here yet is one more row in `_fixed`, or one more method beside `_items`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

from tests.support.archives import tar, xlsx
from tests.support.bodies import archive
from tests.support.server import Asked, LoopbackServer, Reply

ITEMS: list[dict[str, Any]] = [
    {
        "id": number,
        "name": f"item {number}",
        "kind": "ab"[number % 2],
        "updated_at": f"2024-01-0{number}",
        "price": f"{number}.50",
        "owner": {"name": f"owner {number % 3}", "mail": "o@example.com"},
        "tags": ["x", "y"],
        "notes": [{"text": f"note {note} of {number}"} for note in range(number % 3)],
        "List_Name": "l",
    }
    for number in range(1, 7)
]
COLUMNS = ("id", "name", "kind")
ROWS = [[item[column] for column in COLUMNS] for item in ITEMS]
CSV = "\n".join([",".join(COLUMNS), *(",".join(map(str, row)) for row in ROWS)]) + "\n"
XML = "<items>" + "".join(f"<item><id>{row[0]}</id><name>{row[1]}</name></item>" for row in ROWS) + "</items>"
JSON_LINES = "".join(json.dumps(item) + "\n" for item in ITEMS)


class ExampleApi:
    """Serves the items in all the ways that the examples ask for."""

    def __init__(self, server: LoopbackServer) -> None:
        self._server = server
        self._polls = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything, as before the first request."""
        self._server.asked = []
        self._polls = 0
        for path, answer in self._fixed().items():
            self._server.on(path, answer if isinstance(answer, Reply) else Reply(answer))
        for path, serve in self._served().items():
            self._server.on(path, serve)
        self._server.on("/flaky", self._busy(), Reply({"items": ITEMS}))
        self._server.on("/sleepy", Reply({"busy": True}), Reply({"items": ITEMS}))
        for item in ITEMS:
            self._server.on(f"/items/{item['id']}/notes", Reply({"notes": item["notes"]}))

    def _fixed(self) -> dict[str, Any]:
        csv = CSV.encode()
        return {
            "/items.csv": Reply(CSV, headers={"Content-Type": "text/csv; charset=utf-8"}),
            "/items.csv.gz": gzip.compress(csv, mtime=0),
            "/items.zip": archive({"items.csv": csv}),
            "/items.tar": tar({"items.csv": csv, "readme.txt": b"-"}),
            "/items.xlsx": xlsx({"items": [COLUMNS, *ROWS]}),
            "/items.jsonl": JSON_LINES,
            "/items.txt": "one\ntwo\n",
            "/items.xml": Reply(XML, headers={"Content-Type": "application/xml"}),
            "/tables": {"tables": [{"name": f"items_{kind}", "kind": kind} for kind in "ab"]},
            "/keyed": {str(item["id"]): {"name": item["name"]} for item in ITEMS},
            "/documents": {"documents": [{**ITEMS[0], "name": "a.txt", "link": self._server.url("/documents/a")}]},
            "/documents/a": Reply("text", headers={"Content-Type": "text/plain"}),
            "/camel": {"items": [{"id": 1, "firstName": "a", "HTTPCode": 2}]},
            "/lists": {"first": [{"a": 1}, {"a": 2}], "second": [{"b": 1}, {"b": 2}]},
            "/table": {"columns": list(COLUMNS), "rows": ROWS},
            "/columns": {"columns": [{"name": "id", "kind": "int"}, {"name": "tags", "kind": "list"}]},
            "/properties": {"properties": [{"name": name} for name in ("id", "kind", "price")]},
            "/graphql": {"data": {"items": ITEMS[:2]}},
            "/oauth/token": {"access_token": "access-1", "expires_in": 3600, "token_type": "Bearer"},
            "/login": {"token": "session-1"},
            "/session": {"user": "u"},
            "/rate_limit": {"core": {"remaining": 5000, "reset": 4102444800}},
        }

    def _served(self) -> dict[str, Callable[[Asked], Reply]]:
        return {
            "/items": self._items,
            "/search": self._search,
            "/narrow": lambda asked: self._items(asked, widest=2),
            "/short": self._short,
            "/deep": self._items,
            "/jobs": self._create,
            "/jobs/j1": self._poll,
        }

    @staticmethod
    def _busy() -> Reply:
        headers = {"X-Wait": "0.1", "X-Until": "1"}
        return Reply({"error": "busy", "wait": 0.1}, 503, headers)

    def _items(self, asked: Asked, widest: int = 100) -> Reply:
        query = {name: values[-1] for name, values in asked.query.items()}
        found = [item for item in ITEMS if _wanted(item, query)]
        size = int(query.get("limit", 100))
        if size > widest:
            return Reply({"error": "too many"}, 413)
        start = int(query.get("offset", 0)) or int(query.get("cursor", 0)) or (int(query.get("page", 1)) - 1) * size
        page = found[start : start + size]
        more = start + size < len(found)
        next_url = self._server.url(f"/items?cursor={start + size}&limit={size}") if more else None
        if "fields" in query:
            page = [{name: item[name] for name in query["fields"].split(",") if name in item} for item in page]
        return Reply({"items": page, "next": str(start + size) if more else None, "next_url": next_url})

    def _search(self, asked: Asked) -> Reply:
        body = asked.body.decode()
        kind = json.loads(body)["kind"] if body.startswith("{") else body.partition("=")[2]
        return Reply({"items": [item for item in ITEMS if item["kind"] == kind]})

    def _short(self, asked: Asked) -> Reply:
        since, until = (asked.query[name][0] for name in ("since", "until"))
        if int(until[-2:]) - int(since[-2:]) > 2:
            return Reply({"error": "too much"}, 413)
        return self._items(asked)

    def _create(self, _asked: Asked) -> Reply:
        self._polls = 0
        return Reply({"id": "j1"}, 201)

    def _poll(self, _asked: Asked) -> Reply:
        self._polls += 1
        return Reply({"status": "running" if self._polls == 1 else "done", "url": self._server.url("/items.csv")})


def _wanted(item: dict[str, Any], query: dict[str, str]) -> bool:
    if "ids" in query and str(item["id"]) not in query["ids"].split(","):
        return False
    day: str = item["updated_at"]
    return bool(
        query.get("kind", item["kind"]) == item["kind"]
        and query.get("since", day) <= day <= query.get("until", day)
        and int(item["id"]) > int(query.get("after", 0))
    )
