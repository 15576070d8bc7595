"""What the name of a status suggests that it means."""

from __future__ import annotations

import re

from core.jobs.statuses import JobStatus

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_NAMES = (
    (re.compile(r"\b(no ?(data|results?|records?|content)|empty|skip\w*)"), JobStatus.SKIPPED),
    (re.compile(r"\btime(d)? ?out"), JobStatus.TIMEOUT),
    (re.compile(r"\b(not|un\w+|in) ?(ready|complete\w*|finish\w*|done|start\w*|available)"), JobStatus.RUNNING),
)
"""Names that mean one thing whatever else is in them, the first that fits."""
_WORDS = {
    JobStatus.FAILED: re.compile(
        r"\b(fail|err|abort(?!ing)|cancel(?!l?ing)|reject|denied|fatal|expire|kill|invalid|terminat|unsuccess|crash|broken|dead|lost"
        r"|revoked|exception|declined|deleted)"
    ),
    JobStatus.RUNNING: re.compile(
        r"progress|partial|\b((run|pend|process|execut|wait|build|generat|prepar|load|compil|finish|complet|validat|export"
        r"|import|work|start|initializ|schedul|abort|cancel|retry|runn|cancell)ing\b|queue|enqueue|inqueue|run\b|submit|creat|start"
        r"|initi|accept|schedul|new\b|active|received|busy|wait|defer|ongoing|pend)"
    ),
    JobStatus.COMPLETED: re.compile(
        r"\b(ready|done|complete(d|ly)?\b|succe|finish(ed)?\b|available|processed|generated|executed|ended|ok\b|passed"
        r"|fulfilled|exported)|(?<!in)complete(d)?\b"
    ),
}
"""Words that mean one thing, unless others that mean something else are beside them."""

_WHEN_TRUE = (
    (re.compile(r"done|complet|ready|finish|succe|available|exists"), JobStatus.COMPLETED, JobStatus.RUNNING),
    (re.compile(r"fail|err|cancel|abort"), JobStatus.FAILED, JobStatus.RUNNING),
    (re.compile(r"run|pend|progress|process|active|busy|wait"), JobStatus.RUNNING, JobStatus.COMPLETED),
)
"""What `true` and `false` mean at a place whose last key is called so."""
_PERCENT = re.compile(r"progress|percent|pct")
_HTTP_STATUS = re.compile(r"^(http ?)?status ?code$")


def suggested_meaning(status: str, place: str = "") -> JobStatus | None:
    """What a status of an API is likely to mean; None when its name leaves that open.

    `place` is where it was found, such as `job.done`: its last key says what true, false and numbers mean.
    """
    words = _words(status)
    key = _words(place.strip("`").rpartition(".")[2])
    if words in ("true", "false"):
        return next((yes if words == "true" else no for name, yes, no in _WHEN_TRUE if name.search(key)), None)
    if words in ("none", "null"):
        return JobStatus.RUNNING
    if words.replace(" ", "").isdigit():
        return _of_number(status, key)
    for name, meaning in _NAMES:
        if name.search(words):
            return meaning
    found = [meaning for meaning, pattern in _WORDS.items() if pattern.search(words)]
    return found[0] if len(found) == 1 else None


def _of_number(status: str, key: str) -> JobStatus | None:
    try:
        number = float(status)
    except ValueError:
        return None
    if _PERCENT.search(key):
        return JobStatus.COMPLETED if number >= 100 else JobStatus.RUNNING if number != 1 else None
    if _HTTP_STATUS.match(key):
        return {200: JobStatus.COMPLETED, 202: JobStatus.RUNNING, 204: JobStatus.SKIPPED, 410: JobStatus.FAILED}.get(
            int(number)
        )
    return None


def _words(text: str) -> str:
    """The words of a name in lower case, with one space between them, however it is written."""
    return _NO_WORD.sub(" ", _CAMEL.sub(" ", text).lower()).strip()
