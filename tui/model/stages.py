"""How far an asynchronous stream is described: which stages of its job can be tried although later ones are not there
yet, and the connector to try them with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.components.stream import DeclarativeStream, Stream
from core.connector import Connector
from core.connector.building import TreeBuilder
from core.events import Stage
from core.manifest.problems import ManifestError, Path, Severity
from tui.model.layout import tab_of
from tui.model.new_components import ASYNC, new_retriever
from tui.model.problems import Finding
from tui.model.session import BuilderSession

_NOWHERE = {"type": "HttpRequester", "url": "https://not-described.invalid"}
_STAND_INS: Mapping[str, Any] = {
    "polling_requester": _NOWHERE,
    "status_extractor": {"type": "DpathExtractor", "field_path": ["status"]},
    "status_mapping": {"type": "AsyncJobStatusMap", "running": [], "completed": [], "failed": [], "timeout": []},
    "download_requester": _NOWHERE,
    "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
}
"""What a retriever must have, in the place of what is not described yet; no read gets that far."""
_STATUS = "status_extractor"
_POLLING = (_STATUS, "status_mapping")
_DOWNLOAD = (
    *("download_requester", "download_decoder", "record_selector", "download_extractor"),
    *("download_target_extractor", "download_target_requester"),
)
"""What says nothing of a stage as long as it is as in a new stream."""
_REQUEST = "download_requester"
_TARGET = "download_target_extractor"
_TARGET_REQUEST = "download_target_requester"


def stage_of_tab(title: str) -> Stage | None:
    """The stage that a tab describes; None for the others."""
    return next((stage for stage in Stage if stage == title), None)


def are_one(session: BuilderSession, stream: int) -> bool:
    """Whether a stream can only be tried when all of its stages are described: of what is made or chosen, a read has
    more to do than the stages say.
    """
    place = session.view.place(stream)
    return place.is_template or place.chosen_by is not None


def runnable(session: BuilderSession, stream: int) -> Stage | None:
    """The last stage that can be tried: neither its fields nor those of the stages before it have errors.

    None: not even the creation can. The session must have been checked.
    """
    wrong = {stage for stage, _ in _errors(session, stream)}
    last = None
    for stage in Stage:
        if stage in wrong:
            break
        last = stage
    return last


def described(session: BuilderSession, stream: int) -> Stage | None:
    """The last stage that a test of the whole stream can go through: what is as empty as in a new stream is not
    described, although it may be tried on its own.
    """
    last = runnable(session, stream)
    retriever = session.value((*session.streams.path(stream), "retriever"))
    if last in (Stage.POLLING, Stage.DOWNLOAD) and _is_new(retriever, _POLLING):
        return Stage.CREATION
    if last is Stage.DOWNLOAD and _is_new(retriever, _DOWNLOAD):
        return Stage.POLLING
    return last


def missing_field(session: BuilderSession, stream: int, stage: Stage) -> Path | None:
    """The first field, as a path from the stream, that keeps a stage from being described; None where nothing does.

    The session must have been checked.
    """
    retriever = session.value((*session.streams.path(stream), "retriever"))
    errors = errors_up_to(session, stream, stage)
    if errors:
        return session.streams.inside(errors[0].path)
    if stage is not Stage.CREATION and _is_new(retriever, _POLLING):
        return ("retriever", _STATUS, "field_path")
    if stage is Stage.DOWNLOAD and _is_new(retriever, _DOWNLOAD):
        return ("retriever", _TARGET, "field_path")
    return None


def fit_download(session: BuilderSession, retriever: Path, *, with_polls: bool) -> None:
    """Take the download out of a retriever whose records come with the polls, as long as nobody has described one; put
    it back, to be described, once they don't come with the polls any more.
    """
    start, written = new_retriever(ASYNC), session.value(retriever)
    request, target = written.get(_REQUEST), written.get(_TARGET)
    if with_polls and request == start[_REQUEST] and target in (None, start[_TARGET]):
        session.unset((*retriever, _REQUEST))
        if target is not None:
            session.unset((*retriever, _TARGET))
    elif not with_polls and request is None:
        session.set((*retriever, _REQUEST), start[_REQUEST])
        if target is None:
            session.set((*retriever, _TARGET), start[_TARGET])


def errors_up_to(session: BuilderSession, stream: int, last: Stage) -> list[Finding]:
    """The errors that keep the stages up to one from being tried, in the order of the forms."""
    order = list(Stage)
    found = [one for stage, one in _errors(session, stream) if stage and order.index(stage) <= order.index(last)]
    known = {one.path: place for place, one in enumerate(session.in_order(session.streams.around(stream)))}
    return sorted(found, key=lambda one: known.get(one.path, len(known)))


def reveal_up_to(session: BuilderSession, stream: int, last: Stage) -> None:
    """Show the problems of the stages up to one from now on; the tabs after it stay as quiet as they were."""
    own = session.streams.around(stream)
    paths: list[Path] = []
    for tab in session.tabs(stream):
        stage = stage_of_tab(tab.title)
        if stage is None:
            break
        paths += [(*own, *entry.path) for entry in tab]
        if stage is last:
            break
    session.reveal(*paths, *(one.path for one in errors_up_to(session, stream, last)))


def connector_up_to(session: BuilderSession, stream: int, last: Stage) -> Connector:
    """The connector with a stream whose stages after `last` are as described, as far as they can be.

    Raises `ManifestError` when the stages up to `last` can't be tried.
    """
    connector, path = session.connector, session.streams.path(stream)
    name = session.streams.name(stream)
    if connector.source is None or name not in connector.broken or are_one(session, stream):
        return connector
    view = session.view

    def written(path: Path) -> str | None:
        origin = view.origin(path)
        return None if origin is None else view.document.written(origin)

    builder = TreeBuilder(written)
    built = builder.build(_without_later_errors(session, stream, last), Stream, path, frozenset())
    errors = [one for one in builder.problems if one.severity is Severity.ERROR]
    if errors or not isinstance(built, DeclarativeStream):
        raise ManifestError(errors or connector.broken[name])
    return connector.with_stream(path, built)


def _errors(session: BuilderSession, stream: int) -> Iterator[tuple[Stage | None, Finding]]:
    """All errors of a stream, each with the stage whose tab it is in; None: it is in a tab that is no stage."""
    tabs = session.tabs(stream)
    for one in session.stream_problems(stream, all_of_them=True):
        if one.is_error:
            tab, _ = tab_of(tabs, session.streams.inside(one.path))
            yield stage_of_tab(tabs[tab].title) if tabs else Stage.CREATION, one


def _is_new(retriever: Any, keys: Iterable[str]) -> bool:
    """Whether these parts of a retriever are as they are in a new stream."""
    start = new_retriever(ASYNC)
    return isinstance(retriever, dict) and all(retriever.get(key) == start.get(key) for key in keys)


def _without_later_errors(session: BuilderSession, stream: int, last: Stage) -> dict[str, Any]:
    """The stream with what is wrong in later tabs taken out; the retriever gets stand-ins for what it must have."""
    own = session.streams.path(stream)
    tree = dict(session.value(own) or {})
    retriever = dict(tree["retriever"])
    wanted = {one.path for one in errors_up_to(session, stream, last)}
    for _, one in _errors(session, stream):
        match one.path[len(own) :]:
            case _ if one.path in wanted:
                pass
            case ("retriever", str(key), *_):
                retriever.pop(key, None)
                if key == _TARGET_REQUEST:
                    retriever.pop(_TARGET, None)
            case (str(key), *_) if key not in ("retriever", "name", "type"):
                tree.pop(key, None)
    tree["retriever"] = {**_STAND_INS, **retriever}
    return tree
