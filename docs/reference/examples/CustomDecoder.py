from dataclasses import dataclass

from airbyte_cdk.sources.declarative.decoders import Decoder


@dataclass
class Lines(Decoder):
    def is_stream_response(self):
        return False

    def decode(self, response):
        yield {"items": [{"id": number, "name": line} for number, line in enumerate(response.text.split())]}
