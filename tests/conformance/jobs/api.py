"""An API of jobs. What becomes of a job is in the request that creates it.

The body of that request is JSON. Its `life` says how the API answers: the HTTP status of the creation, then what each
poll gives, a status of the job or, in digits, one of HTTP; the last for good. A semicolon begins the next job for the
same slice. All other values of the body tell slices apart, and are in the address of the result, which they filter.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from tests.conformance.api import CSV, ITEMS, JSON_LINES, XML
from tests.support.bodies import archive
from tests.support.server import Asked, LoopbackServer, Reply

USUAL = "201 running done"
TABLE = 'id\tname\tkind\n1\tZoë\tNULL\n2\t"a\tb"\tx\n3\tc\td\n'
QUOTED = 'id,name,note\n1,"a, b","two\nlines"\n2,"say ""yes""",\n3,, \n'
ABSENT = "id,name,note\n1,NA,\n2,null,N/A\n3,None,nan\n4,none,-\n"
PIECES = ("id,name\n1,a\n2,b\n", "id,name\n3,c\n")
ACCOUNTS = [
    {"id": 1, "kind": "a", "team": "x", "updated_at": "2024-01-02"},
    {"id": 2, "kind": "b", "team": "y", "updated_at": "2024-01-03"},
]


class JobsApi:
    """Creates, polls, aborts and deletes jobs, and serves their results in many forms."""

    def __init__(self, server: LoopbackServer) -> None:
        self._server = server
        self._created: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Forget all jobs."""
        self._server.asked = []
        self._created.clear()
        for path, answer in self._answers().items():
            self._server.on(path, *(answer if isinstance(answer, tuple) else (answer,)))

    def _answers(self) -> Mapping[str, Reply | Callable[[Asked], Reply] | tuple[Reply, ...]]:
        lines = JSON_LINES.encode()
        return {
            "/jobs": self._create,
            "/reports": self._create,
            "/file": self._file,
            "/table": Reply(TABLE.encode("cp1252")),
            "/csv": Reply(CSV),
            "/pieces/1": Reply(PIECES[0]),
            "/pieces/2": Reply(PIECES[1]),
            "/xml": Reply(XML, headers={"Content-Type": "application/xml"}),
            "/bom": Reply(("\ufeff" + CSV.replace("\n", "\r\n")).encode()),
            "/windows": Reply(CSV.replace("\n", "\r\n")),
            "/quoted": Reply(QUOTED),
            "/absent": Reply(ABSENT),
            "/encoded": Reply(gzip.compress(lines, mtime=0), headers={"Content-Encoding": "gzip"}),
            "/csv_gzip": Reply(gzip.compress(CSV.encode(), mtime=0), headers={"Content-Type": "application/gzip"}),
            "/csv_zip": Reply(archive({"items.csv": CSV.encode()})),
            "/json_zip": Reply(archive({"items.json": json.dumps({"items": ITEMS}).encode()})),
            "/json_gzip": Reply(gzip.compress(json.dumps({"items": ITEMS}).encode(), mtime=0)),
            "/spaced": Reply(JSON_LINES.replace("\n", "\n\n")),
            "/gzip": Reply(gzip.compress(lines, mtime=0)),
            "/zip": Reply(archive({"items.jsonl": lines})),
            "/empty": Reply(""),
            "/busy": (Reply({"error": "busy"}, 503), Reply(JSON_LINES)),
            "/files/1": Reply(JSON_LINES),
            "/files/2": Reply(JSON_LINES),
            "/accounts": Reply({"items": ACCOUNTS}),
            "/columns": Reply({"columns": [{"name": "id", "kind": "integer"}, {"name": "tags", "kind": "array"}]}),
            "/oauth/token": Reply({"access_token": "access-1", "expires_in": 3600, "token_type": "Bearer"}),
            "/login": Reply({"token": "session-1"}),
        }

    def _create(self, asked: Asked) -> Reply:
        wanted = asked.json if asked.body else {key: values[-1] for key, values in asked.query.items()}
        lives = str(wanted.pop("life", USUAL)).split(";")
        # The id says what the job is for: which of several is the first to be created is by chance.
        slice_ = "-".join(re.findall(r"\w+", " ".join(map(str, wanted.values())))) or "all"
        before = self._created[slice_]
        self._created[slice_] += 1
        status, *polls = lives[min(before, len(lives) - 1)].split()
        if status != "201":
            return Reply({"error": "refused"}, int(status), {"Retry-After": "2"})
        name = f"{slice_}-{before + 1}"
        self._server.on(f"/jobs/{name}", *(self._poll(name, wanted, said) for said in polls))
        for verb in ("abort", "delete"):
            self._server.on(f"/jobs/{name}/{verb}", Reply({"id": name}))
        files = Reply({"files": self._urls(wanted), "items": [{"id": "1"}, {"id": "2"}]})
        self._server.on(f"/jobs/{name}/files", files)
        self._server.on(f"/exports/{name}/files", files)
        self._server.on(f"/queries/{name}/results", self._page)
        place = self._server.url(f"/jobs/{name}")
        return Reply({"id": name, "kinds": ["a", "b"], "place": place}, 201, {"Location": place})

    def _poll(self, name: str, wanted: Mapping[str, Any], said: str) -> Reply:
        if said.isdigit():
            return Reply({"error": "busy", "status": "running"}, int(said))
        return Reply(dict(self._job(name, wanted, said)), headers={"X-Part": "1"})

    def _job(self, name: str, wanted: Mapping[str, Any], said: str) -> Iterator[tuple[str, Any]]:
        over = said not in ("running", "queued")
        yield from {"id": name, "status": said, "job": {"state": said}, "jobs": [{"state": said}]}.items()
        yield from {"over": over, "percent": 100 if over else 50, "error": None}.items()
        if over:
            yield from {"url": self._url(wanted), "urls": self._urls(wanted), "none": None, "nothing": []}.items()
            yield "ended", "yes"
            for path in self._answers():
                yield f"{path[1:]}_url", self._server.url(path)
            yield "lost_url", self._server.url("/lost")
            yield "pieces", [{"url": self._server.url(f"/pieces/{number}")} for number in (1, 2)]

    def _urls(self, wanted: Mapping[str, Any]) -> list[str]:
        return [self._url({**wanted, "part": part}) for part in (1, 2)]

    def _url(self, wanted: Mapping[str, Any]) -> str:
        return self._server.url("/file?" + urlencode(wanted))

    @staticmethod
    def _page(asked: Asked) -> Reply:
        """A page of four items; where the next one begins is in the body, and in a header."""
        start = int(asked.query.get("pageToken", ["0"])[-1])
        page, following = ITEMS[start : start + 4], str(start + 4)
        if start + 4 >= len(ITEMS):
            return Reply({"items": page})
        return Reply({"items": page, "pageToken": following}, headers={"X-Next-Page": following})

    @staticmethod
    def _file(asked: Asked) -> Reply:
        query = {name: values[-1] for name, values in asked.query.items()}
        items = [item for item in ITEMS if query.get("kind", item["kind"]) == item["kind"]]
        items = [one for one in items if query.get("since", "") <= one["updated_at"] <= query.get("until", "9")]
        if "part" in query:
            items = items[int(query["part"]) - 1 :: 2]
        if "size" in query:
            size, page = int(query["size"]), int(query.get("page", "1"))
            items = items[(page - 1) * size : page * size]
        return Reply({"items": items}) if "as" in query else Reply("".join(json.dumps(one) + "\n" for one in items))
