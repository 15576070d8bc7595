"""Questions about schemas and datetime formats that are inferred from records."""

from airbyte_cdk.models import AirbyteRecordMessage
from airbyte_cdk.utils.datetime_format_inferrer import DatetimeFormatInferrer
from airbyte_cdk.utils.schema_inferrer import SchemaInferrer, SchemaValidationException


def schema(records, primary_key, cursor_field):
    """The schema inferred from records; also where a key is missing."""
    inferrer = SchemaInferrer(primary_key, cursor_field)
    for record in records:
        inferrer.accumulate(AirbyteRecordMessage(stream="s", data=record, emitted_at=0))
    try:
        return inferrer.get_stream_schema("s")
    except SchemaValidationException as error:
        return error.schema


def datetime_formats(records):
    """The formats inferred for the fields of records."""
    inferrer = DatetimeFormatInferrer()
    for record in records:
        inferrer.accumulate(AirbyteRecordMessage(stream="s", data=record, emitted_at=0))
    return inferrer.get_inferred_datetime_formats()
