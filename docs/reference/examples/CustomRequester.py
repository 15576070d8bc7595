from dataclasses import dataclass

from airbyte_cdk.sources.declarative.requesters import HttpRequester


@dataclass
class OfKind(HttpRequester):
    kind: str = "a"

    def get_request_params(self, *, stream_state=None, stream_slice=None, next_page_token=None):
        return {"kind": self.kind}
