"""The life of a job on each of the imitated APIs, as a client sees it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from sample_configs.demo_api import DemoApi, Fault
from sample_configs.demo_api.sendgrid import READ_ONLY_KEY

Rows = list[dict[str, str]]

JANUARY = {"parameters[interval_start]": "1704067200", "parameters[interval_end]": "1706745600"}
REPORT = {"report_type": "balance_change_from_activity.itemized.3"}
QUERY = {"operation": "query", "query": "SELECT Id FROM Account"}
RUN_QUERY = "mutation ($query: String!) { bulkOperationRunQuery(query: $query) { userErrors { message } } }"
QUALTRICS = {"X-API-TOKEN": "demo-qualtrics-token"}
WEEK = {
    "startDate": "2024-01-01",
    "endDate": "2024-01-07",
    "configuration": {"reportTypeId": "spCampaigns", "columns": ["date", "cost"], "format": "GZIP_JSON"},
}


def csv_rows(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text)))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def form_token(api: DemoApi, http: httpx.Client, sample: str, path: str, grant: str) -> str:
    config = api.inputs(sample)
    form = {key: str(config[key]) for key in ("client_id", "client_secret", "refresh_token") if key in config}
    answer = http.post(path, data=form | {"grant_type": grant})
    assert answer.status_code == 200
    return str(answer.json()["access_token"])


class TestSendGrid:
    EXPORTS = "/v3/marketing/contacts/exports"

    def links(self, api: DemoApi, http: httpx.Client, sample: str = "sendgrid_contacts") -> list[str]:
        headers = bearer(api.inputs(sample)["api_key"])
        created = http.post(self.EXPORTS, headers=headers)
        assert created.status_code == 202
        polled = http.get(f"{self.EXPORTS}/{created.json()['id']}", headers=headers).json()
        assert polled["status"] == "ready"
        return list(polled["urls"])

    def test_an_export_is_split_into_csv_files(self, api: DemoApi, http: httpx.Client) -> None:
        files = [http.get(link) for link in self.links(api, http)]
        assert [file.headers["Content-Type"] for file in files] == ["text/csv", "text/csv"]
        rows = [row for file in files for row in csv_rows(file.text)]
        assert len({row["CONTACT_ID"] for row in rows}) == len({row["EMAIL"] for row in rows}) == 200

    def test_another_account_gets_gzip_files(self, api: DemoApi, http: httpx.Client) -> None:
        plain = [http.get(link).content for link in self.links(api, http)]
        packed = [http.get(link).content for link in self.links(api, http, "sendgrid_contacts_gzip")]
        assert [gzip.decompress(file) for file in packed] == plain

    def test_a_job_is_pending_first(self, slow_api: DemoApi, slow_http: httpx.Client) -> None:
        headers = bearer(slow_api.inputs("sendgrid_contacts")["api_key"])
        job = slow_http.post(self.EXPORTS, headers=headers).json()["id"]
        polled = slow_http.get(f"{self.EXPORTS}/{job}", headers=headers).json()
        assert (polled["status"], polled["urls"]) == ("pending", [])
        assert [(job.state, job.polls) for job in slow_api.jobs] == [("pending", 1)]

    @pytest.mark.parametrize(("key", "status"), [("SG.wrong", 401), (READ_ONLY_KEY, 403)])
    def test_a_bad_key_is_refused(self, key: str, status: int, http: httpx.Client) -> None:
        answer = http.post(self.EXPORTS, headers=bearer(key))
        assert answer.status_code == status
        assert answer.json()["errors"][0]["message"]

    def test_a_signed_link_takes_no_other_authentication(self, api: DemoApi, http: httpx.Client) -> None:
        link = self.links(api, http)[0]
        assert http.get(link, headers=bearer("x")).status_code == 400
        assert http.get(link.partition("?")[0]).status_code == 403
        assert http.post(link).status_code == 405


class TestStripe:
    RUNS = "/v1/reporting/report_runs"

    def test_a_report_is_created_by_form_polled_and_downloaded(self, api: DemoApi, http: httpx.Client) -> None:
        auth = (api.inputs("stripe_report_run")["secret_key"], "")
        created = http.post(self.RUNS, data=REPORT | JANUARY, auth=auth).json()
        assert (created["status"], created["result"]) == ("pending", None)
        run = http.get(f"{self.RUNS}/{created['id']}", auth=auth).json()
        assert run["status"] == "succeeded"
        assert http.get(run["result"]["url"]).status_code == 401
        rows = csv_rows(http.get(run["result"]["url"], auth=auth).text)
        assert len({row["balance_transaction_id"] for row in rows}) == 200

    def test_intervals_that_meet_share_no_transaction_and_lose_none(self, api: DemoApi, http: httpx.Client) -> None:
        auth = (api.inputs("stripe_report_run")["secret_key"], "")
        ids: list[str] = []
        for start, end in [(1704067200, 1705000000), (1705000000, 1706745600)]:
            interval = {"parameters[interval_start]": str(start), "parameters[interval_end]": str(end)}
            created = http.post(self.RUNS, data=REPORT | interval, auth=auth).json()
            run = http.get(f"{self.RUNS}/{created['id']}", auth=auth).json()
            rows = csv_rows(http.get(run["result"]["url"], auth=auth).text)
            ids += [row["balance_transaction_id"] for row in rows]
        assert len(ids) == len(set(ids)) == 200

    @pytest.mark.parametrize(
        "form",
        [{}, REPORT, {"report_type": "x"}, REPORT | JANUARY | {"parameters[interval_end]": "1"}],
    )
    def test_a_wrong_form_is_refused(self, form: dict[str, str], api: DemoApi, http: httpx.Client) -> None:
        answer = http.post(self.RUNS, data=form, auth=(api.inputs("stripe_report_run")["secret_key"], ""))
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"

    def test_an_unknown_run_is_not_found(self, api: DemoApi, http: httpx.Client) -> None:
        auth = (api.inputs("stripe_report_run")["secret_key"], "")
        assert http.get(f"{self.RUNS}/frr_nothing", auth=auth).status_code == 404


class TestSalesforce:
    JOBS = "/services/data/v62.0/jobs/query"

    def headers(self, api: DemoApi, http: httpx.Client) -> dict[str, str]:
        token = form_token(api, http, "salesforce_bulk_query", "/services/oauth2/token", "client_credentials")
        return bearer(token)

    def test_results_come_in_pages_that_the_locator_header_links(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        job = http.post(self.JOBS, json=QUERY, headers=headers).json()["id"]
        assert http.get(f"{self.JOBS}/{job}", headers=headers).json()["state"] == "JobComplete"
        pages: list[Rows] = []
        params = {"maxRecords": "80"}
        while params.get("locator") != "null":
            page = http.get(f"{self.JOBS}/{job}/results", params=params, headers=headers)
            pages.append(csv_rows(page.text))
            params["locator"] = page.headers["Sforce-Locator"]
        assert [len(page) for page in pages] == [80, 80, 40]
        assert len({row["Id"] for page in pages for row in page}) == 200

    def test_the_query_is_bounded_by_its_moments(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        where = " WHERE SystemModstamp >= 2024-01-10T00:00:00Z AND SystemModstamp <= 2024-01-19T23:59:59Z"
        query = QUERY | {"query": QUERY["query"] + where}
        job = http.post(self.JOBS, json=query, headers=headers).json()["id"]
        rows = csv_rows(http.get(f"{self.JOBS}/{job}/results", headers=headers).text)
        assert 60 <= len(rows) <= 68
        assert {row["SystemModstamp"][:9] for row in rows} == {"2024-01-1"}

    def test_a_finished_job_can_be_deleted_and_is_gone(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        job = http.post(self.JOBS, json=QUERY, headers=headers).json()["id"]
        assert http.delete(f"{self.JOBS}/{job}", headers=headers).status_code == 204
        assert http.get(f"{self.JOBS}/{job}", headers=headers).status_code == 404
        assert [job.deleted for job in api.jobs] == [True]

    def test_a_running_job_can_be_aborted_but_not_deleted(self, slow_api: DemoApi, slow_http: httpx.Client) -> None:
        headers = self.headers(slow_api, slow_http)
        job = slow_http.post(self.JOBS, json=QUERY, headers=headers).json()["id"]
        assert slow_http.delete(f"{self.JOBS}/{job}", headers=headers).status_code == 400
        aborted = slow_http.patch(f"{self.JOBS}/{job}", json={"state": "Aborted"}, headers=headers)
        assert aborted.json()["state"] == "Aborted"
        assert [job.aborted for job in slow_api.jobs] == [True]

    def test_a_revoked_token_is_refused(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        api.revoke_tokens()
        answer = http.post(self.JOBS, json=QUERY, headers=headers)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")

    def test_wrong_client_credentials_get_no_token(self, http: httpx.Client) -> None:
        form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
        answer = http.post("/services/oauth2/token", data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


class TestShopify:
    URL = "/admin/api/2025-07/graphql.json"

    def call(self, http: httpx.Client, body: dict[str, Any]) -> Any:
        answer = http.post(self.URL, json=body, headers={"X-Shopify-Access-Token": "shpat_demo_token"})
        assert answer.status_code == 200
        return answer.json()

    def start(self, http: httpx.Client, query: str = "query { products { edges { node { id } } } }") -> Any:
        return self.call(http, {"query": RUN_QUERY} | {"variables": {"query": query}})["data"]["bulkOperationRunQuery"]

    def poll(self, http: httpx.Client, gid: str) -> Any:
        query = "query ($id: ID!) { node(id: $id) { ... on BulkOperation { status } } }"
        return self.call(http, {"query": query, "variables": {"id": gid}})["data"]["node"]

    def test_an_operation_ends_in_json_lines(self, http: httpx.Client) -> None:
        node = self.poll(http, self.start(http)["bulkOperation"]["id"])
        assert node["status"] == "COMPLETED"
        products = [json.loads(line) for line in http.get(node["url"]).text.splitlines()]
        assert len({product["id"] for product in products}) == 200

    def test_only_one_operation_runs_at_a_time(self, slow_api: DemoApi, slow_http: httpx.Client) -> None:
        self.start(slow_http)
        assert self.start(slow_http)["userErrors"][0]["code"] == "OPERATION_IN_PROGRESS"
        assert len(slow_api.jobs) == 1

    def test_an_operation_can_be_cancelled(self, slow_api: DemoApi, slow_http: httpx.Client) -> None:
        gid = self.start(slow_http)["bulkOperation"]["id"]
        query = "mutation ($id: ID!) { bulkOperationCancel(id: $id) { userErrors { message } } }"
        self.call(slow_http, {"query": query, "variables": {"id": gid}})
        assert self.poll(slow_http, gid)["status"] == "CANCELED"

    def test_a_failed_operation_has_an_error_code(self, api: DemoApi, http: httpx.Client) -> None:
        api.misbehave(Fault(method="POST", job_status="FAILED"))
        node = self.poll(http, self.start(http)["bulkOperation"]["id"])
        assert (node["status"], node["errorCode"], node["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)

    def test_refusals_are_told_in_the_body(self, api: DemoApi, http: httpx.Client) -> None:
        assert self.start(http, "query { pets { id } }")["userErrors"][0]["code"] == "INVALID"
        assert http.post(self.URL, json={"query": RUN_QUERY}).status_code == 401
        api.limit("shopify", calls=1, seconds=60)
        self.start(http)
        assert self.call(http, {"query": RUN_QUERY})["errors"][0]["extensions"]["code"] == "THROTTLED"


class TestQualtrics:
    def test_a_progress_id_leads_to_a_file_id_and_that_to_a_zip(self, api: DemoApi, http: httpx.Client) -> None:
        survey = api.inputs("qualtrics_responses")["survey_ids"][0]
        exports = f"/API/v3/surveys/{survey}/export-responses"
        created = http.post(exports, json={"format": "csv"}, headers=QUALTRICS).json()["result"]
        assert created["progressId"]
        polled = http.get(f"{exports}/{created['progressId']}", headers=QUALTRICS).json()["result"]
        assert (polled["status"], polled["percentComplete"]) == ("complete", 100.0)
        file = http.get(f"{exports}/{polled['fileId']}/file", headers=QUALTRICS)
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            (member,) = archive.namelist()
            rows = csv_rows(archive.read(member).decode())
        assert [row["ResponseId"] for row in rows[:2]] == ["Response ID", '{"ImportId": "ResponseId"}']
        assert len([row for row in rows if row["ResponseId"].startswith("R_")]) == 200

    def test_errors_have_the_form_of_qualtrics(self, http: httpx.Client) -> None:
        path = "/API/v3/surveys/SV_unknown/export-responses"
        assert http.post(path, json={"format": "csv"}).json()["meta"]["httpStatus"] == "401 - Unauthorized"
        assert http.post(path, json={"format": "csv"}, headers=QUALTRICS).status_code == 404


class TestAds:
    def headers(self, api: DemoApi, http: httpx.Client) -> dict[str, str]:
        config = api.inputs("ads_report")
        return bearer(form_token(api, http, "ads_report", "/auth/o2/token", "refresh_token")) | {
            "Content-Type": "application/vnd.createasyncreportrequest.v3+json",
            "Amazon-Advertising-API-ClientId": config["client_id"],
            "Amazon-Advertising-API-Scope": config["profile_id"],
        }

    def create(self, http: httpx.Client, headers: dict[str, str], **changes: Any) -> httpx.Response:
        return http.post("/reporting/reports", json=WEEK | changes, headers=headers)

    def test_a_report_is_a_gzip_file_with_one_json_array(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        report = self.create(http, headers).json()["reportId"]
        polled = http.get(f"/reporting/reports/{report}", headers=headers).json()
        assert polled["status"] == "COMPLETED"
        rows = json.loads(gzip.decompress(http.get(polled["url"]).content))
        assert {row["date"] for row in rows} == {f"2024-01-0{day}" for day in range(1, 8)}
        assert len({(row["date"], row["campaignId"]) for row in rows}) == len(rows)

    def test_dates_without_data_end_as_cancelled(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        report = self.create(http, headers, startDate="2023-12-25", endDate="2023-12-31").json()["reportId"]
        assert http.get(f"/reporting/reports/{report}", headers=headers).json()["status"] == "CANCELLED"

    def test_the_same_report_twice_at_a_time_is_too_early(self, slow_api: DemoApi, slow_http: httpx.Client) -> None:
        headers = self.headers(slow_api, slow_http)
        assert self.create(slow_http, headers).status_code == 200
        again = self.create(slow_http, headers)
        assert (again.status_code, again.headers["Retry-After"]) == (425, "1")

    @pytest.mark.parametrize(
        "changes",
        [
            {"startDate": "soon"},
            {"endDate": "2024-03-01"},
            {"configuration": {}},
            {"startDate": "2024-01-08"},
        ],
    )
    def test_a_wrong_report_is_refused(self, changes: dict[str, Any], api: DemoApi, http: httpx.Client) -> None:
        assert self.create(http, self.headers(api, http), **changes).status_code == 400

    def test_profile_content_type_and_token_are_checked(self, api: DemoApi, http: httpx.Client) -> None:
        headers = self.headers(api, http)
        assert self.create(http, headers | {"Amazon-Advertising-API-Scope": "1"}).status_code == 403
        assert self.create(http, headers | {"Content-Type": "application/json"}).status_code == 415
        assert self.create(http, headers | bearer("Atza|old")).status_code == 401


class TestShop:
    def test_orders_are_paged_by_cursor_within_their_bounds(self, api: DemoApi, http: httpx.Client) -> None:
        headers = {"X-Api-Key": api.inputs("orders_paginated")["api_key"]}
        params = {"limit": "40", "updated_from": "2024-01-10T00:00:00Z", "updated_to": "2024-01-19T23:59:59Z"}
        orders: list[dict[str, Any]] = []
        while True:
            page = http.get("/shop/v1/orders", params=params, headers=headers).json()
            orders += page["data"]
            if "next_cursor" not in page["paging"]:
                break
            params["cursor"] = page["paging"]["next_cursor"]
        assert {order["updated_at"][:9] for order in orders} == {"2024-01-1"}
        assert len({order["id"] for order in orders}) == len(orders) > 40

    def test_what_cannot_be_understood_is_refused(self, api: DemoApi, http: httpx.Client) -> None:
        headers = {"X-Api-Key": api.inputs("orders_paginated")["api_key"]}
        for params in ({"limit": "many"}, {"cursor": "x"}, {"updated_from": "yesterday"}):
            assert http.get("/shop/v1/orders", params=params, headers=headers).status_code == 400
        assert http.get("/shop/v1/stores/9/products", headers=headers).status_code == 404
        assert http.get("/shop/v1/orders").status_code == 401


def test_full_exports_are_the_same_for_the_same_seed_and_differ_for_another() -> None:
    def first_file(seed: int) -> bytes:
        with DemoApi(pace=0, rows=10, seed=seed) as api, httpx.Client(base_url=api.url) as http:
            return http.get(TestSendGrid().links(api, http)[0]).content

    assert first_file(1) == first_file(1) != first_file(2)
