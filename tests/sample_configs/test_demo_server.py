"""What all APIs of the demo share: HTTP manners, downloads, rate limits, misbehaviour on command."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import time
import zlib

import httpx
import pytest

from sample_configs.demo_api import DemoApi, Fault
from sample_configs.demo_api.data import START, Data
from sample_configs.demo_api.sendgrid import GZIP_KEY, KEY

EXPORTS = "/v3/marketing/contacts/exports"
AUTH = {"Authorization": f"Bearer {KEY}"}


def export_link(http: httpx.Client, key: str = KEY) -> str:
    headers = {"Authorization": f"Bearer {key}"}
    job = http.post(EXPORTS, headers=headers).json()["id"]
    return str(http.get(f"{EXPORTS}/{job}", headers=headers).json()["urls"][0])


def status_of_new_job(http: httpx.Client) -> str:
    job = http.post(EXPORTS, headers=AUTH).json()["id"]
    return str(http.get(f"{EXPORTS}/{job}", headers=AUTH).json()["status"])


def test_requests_are_logged_with_what_was_sent_and_answered(api: DemoApi, http: httpx.Client) -> None:
    http.post(EXPORTS, json={"file_type": "csv"}, headers=AUTH)
    http.get("/nowhere?a=1")
    first, second = api.requests
    assert (first.method, first.path, first.status) == ("POST", EXPORTS, 202)
    assert first.headers["Authorization"] == AUTH["Authorization"]
    assert first.body == b'{"file_type":"csv"}'
    assert (second.query, second.status) == ({"a": "1"}, 404)


def test_a_connection_serves_many_requests(http: httpx.Client) -> None:
    host, port = http.base_url.host, http.base_url.port
    with socket.create_connection((host, port)) as connection, connection.makefile("rb") as answer:
        for _ in range(3):
            connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: demo\r\n\r\n")
            assert answer.readline() == b"HTTP/1.1 404 Not Found\r\n"
            length = 0
            while (line := answer.readline()) != b"\r\n":
                if line.startswith(b"Content-Length"):
                    length = int(line.split()[1])
            answer.read(length)


def test_a_wrong_method_and_a_wrong_body_are_refused(http: httpx.Client) -> None:
    answer = http.put(EXPORTS, headers=AUTH)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert http.post(EXPORTS, content=b"{", headers=AUTH).status_code == 400
    assert http.post(EXPORTS, json=[1], headers=AUTH).status_code == 400


def test_too_many_requests_are_told_when_to_come_back(api: DemoApi, http: httpx.Client) -> None:
    api.limit("sendgrid", calls=2, seconds=60)
    answers = [http.post(EXPORTS, headers=AUTH) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert 50 <= int(answers[-1].headers["Retry-After"]) <= 60


class TestDownloads:
    def test_a_part_can_be_asked_for(self, http: httpx.Client) -> None:
        link = export_link(http)
        whole = http.get(link)
        assert whole.headers["Accept-Ranges"] == "bytes"
        for wanted, expected in [
            ("bytes=100-", whole.content[100:]),
            ("bytes=5-9", whole.content[5:10]),
            ("bytes=-7", whole.content[-7:]),
        ]:
            part = http.get(link, headers={"Range": wanted, "If-Range": whole.headers["ETag"]})
            assert (part.status_code, part.content) == (206, expected)
        size = len(whole.content)
        last = http.get(link, headers={"Range": f"bytes={size - 1}-"})
        assert last.headers["Content-Range"] == f"bytes {size - 1}-{size - 1}/{size}"

    def test_a_part_of_another_version_is_the_whole_file(self, http: httpx.Client) -> None:
        link = export_link(http)
        answer = http.get(link, headers={"Range": "bytes=100-", "If-Range": '"another"'})
        assert answer.status_code == 200
        assert answer.content == http.get(link).content

    def test_a_part_beyond_the_end_is_refused(self, http: httpx.Client) -> None:
        link = export_link(http)
        size = len(http.get(link).content)
        answer = http.get(link, headers={"Range": f"bytes={size}-"})
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{size}")

    def test_a_link_expires_and_the_next_poll_gives_a_new_one(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(method="GET", path=f"{EXPORTS}/*", link_seconds=-1))
        expired = http.get(export_link(http))
        assert expired.status_code == 403
        assert "Request has expired" in expired.text
        assert http.get(export_link(http)).status_code == 200


class TestFaults:
    def test_a_status_comes_as_often_as_asked_for(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(method="POST", path="/v3/*", status=500, body="broken", times=2))
        answers = [http.post(EXPORTS, headers=AUTH) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [500, 500, 202]
        assert answers[0].text == "broken"

    def test_headers_go_with_a_status(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(status=429, headers={"Retry-After": "7"}))
        assert http.get("/nothing").headers["Retry-After"] == "7"

    def test_a_page_of_html_can_stand_in_for_data(self, api: DemoApi, http: httpx.Client) -> None:
        page = Fault(path="/files/*", status=200, body="<html>", headers={"Content-Type": "text/html"})
        api.misbehave(page)
        answer = http.get(export_link(http))
        assert (answer.headers["Content-Type"], answer.text) == ("text/html", "<html>")

    def test_other_requests_do_not_suffer(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(method="GET", path="/v3/*", status=500, times=None))
        assert http.post(EXPORTS, headers=AUTH).status_code == 202

    def test_all_is_well_again_when_faults_are_forgotten(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(status=500, times=None))
        assert http.post(EXPORTS, headers=AUTH).status_code == 500
        api.behave()
        assert http.post(EXPORTS, headers=AUTH).status_code == 202

    @pytest.mark.parametrize("status", ["failed", "paused"])
    def test_a_job_ends_as_told(self, status: str, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(method="POST", job_status=status))
        assert status_of_new_job(http) == status
        assert status_of_new_job(http) == "ready"

    def test_a_job_never_ends(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(method="POST", job_never_ends=True))
        assert status_of_new_job(http) == "pending"

    def test_a_body_breaks_off(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(path="/files/*", cut_after=1000))
        with http.stream("GET", export_link(http)) as answer:
            assert int(answer.headers["Content-Length"]) > 1000
            with pytest.raises(httpx.RemoteProtocolError):
                answer.read()
        assert answer.num_bytes_downloaded == 1000

    def test_a_gzip_file_ends_too_early(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(path="/files/*", truncate_after=500))
        packed = http.get(export_link(http, GZIP_KEY)).content
        assert len(packed) == 500
        with pytest.raises((EOFError, zlib.error)):
            gzip.decompress(packed)

    def test_a_connection_is_dropped_before_the_answer(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(drop=True))
        with pytest.raises(httpx.RemoteProtocolError):
            http.post(EXPORTS, headers=AUTH)
        assert api.requests[-1].status is None

    def test_an_answer_is_delayed(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(delay=0.2))
        started = time.monotonic()
        http.get("/nothing")
        assert time.monotonic() - started >= 0.2

    def test_closing_does_not_wait_for_a_delayed_answer(self) -> None:
        with DemoApi() as api:
            api.misbehave(Fault(delay=60))
            host, _, port = api.url.removeprefix("http://").partition(":")
            connection = socket.create_connection((host, int(port)))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: demo\r\n\r\n")
            started = time.monotonic()
        connection.close()
        assert time.monotonic() - started < 10

    def test_faults_are_given_and_taken_back_over_http(self, api: DemoApi, http: httpx.Client) -> None:
        assert http.post("/_demo/faults", json={"status": 503, "times": None}).status_code == 204
        assert http.get("/nothing").status_code == 503
        assert http.delete("/_demo/faults").status_code == 204
        assert http.get("/nothing").status_code == 404
        assert [request.status for request in api.requests] == [503, 404]

    def test_a_fault_that_makes_no_sense_is_refused(self, http: httpx.Client) -> None:
        answer = http.post("/_demo/faults", json={"satus": 500})
        assert answer.status_code == 400
        assert "satus" in answer.text


def test_records_between_two_moments_are_found_by_arithmetic() -> None:
    data = Data(rows=97, seed=1)
    moments = [data.moment(index) for index in range(97)]
    for start in moments[::7]:
        for end in moments[::5]:
            found = [index for index, moment in enumerate(moments) if start <= moment <= end]
            assert list(data.between(start, end)) == found
    assert moments[0] == START


def test_the_command_prints_its_address_and_the_inputs_of_the_samples() -> None:
    command = [sys.executable, "-m", "sample_configs.demo_api", "--pace", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[5]
        assert httpx.get(f"{url}/nothing").status_code == 404
        process.terminate()


def test_the_command_says_so_when_its_port_is_taken(api: DemoApi) -> None:
    command = [sys.executable, "-m", "sample_configs.demo_api", "--port", api.url.rpartition(":")[2]]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert "cannot listen on port" in outcome.stderr
    assert "Traceback" not in outcome.stderr
