"""What makes each of the waiting APIs of the demo different, as a client sees it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest

from sample_configs.demo_api import DemoApi, Fault


@pytest.fixture
def redirected(api: DemoApi) -> Iterator[httpx.Client]:
    """A client that follows redirects."""
    with httpx.Client(base_url=api.url, follow_redirects=True) as client:
        yield client


class TestSnowflake:
    HEADERS: ClassVar = {
        "Authorization": "Bearer demo-snowflake-jwt",
        "X-Snowflake-Authorization-Token-Type": "KEYPAIR_JWT",
    }
    URL = "/api/v2/statements"

    def statement(self, http: httpx.Client, **more: Any) -> httpx.Response:
        body = {"statement": "SELECT 1"} | more
        return http.post(self.URL, params={"async": "true"}, json=body, headers=self.HEADERS)

    def test_a_statement_that_runs_is_a_202_with_a_code(self, slow_http: httpx.Client) -> None:
        handle = self.statement(slow_http).json()["statementHandle"]
        polled = slow_http.get(f"{self.URL}/{handle}", headers=self.HEADERS)
        assert (polled.status_code, polled.json()["code"]) == (202, "333334")
        assert slow_http.post(f"{self.URL}/{handle}/cancel", headers=self.HEADERS).status_code == 200
        assert slow_http.get(f"{self.URL}/{handle}", headers=self.HEADERS).status_code == 422

    def test_partitions_are_linked_and_only_the_first_names_the_columns(self, http: httpx.Client) -> None:
        page = http.get(f"{self.URL}/{self.statement(http).json()['statementHandle']}", headers=self.HEADERS)
        assert [each["name"] for each in page.json()["resultSetMetaData"]["rowType"]] == ["ID", "NAME", "DAY", "CODE"]
        rows = page.json()["data"]
        while "next" in page.links:
            page = http.get(page.links["next"]["url"], headers=self.HEADERS)
            assert (list(page.json()), page.headers["Content-Encoding"]) == (["data"], "gzip")
            rows += page.json()["data"]
        assert [row[0] for row in rows] == [str(number) for number in range(1, 201)]
        assert {type(cell) for row in rows for cell in row} == {str, type(None)}

    def test_a_binding_has_to_be_a_text(self, http: httpx.Client) -> None:
        assert self.statement(http, bindings={"1": {"type": "FIXED", "value": "100"}}).status_code == 202
        assert self.statement(http, bindings={"1": {"type": "FIXED", "value": 100}}).status_code == 422


class TestMarketo:
    URL = "/bulk/v1/leads/export"
    JANUARY: ClassVar = {"startAt": "2024-01-01T00:00:00Z", "endAt": "2024-01-30T23:59:59Z"}

    def headers(self, api: DemoApi, http: httpx.Client) -> dict[str, str]:
        config = {key: api.inputs("marketo")[key] for key in ("client_id", "client_secret")}
        return {"Authorization": f"Bearer {http.get('/identity/oauth/token', params=config).json()['access_token']}"}

    def create(self, http: httpx.Client, headers: dict[str, str], **dates: str) -> Any:
        body = {"fields": ["id"], "filter": {"createdAt": self.JANUARY | dates}}
        return http.post(f"{self.URL}/create.json", json=body, headers=headers).json()

    def test_nothing_happens_to_an_export_until_it_is_started(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        export = self.create(http, headers)["result"][0]["exportId"]
        status = f"{self.URL}/{export}/status.json"
        assert http.get(status, headers=headers).json()["result"][0]["status"] == "Created"
        assert http.post(f"{self.URL}/{export}/enqueue.json", headers=headers).json()["success"]
        assert http.get(status, headers=headers).json()["result"][0]["status"] == "Completed"
        lines = http.get(f"{self.URL}/{export}/file.json", headers=headers).text.splitlines()
        assert lines[0] == "id,email,createdAt"
        assert lines[1].startswith("1000,")

    def test_refusals_are_answered_with_status_200(self, slow_api: DemoApi, slow_http: httpx.Client) -> None:
        headers = self.headers(slow_api, slow_http)
        exports = [self.create(slow_http, headers)["result"][0]["exportId"] for _ in range(2)]
        starts = [slow_http.post(f"{self.URL}/{export}/enqueue.json", headers=headers) for export in exports]
        assert [start.status_code for start in starts] == [200, 200]
        assert starts[0].json()["result"][0]["status"] == "Queued"
        assert starts[1].json()["errors"][0]["code"] == "1029"
        too_long = self.create(slow_http, headers, endAt="2024-03-01T00:00:00Z")
        assert (too_long["success"], too_long["errors"][0]["code"]) == (False, "1003")
        assert slow_http.get(f"{self.URL}/x/status.json", headers=headers).json()["errors"][0]["code"] == "610"


class TestMicrosoftAdvertising:
    URL = "/Reporting/v13/GenerateReport"

    def link(self, api: DemoApi, http: httpx.Client, account: int = 0, **more: Any) -> Any:
        config = api.inputs("microsoft_ads")
        headers = {
            "Authorization": f"Bearer {config['token']}",
            "DeveloperToken": config["developer_token"],
            "CustomerId": config["customer_id"],
            "CustomerAccountId": config["accounts"][account],
        }
        columns = ["TimePeriod", "CampaignName", "Impressions", "Spend"]
        report = {"Type": "CampaignPerformanceReportRequest", "Columns": columns, **more}
        submitted = http.post(f"{self.URL}/Submit", json={"ReportRequest": report}, headers=headers).json()
        polled = http.post(f"{self.URL}/Poll", json=submitted, headers=headers).json()["ReportRequestStatus"]
        assert polled["Status"] == "Success"
        number = {"ReportRequestId": int(submitted["ReportRequestId"])}
        assert http.post(f"{self.URL}/Poll", json=number, headers=headers).status_code == 400
        return polled["ReportDownloadUrl"]

    def lines(self, http: httpx.Client, link: str) -> list[str]:
        with zipfile.ZipFile(io.BytesIO(http.get(link).content)) as archive:
            (member,) = archive.namelist()
            return archive.read(member).decode().split("\r\n")

    def test_a_report_has_a_title_and_a_footer(self, api: DemoApi, http: httpx.Client) -> None:
        lines = self.lines(http, self.link(api, http))
        assert lines[0] == '\ufeff"Report Name: Campaigns"'
        assert lines[10] == '"TimePeriod","CampaignName","Impressions","Spend"'
        assert lines[-3:] == ["", '"©2024 Microsoft Corporation. All rights reserved. "', ""]
        assert len(lines) == 11 + 200 + 3

    def test_both_can_be_left_out(self, api: DemoApi, http: httpx.Client) -> None:
        lines = self.lines(http, self.link(api, http, ExcludeReportHeader=True, ExcludeReportFooter=True))
        assert lines[0] == '\ufeff"TimePeriod","CampaignName","Impressions","Spend"'
        assert len(lines) == 1 + 200 + 1

    def test_a_report_without_data_has_no_link(self, api: DemoApi, http: httpx.Client) -> None:
        assert self.link(api, http, account=1) is None


class TestAmazonSellingPartner:
    URL = "/reports/2021-06-30"

    def headers(self, api: DemoApi, http: httpx.Client) -> dict[str, str]:
        config = api.inputs("amazon_sp_api")
        form = {key: config[key] for key in ("client_id", "client_secret", "refresh_token")}
        answer = http.post("/auth/o2/token", data=form | {"grant_type": "refresh_token"})
        return {"x-amz-access-token": answer.json()["access_token"]}

    def report(self, api: DemoApi, http: httpx.Client, headers: dict[str, str], marketplace: int) -> Any:
        wanted = [api.inputs("amazon_sp_api")["marketplaces"][marketplace]]
        body = {"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplaceIds": wanted}
        created = http.post(f"{self.URL}/reports", json=body, headers=headers)
        assert created.status_code == 202
        return http.get(f"{self.URL}/reports/{created.json()['reportId']}", headers=headers).json()

    @pytest.mark.parametrize(("marketplace", "charset"), [(0, "UTF-8"), (1, "Cp1252")])
    def test_a_document_is_in_the_charset_of_its_marketplace(
        self, marketplace: int, charset: str, api: DemoApi, http: httpx.Client
    ) -> None:
        headers = self.headers(api, http)
        report = self.report(api, http, headers, marketplace)
        document = f"{self.URL}/documents/{report['reportDocumentId']}"
        first, second = (http.get(document, headers=headers).json() for _ in range(2))
        assert http.get(first["url"]).status_code == 403
        file = http.get(second["url"])
        assert file.headers["Content-Type"] == f"text/plain;charset={charset}"
        content = gzip.decompress(file.content) if "compressionAlgorithm" in second else file.content
        lines = content.decode(charset).split("\r\n")
        assert lines[0].split("\t") == ["seller-sku", "item-name", "price"]
        assert len(lines) == 1 + 200 + 1

    def test_a_report_without_data_is_cancelled(self, api: DemoApi, http: httpx.Client) -> None:
        report = self.report(api, http, self.headers(api, http), 2)
        assert (report["processingStatus"], "reportDocumentId" in report) == ("CANCELLED", False)


class TestBigQuery:
    URL = "/bigquery/v2/projects/demo-project"
    LOCATION: ClassVar = {"location": "EU"}

    def headers(self, api: DemoApi, http: httpx.Client) -> dict[str, str]:
        config = api.inputs("bigquery")
        form = {key: config[key] for key in ("client_id", "client_secret", "refresh_token")}
        answer = http.post("/token", data=form | {"grant_type": "refresh_token"})
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def job(self, http: httpx.Client, headers: dict[str, str], *days: str) -> str:
        names = zip(("first", "last"), days, strict=True)
        parameters = [{"name": name, "parameterValue": {"value": day}} for name, day in names]
        query = {"query": "SELECT id FROM shop.orders", "queryParameters": parameters}
        answer = http.post(f"{self.URL}/jobs", json={"configuration": {"query": query}}, headers=headers)
        return str(answer.json()["jobReference"]["jobId"])

    def test_rows_are_wrapped_and_come_in_pages(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        job = self.job(http, headers, "2024-01-01", "2024-01-31")
        pages, params = [], {"maxResults": "80", **self.LOCATION}
        while params.get("pageToken") != "":
            pages.append(http.get(f"{self.URL}/queries/{job}", params=params, headers=headers).json())
            params["pageToken"] = pages[-1].get("pageToken", "")
        assert [len(page["rows"]) for page in pages] == [80, 80, 40]
        assert pages[0]["rows"][0]["f"][0] == {"v": "5000"}
        assert [field["name"] for field in pages[2]["schema"]["fields"]][:2] == ["id", "customer"]

    def test_without_rows_there_is_no_such_key(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        job = self.job(http, headers, "2023-01-01", "2023-01-31")
        page = http.get(f"{self.URL}/queries/{job}", params=self.LOCATION, headers=headers).json()
        assert (page["totalRows"], "rows" in page) == ("0", False)

    def test_a_failed_job_is_done(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        api.misbehave(Fault(path="*/jobs", job_status="FAILED"))
        job = self.job(http, headers, "2024-01-01", "2024-01-31")
        status = http.get(f"{self.URL}/jobs/{job}", params=self.LOCATION, headers=headers).json()["status"]
        assert (status["state"], status["errorResult"]["reason"]) == ("DONE", "invalidQuery")


class TestDatabricks:
    URL = "/api/2.0/sql/statements"
    HEADERS: ClassVar = {"Authorization": "Bearer dapi-demo"}

    def chunks(self, http: httpx.Client, format_: str) -> list[str]:
        body = {"warehouse_id": "abcdef0123456789", "wait_timeout": "0s", "disposition": "EXTERNAL_LINKS"}
        created = http.post(self.URL, json=body | {"format": format_}, headers=self.HEADERS).json()
        own = f"{self.URL}/{created['statement_id']}"
        manifest = http.get(own, headers=self.HEADERS).json()["manifest"]
        assert [column["name"] for column in manifest["schema"]["columns"]] == ["customer_id", "name", "city"]
        numbers = [chunk["chunk_index"] for chunk in manifest["chunks"]]
        answers = [http.get(f"{own}/result/chunks/{number}", headers=self.HEADERS).json() for number in numbers]
        return [http.get(answer["external_links"][0]["external_link"]).text for answer in answers]

    def test_chunks_are_lists_of_rows(self, http: httpx.Client) -> None:
        rows = [row for chunk in self.chunks(http, "JSON_ARRAY") for row in json.loads(chunk)]
        assert len(rows) == 200
        assert rows[4][2] is None

    def test_as_csv_only_the_first_chunk_has_a_header(self, http: httpx.Client) -> None:
        chunks = [chunk.splitlines() for chunk in self.chunks(http, "CSV")]
        assert [chunk[0].partition(",")[0] for chunk in chunks] == ["customer_id", "67", "134"]
        assert sum(map(len, chunks)) == 201


class TestAthena:
    def test_what_is_not_signed_is_refused(self, http: httpx.Client) -> None:
        answer = http.post("/", json={}, headers={"X-Amz-Target": "AmazonAthena.StartQueryExecution"})
        assert (answer.status_code, answer.json()["__type"]) == (403, "UnrecognizedClientException")


class TestBraze:
    HEADERS: ClassVar = {"Authorization": "Bearer demo-braze-key"}
    BODY: ClassVar = {"segment_id": "demo-segment", "fields_to_export": ["email"]}

    def url(self, http: httpx.Client) -> str:
        return str(http.post("/users/export/segment", json=self.BODY, headers=self.HEADERS).json()["url"])

    def test_the_file_is_refused_until_it_is_there(self, slow_http: httpx.Client) -> None:
        assert slow_http.get(self.url(slow_http)).status_code == 403

    def test_the_address_is_for_get_and_gives_parts(self, http: httpx.Client) -> None:
        url = self.url(http)
        assert http.head(url).status_code == 403
        byte = http.get(url, headers={"Range": "bytes=0-0"})
        assert (byte.status_code, byte.content) == (206, b"P")
        with zipfile.ZipFile(io.BytesIO(http.get(url).content)) as archive:
            assert [len(archive.read(name).splitlines()) for name in archive.namelist()] == [100, 100]


class TestGitHub:
    URL = "/orgs/octo-org/migrations"
    HEADERS: ClassVar = {"Authorization": "Bearer ghp_demo"}

    def test_the_archive_is_on_another_host_and_holds_more_than_issues(self, redirected: httpx.Client) -> None:
        body = {"repositories": ["octo-org/octo-repo"]}
        migration = redirected.post(self.URL, json=body, headers=self.HEADERS).json()["id"]
        assert redirected.get(f"{self.URL}/{migration}", headers=self.HEADERS).json()["state"] == "exported"
        answer = redirected.get(f"{self.URL}/{migration}/archive", headers=self.HEADERS)
        assert answer.url.host == "localhost"
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            names = archive.getnames()
        assert [name for name in names if name.startswith("issues_")] == [f"issues_00000{n}.json" for n in (1, 2, 3)]
        assert len(names) == 6
        assert redirected.delete(f"{self.URL}/{migration}/archive", headers=self.HEADERS).status_code == 204
        assert redirected.get(f"{self.URL}/{migration}", headers=self.HEADERS).status_code == 404


class TestIterable:
    URL = "/api/export"
    HEADERS: ClassVar = {"Api-Key": "demo-iterable-key"}

    def test_the_files_come_two_a_page(self, http: httpx.Client) -> None:
        body = {"dataTypeName": "emailSend", "outputFormat": "text/csv"}
        job = http.post(f"{self.URL}/start", json=body, headers=self.HEADERS).json()["jobId"]
        pages: list[Any] = []
        after = ""
        while not pages or pages[-1]:
            answer = http.get(f"{self.URL}/{job}/files", params={"startAfter": after}, headers=self.HEADERS).json()
            assert answer["jobState"] == "completed"
            pages.append(answer["files"])
            after = pages[-1][-1]["file"] if pages[-1] else after
        assert [len(page) for page in pages] == [2, 2, 1, 0]
        lines = [http.get(file["url"]).text.splitlines() for page in pages for file in page]
        assert sum(len(each) - 1 for each in lines) == 200


class TestTrino:
    AUTH = ("demo", "demo-trino-password")
    HEADERS: ClassVar = {"X-Trino-User": "demo"}

    def answers(self, http: httpx.Client, query: str) -> list[Any]:
        found = [http.post("/v1/statement", content=query, headers=self.HEADERS, auth=self.AUTH).json()]
        while "nextUri" in found[-1]:
            found.append(http.get(found[-1]["nextUri"], headers=self.HEADERS, auth=self.AUTH).json())
        return found

    def test_rows_come_with_the_polls(self, http: httpx.Client) -> None:
        answers = self.answers(http, "SELECT custkey FROM customer")
        assert [len(answer.get("data", [])) for answer in answers] == [0, 50, 50, 50, 50, 0]
        assert len({answer.get("nextUri") for answer in answers}) == 6

    def test_a_failed_query_has_an_error(self, http: httpx.Client) -> None:
        assert self.answers(http, "DROP TABLE x")[-1]["error"]["errorName"] == "SYNTAX_ERROR"
