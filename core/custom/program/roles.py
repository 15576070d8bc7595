"""What is asked of the components, role by role: each function takes a component and a message.

A function gives a value, or an iterator of JSON arrays; `Answer` adds bytes to a value.
"""

import inspect
from dataclasses import dataclass

import requests
from values import batches, outcome_of, record_of, response_of, slice_of, written_response, written_slice


@dataclass
class Answer:
    """A value with bytes beside it."""

    value: object
    body: bytes


def extract(component, message, body):
    """The records in a response."""
    return batches(component.extract_records(response_of(message["response"], body)))


def transform(component, message, body):
    """The records, changed."""
    slice_, config = slice_of(message.get("slice")), message["config"]
    for record in message["records"]:
        component.transform(record, config=config, stream_state={}, stream_slice=slice_)
    return message["records"]


def keep(component, message, body):
    """The records that are kept."""
    found = component.filter_records(
        iter(message["records"]),
        stream_state={},
        stream_slice=slice_of(message.get("slice")),
        next_page_token=message.get("next_page_token"),
    )
    return [record_of(record) for record in found]


def normalize(component, message, body):
    """The records, in the types of the schema."""
    for record in message["records"]:
        component.transform(record, message["schema"])
    return message["records"]


def authenticate(component, message, body):
    """What is added to a request, and the request after all additions: method, URL, headers, body."""
    written = message["request"]
    added = {
        "params": _asked(component, "get_request_params"),
        "data": _asked(component, "get_request_body_data"),
        "json": _asked(component, "get_request_body_json"),
    }
    request = requests.Request(
        written["method"],
        written["url"],
        headers={**dict(written["headers"]), **_asked(component, "get_auth_header")},
        params=added["params"] or None,
        data=body or None,
    ).prepare()
    request.headers.pop("Content-Length", None)
    before = dict(request.headers)
    sent = request.body
    if isinstance(component, requests.auth.AuthBase):
        request = component(request) or request
    known = {name.lower(): value for name, value in written["headers"]}
    headers = {name: value for name, value in request.headers.items() if known.get(name.lower()) != value}
    headers.pop("Content-Length", None)
    gone = [name for name in before if name not in request.headers]
    content = request.body.encode() if isinstance(request.body, str) else request.body
    changed = content != (sent.encode() if isinstance(sent, str) else sent)
    value = {
        **added,
        "url": request.url,
        "method": request.method,
        "headers": headers,
        "gone": gone,
        "body_changed": changed,
    }
    return Answer(value, content if changed and isinstance(content, bytes) else b"")


def _asked(component, name):
    method = getattr(component, name, None)
    found = method() if callable(method) else None
    return found if isinstance(found, str) else dict(found or {})


def refresh(component, message, body):
    """Whether there is another token after one was refused."""
    renew = getattr(component, "refresh_and_set_access_token", None)
    if not callable(renew):
        return False
    renew()
    return True


def send(component, message, body):
    """The response to the request that the component sends itself; None when it is ignored."""
    response = component.send_request(
        stream_state={},
        stream_slice=slice_of(message.get("slice")),
        next_page_token=message.get("next_page_token"),
        path=message.get("path"),
        request_headers=message.get("headers") or {},
        request_params=message.get("params") or {},
        request_body_data=message.get("data") or {},
        request_body_json=message.get("json") or {},
    )
    return None if response is None else Answer(*written_response(response))


def partitions(component, message, body):
    """The partitions, each with what it adds to requests."""
    return batches(
        {**written_slice(found), "options": _options(component, found)} for found in component.stream_slices()
    )


def has_parents(component, message, body):
    """Whether it keeps the states of parent streams."""
    return component.get_stream_state() is not None


def options(component, message, body):
    """What a slice adds to requests."""
    return _options(component, slice_of(message["slice"]), message.get("next_page_token"))


def _options(component, slice_, token=None):
    asked = {"stream_state": {}, "stream_slice": slice_, "next_page_token": token}
    data = component.get_request_body_data(**asked)
    return {
        "params": dict(component.get_request_params(**asked) or {}),
        "headers": dict(component.get_request_headers(**asked) or {}),
        "data": data if isinstance(data, str) else dict(data or {}),
        "json": dict(component.get_request_body_json(**asked) or {}),
    }


def first_page(component, message, body):
    """The token of the first page, and the page size."""
    return {"token": component.initial_token, "size": component.get_page_size()}


def next_page(component, message, body):
    """The token of the page after a response. A strategy is told the size of a page only if that was reduced."""
    size = message.get("reduced_size")
    if size is not None and not _takes(component.next_page_token, "page_size_override"):
        name = type(component).__name__
        raise TypeError(
            f"{name}.next_page_token can't be told that a page was requested with fewer records; "
            "give it a parameter `page_size_override`"
        )
    told = {} if size is None else {"page_size_override": size}
    return component.next_page_token(
        **told,
        response=response_of(message["response"], body),
        last_page_size=message["last_page_size"],
        last_record=message["last_record"],
        last_page_token_value=message["token"],
    )


def _takes(function, name):
    parameters = inspect.signature(function).parameters
    return name in parameters or any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())


def judge(component, message, body):
    """What a response means: action, kind of failure, message, retries, and the seconds to wait."""
    outcome = outcome_of(message["outcome"], body)
    resolution = component.interpret_response(outcome)
    strategies = getattr(component, "backoff_strategies", None) or []
    waits = (_waited(strategy, outcome, message["attempt"]) for strategy in strategies)
    retries = getattr(component, "max_retries", None)
    return {
        "action": getattr(resolution.response_action, "value", resolution.response_action),
        "failure_type": getattr(resolution.failure_type, "value", resolution.failure_type),
        "message": resolution.error_message,
        "retries": int(retries) if retries is not None else None,
        "wait": next((wait for wait in waits if wait), None),
    }


def wait(component, message, body):
    """The seconds to wait."""
    return _waited(component, outcome_of(message["outcome"], body), message["attempt"])


def _waited(strategy, outcome, attempt):
    return strategy.backoff_time(response_or_exception=outcome, attempt_count=attempt)


def schema(component, message, body):
    """The JSON Schema of the stream."""
    return component.get_json_schema()


def migrate(component, message, body):
    """A state in today's shape."""
    state = message["state"]
    return component.migrate(state) if component.should_migrate(state) else state


def decode(component, message, body):
    """The elements in a response."""
    return batches(component.decode(response_of(message["response"], body)))


def change_config(component, message, body):
    """The inputs, changed."""
    component.transform(message["config"])
    return message["config"]


def validate(component, message, body):
    """Raises what the component says against a value."""
    try:
        component.validate(message["value"])
    except ValueError as error:
        return str(error)
    return None


def retrieve(component, message, body):
    """The records of a slice."""
    asked = {"records_schema": message["schema"], "stream_slice": slice_of(message["slice"])}
    known = inspect.signature(component.read_records).parameters
    takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in known.values())
    found = component.read_records(**{name: value for name, value in asked.items() if takes_all or name in known})
    return batches(record for record in map(record_of, found) if record is not None)


ROLES = {
    one.__name__: one
    for one in (
        *(extract, transform, keep, normalize, authenticate, refresh, send, partitions, has_parents, options),
        *(first_page, next_page, judge, wait, schema, migrate, decode, change_config, validate, retrieve),
    )
}
