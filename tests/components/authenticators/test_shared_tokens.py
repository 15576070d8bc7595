"""Streams, parents and slices that share several tokens."""

from __future__ import annotations

from collections import Counter

from core.events import ExchangeFinished, Outcome, Records
from core.http.exchange import Role
from tests.support.reading import read_all
from tests.support.server import Asked, LoopbackServer, Reply

MANIFEST = """
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [issues]}}
definitions:
  authenticator:
    type: SelectiveAuthenticator
    authenticator_selection_path: [kind]
    authenticators:
      tokens:
        type: RateLimitedMultipleTokenAuthenticator
        tokens: "{{{{ config['tokens'] }}}}"
        token_delimiter: ";"
        quota_status_source: {{type: QuotaStatusSource, url: "{base}/rate_limit"}}
        quotas:
          - type: TokenQuota
            name: core
            remaining_path: [remaining]
            reset_path: [reset]
            exhaustion_status_codes: [403]
        budget_reserve_fraction: 0
        budget_min_reserve: 0
  repositories:
    type: DeclarativeStream
    name: repositories
    $parameters: {{name: repositories}}
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: "{base}/repositories"
        authenticator: {{$ref: "#/definitions/authenticator"}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
streams:
  - type: DeclarativeStream
    name: issues
    $parameters: {{name: issues}}
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: "{base}/issues"
        authenticator: {{$ref: "#/definitions/authenticator"}}
        request_parameters: {{repository: "{{{{ stream_partition.repository }}}}"}}
        error_handler:
          type: DefaultErrorHandler
          response_filters: [{{type: HttpResponseFilter, http_codes: [403], action: RATE_LIMITED}}]
      partition_router:
        type: SubstreamPartitionRouter
        parent_stream_configs:
          - type: ParentStreamConfig
            stream: {{$ref: "#/definitions/repositories"}}
            parent_key: id
            partition_field: repository
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
concurrency_level: {{type: ConcurrencyLevel, default_concurrency: 8}}
spec:
  type: Spec
  connection_specification:
    type: object
    properties: {{tokens: {{type: string, airbyte_secret: true}}}}
"""
TOKENS = ["first-secret", "second-secret", "third-secret"]


class Api:
    """Each token has 20 calls; the second one is known for its first two only, and the status overstates the first."""

    def __init__(self, server: LoopbackServer) -> None:
        self.calls = Counter[str]()
        server.on("/rate_limit", Reply({"remaining": 20, "reset": "2099-01-01T00:00:00Z"}))
        server.on("/repositories", lambda asked: self.answer(asked, [{"id": number} for number in range(30)]))
        server.on("/issues", lambda asked: self.answer(asked, [{"issue": asked.query["repository"][0]}]))

    def answer(self, asked: Asked, records: list[dict[str, object]]) -> Reply:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        self.calls[token] += 1
        if token == TOKENS[0] and self.calls[token] > 10:
            return Reply({"message": "API rate limit exceeded"}, 403)
        if token == TOKENS[1] and self.calls[token] > 2:
            return Reply({"message": "Bad credentials"}, 401)
        return Reply(records)


async def test_parents_and_slices_share_the_tokens_and_lose_no_record(server: LoopbackServer) -> None:
    api = Api(server)
    config = {"kind": "tokens", "tokens": ";".join(TOKENS)}
    told = await read_all(MANIFEST.format(base=server.url()), config, stream="issues")
    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(int(record["issue"]) for record in told.records) == list(range(30))
    assert told.asked(Role.AUTH) == 3
    assert {event.exchange.role for event in told.of(ExchangeFinished)} == {Role.AUTH, Role.PARENT, Role.PAGE}
    assert sum(api.calls.values()) == told.asked(Role.PAGE) + told.asked(Role.PARENT)
    assert "token 2 of 3" in told.logs
    seen = "\n".join(repr(event) for event in told.events if not isinstance(event, Records))
    assert not any(token in seen for token in TOKENS)


async def test_a_request_that_the_budget_holds_back_takes_one_call(server: LoopbackServer) -> None:
    server.on("/rate_limit", Reply({"remaining": 3, "reset": "2099-01-01T00:00:00Z"}))
    server.on("/repositories", Reply([{"id": number} for number in range(5)]))
    server.on("/issues", Reply([{"issue": 1}]))
    budget = """
api_budget:
  type: HTTPAPIBudget
  policies:
    - type: MovingWindowCallRatePolicy
      rates: [{type: Rate, limit: 1, interval: PT0.02S}]
      matchers: [{type: HttpRequestRegexMatcher, url_path_pattern: ^/issues}]
"""
    manifest = MANIFEST.format(base=server.url()).replace("default_concurrency: 8", "default_concurrency: 1") + budget
    told = await read_all(manifest, {"kind": "tokens", "tokens": ";".join(TOKENS)}, stream="issues")
    assert told.outcome is Outcome.COMPLETE, told.errors
    used = Counter(asked.headers["authorization"] for asked in [*server.to("/repositories"), *server.to("/issues")])
    assert used == {"Bearer first-secret": 3, "Bearer second-secret": 3}
