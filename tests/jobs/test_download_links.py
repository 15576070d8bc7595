"""The request that turns a download target into a link, sent for each target right before its download."""

from __future__ import annotations

from core.events import Outcome
from core.http.exchange import Role
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import read_all
from tests.support.server import Asked, LoopbackServer, Reply


def with_links(server: LoopbackServer, path: str = "[link]", decoder: str = "") -> str:
    return manifest(
        server,
        target="[chunks, '*', id]",
        retriever=f"""
download_link_requester: {{type: HttpRequester, url: "{server.url("/chunks/{{ download_target }}")}"}}
download_link_extractor: {{type: DpathExtractor, field_path: {path}}}
{decoder}
""",
    ).replace('{{ download_target }}"}\n      record', '{{ download_link }}"}\n      record')


def serve_chunks(server: LoopbackServer, *chunks: int) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", "chunks": [{"id": chunk} for chunk in chunks]}))
    for chunk in chunks:
        server.on(f"/chunks/{chunk}", Reply({"link": server.url(f"/files/{chunk}"), "rows": 1}))
        server.on(f"/files/{chunk}", Reply([{"chunk": chunk}]))


async def test_each_target_is_downloaded_from_its_own_link(server: LoopbackServer) -> None:
    serve_chunks(server, 0, 1, 2)

    told = await read_all(with_links(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["chunk"] for record in told.records) == [0, 1, 2]
    assert (told.asked(Role.LINK), told.asked(Role.DOWNLOAD)) == (3, 3)


async def test_a_link_is_asked_for_when_its_download_has_its_turn(server: LoopbackServer) -> None:
    serve_chunks(server, *range(20))

    await read_all(with_links(server))

    downloaded: set[str] = set()
    ahead = 0
    for asked in server.asked:
        if asked.path.startswith("/files/"):
            downloaded.add(asked.path)
        elif asked.path.startswith("/chunks/"):
            ahead = max(ahead, len(server.to(asked.path)) + int(asked.path[8:]) - len(downloaded))
    assert ahead <= 16  # of 20: no more than the downloads that run side by side, and those that have just ended


async def test_an_expired_link_is_asked_for_again_for_its_target_only(server: LoopbackServer) -> None:
    serve_chunks(server, 0, 1)
    server.on("/files/1", Reply("<Error>Request has expired</Error>", 403), Reply([{"chunk": 1}]))

    told = await read_all(with_links(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["chunk"] for record in told.records) == [0, 1]
    assert [len(server.to(path)) for path in ("/chunks/0", "/chunks/1", "/jobs/j1", "/jobs")] == [1, 2, 1, 1]
    assert "asking for a fresh link" in told.logs


async def test_a_link_may_expire_again_while_it_waits_for_its_turn(server: LoopbackServer) -> None:
    serve_chunks(server, 0)
    expired = [Reply("expired", 403) for _ in range(3)]
    server.on("/files/0", *expired, Reply([{"chunk": 0}]))

    told = await read_all(with_links(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"chunk": 0}]
    assert [len(server.to(path)) for path in ("/chunks/0", "/jobs")] == [4, 1]


async def test_a_link_that_expires_during_the_download_is_renewed(server: LoopbackServer) -> None:
    serve_chunks(server, 0)
    rows = [{"chunk": number} for number in range(2_000)]
    whole = Reply(rows)
    body = whole.raw()
    tail = Reply(
        body[5_000:],
        206,
        headers={"Content-Range": f"bytes 5000-{len(body) - 1}/{len(body)}", "ETag": '"e"'},
    )
    cut = Reply(rows, headers={"Accept-Ranges": "bytes", "ETag": '"e"'}, cut=5_000)
    server.on("/files/0", cut, Reply("expired", 403), lambda asked: tail if "range" in asked.headers else whole)

    told = await read_all(with_links(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == rows
    assert len(server.to("/chunks/0")) == 2


async def test_an_answer_without_a_link_names_the_request_and_the_place(server: LoopbackServer) -> None:
    serve_chunks(server, 0)
    server.on("/chunks/0", Reply({"link": None}))

    told = await read_all(with_links(server))

    assert told.outcome is Outcome.FAILED
    assert "There is no download link at `link` in the answer to GET" in told.errors
    assert "/chunks/0: `link` is null" in told.errors


async def test_an_answer_without_a_link_can_mean_that_there_is_no_data(server: LoopbackServer) -> None:
    serve_chunks(server, 0, 1)
    server.on("/chunks/0", Reply({"link": []}))

    told = await read_all(with_links(server, decoder="on_no_target: empty"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"chunk": 1}]
    assert "`link` is an empty list. The download target has no data." in told.logs


async def test_several_links_to_one_target_are_all_downloaded(server: LoopbackServer) -> None:
    serve_chunks(server, 0, 1)
    server.on("/chunks/0", Reply({"link": [server.url("/files/0"), server.url("/files/0b")]}))
    server.on("/files/0b", Reply("<Error>Request has expired</Error>", 403), Reply([{"chunk": 2}]))

    told = await read_all(with_links(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["chunk"] for record in told.records) == [0, 1, 2]
    assert [len(server.to(path)) for path in ("/chunks/0", "/chunks/1", "/files/0", "/files/0b")] == [2, 1, 1, 2]


async def test_only_the_first_file_of_all_links_and_targets_has_the_header(server: LoopbackServer) -> None:
    serve_chunks(server, 0, 1)
    server.on("/chunks/0", Reply({"link": [server.url("/files/0"), server.url("/files/0b")]}))
    server.on("/files/0", Reply("n\n1\n"))
    server.on("/files/0b", Reply("2\n"))
    server.on("/files/1", Reply("3\n"))

    told = await read_all(with_links(server, decoder="download_decoder: {type: CsvDecoder, first_header_holds: true}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["n"] for record in told.records) == ["1", "2", "3"]


async def test_the_first_file_that_is_there_has_the_header(server: LoopbackServer) -> None:
    serve_chunks(server, 0, 1, 2)
    server.on("/chunks/0", Reply({"link": []}))
    server.on("/files/1", Reply("n\n1\n"))
    server.on("/files/2", Reply("2\n"))
    options = "on_no_target: empty\ndownload_decoder: {type: CsvDecoder, first_header_holds: true}"

    told = await read_all(with_links(server, decoder=options))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["n"] for record in told.records) == ["1", "2"]


async def test_a_link_that_is_gone_when_fresh_ones_are_asked_for_is_an_error(server: LoopbackServer) -> None:
    serve_chunks(server, 0)
    links = [server.url("/files/0"), server.url("/files/0b")]
    server.on("/chunks/0", Reply({"link": links}), Reply({"link": links[:1]}))
    server.on("/files/0b", Reply("expired", 403))

    told = await read_all(with_links(server))

    assert told.outcome is Outcome.FAILED
    assert "had a link number 2, and has 1 now that fresh ones were requested" in told.errors


async def test_the_download_sees_the_whole_answer_with_the_link(server: LoopbackServer) -> None:
    serve_chunks(server, 0)
    text = with_links(server).replace(
        "{{ download_link }}", "{{ download_link }}?rows={{ download_link_response.rows }}"
    )

    told = await read_all(text)

    assert told.records == [{"chunk": 0}]
    assert server.to("/files/0")[0].query == {"rows": ["1"]}

    missing = await read_all(text.replace("_response.rows", "_response.count"))

    assert "`download_requester` needs `download_link_response.count`" in missing.errors


async def test_without_targets_of_its_own_a_job_has_one_link(server: LoopbackServer) -> None:
    serve_job(server, "done")

    def link(asked: Asked) -> Reply:
        return Reply({"link": server.url("/result")})

    server.on("/chunks/", link)

    told = await read_all(with_links(server).replace("download_target_extractor", "x_unused"))

    assert told.records == [{"n": 1}, {"n": 2}]
    assert (told.asked(Role.LINK), told.asked(Role.DOWNLOAD)) == (1, 1)
