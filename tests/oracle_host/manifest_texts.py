"""What the reference reads with a manifest as it is written in a file."""

from airbyte_cdk.utils.yaml_loader import safe_load_yaml
from reading import read as read_stream


def read(text, config, stream_name):
    """The records of one stream, and whether it was read to its end; or why the reference does not begin."""
    try:
        told = read_stream(safe_load_yaml(text), config, stream_name)
    except Exception as error:
        cause = error.__cause__ or error
        words = getattr(cause, "message", None) or f"{type(cause).__name__}: {cause}"
        return {"records": [], "complete": False, "refused": words[:500]}
    return {"records": told["records"], "complete": told["status"] == "COMPLETE", "refused": None}
