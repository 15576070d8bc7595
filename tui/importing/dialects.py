"""Commands that were copied for other shells, such as "Copy as cURL (cmd)" of browsers, in the words of bash."""

from __future__ import annotations

import re
import shlex

_CARET_LINE = re.compile(r"\^[ \t]*\r?\n")
_BACKSLASH_LINE = re.compile(r"\\[ \t]*\r?\n")
_BACKTICK_LINE = re.compile(r"(?<=\s)`[ \t]*\r?\n")
_CURL_EXE = re.compile(r"(?m)^[ \t]*(?:&\s*)?\"?[^\s\"]*curl\.exe\b", re.I)
_POWERSHELL_SET = re.compile(r"(?m)^[ \t]*\$(?:env:)?([A-Za-z_]\w*)\s*=\s*(?=['\"\w])")


def in_bash(text: str) -> str:
    """The text, made into commands of bash where it is for `cmd` or PowerShell."""
    if _is_cmd(text):
        return "\n".join(shlex.join(words) for words in _cmd_commands(text))
    if _is_powershell(text):
        return _from_powershell(text)
    return text


def _is_cmd(text: str) -> bool:
    return '^"' in text or (_CARET_LINE.search(text) is not None and not _BACKSLASH_LINE.search(text))


def _is_powershell(text: str) -> bool:
    if _BACKSLASH_LINE.search(text):
        return False
    return any(sign.search(text) for sign in (_BACKTICK_LINE, _POWERSHELL_SET)) or bool(
        _CURL_EXE.search(text) and "`" in text
    )


# cmd: first carets are taken out, then the program itself splits what is left


def _cmd_commands(text: str) -> list[list[str]]:
    lines = _without_carets(text.replace("\r\n", "\n")).split("\n")
    commands = (_windows_words(line.replace(_NEWLINE, "\n")) for line in lines)
    return [words for words in commands if words and words[0].lower() not in ("rem", "@echo", "set")]


_NEWLINE = "\ue002"
"""Stands for a line break that belongs to a word."""


def _without_carets(text: str) -> str:
    """The text as `cmd` hands it on: a caret takes the meaning from the letter behind it, a line break included."""
    out: list[str] = []
    quoted, at = False, 0
    while at < len(text):
        letter = text[at]
        if letter == "^" and not quoted:
            following = text[at + 1 : at + 2]
            if _CARET_LINE.match(text, at):
                at = text.index("\n", at) + 1
                if text[at : at + 1] == "\n":  # an empty line behind a caret is a line break in the word
                    out.append(_NEWLINE)
                    at += 1
                continue
            out.append(following)
            at += 2
            continue
        quoted = quoted != (letter == '"') if letter in '"\n' else quoted
        quoted = quoted and letter != "\n"
        out.append(letter)
        at += 1
    return "".join(out)


_WINDOWS_PART = re.compile(r'(\\*)"|\\+|([ \t]+)|[^\\" \t]+')


def _windows_words(line: str) -> list[str]:
    """The words of a command line as programs on Windows split it, where backslashes count before quotes only."""
    words: list[str] = []
    word, begun, quoted, at = "", False, False, 0
    while at < len(line):
        found = _WINDOWS_PART.match(line, at)
        if found is None:
            word, begun, at = word + line[at], True, at + 1
            continue
        at = found.end()
        if found[1] is not None:
            slashes = len(found[1])
            word, begun = word + "\\" * (slashes // 2), True
            if slashes % 2:
                word += '"'
            elif quoted and line[at : at + 1] == '"':
                word, at = word + '"', at + 1
            else:
                quoted = not quoted
        elif found[2] and not quoted:
            words += [word] if begun else []
            word, begun = "", False
        else:
            word, begun = word + found[0], True
    return [*words, word] if begun else words


# PowerShell

_POWERSHELL_PART = re.compile(
    r"""'(?P<single>(?:[^']|'')*)'|"(?P<double>(?:`.|""|[^"`])*)"|(?P<line>`[ \t]*\r?\n)|`(?P<escaped>.)"""
    r"""|(?P<set>(?m:^)[ \t]*\$(?:env:)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*)|\$env:(?P<env>[A-Za-z_]\w*)"""
    r"""|(?P<slash>\\)""",
    re.DOTALL | re.IGNORECASE,
)
_BACKTICKS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def _from_powershell(text: str) -> str:
    return re.sub(r"(?m)^([ \t]*)&[ \t]+(?=\S)", r"\1", _POWERSHELL_PART.sub(_one_of_powershell, text))


def _one_of_powershell(found: re.Match[str]) -> str:
    if found["single"] is not None:
        return shlex.quote(_handed_on(found["single"].replace("''", "'")))
    if found["double"] is not None:
        return _expandable(found["double"].replace('""', '"'))
    if found["line"] is not None:
        return " "
    if found["escaped"] is not None:
        return shlex.quote(_BACKTICKS.get(found["escaped"], found["escaped"]))
    if found["set"] is not None:
        return f"{found['name']}="
    return f"${{{found['env']}}}" if found["env"] is not None else r"\\"


def _expandable(text: str) -> str:
    """A text in which variables are filled in, in the double quotes of bash."""

    def one(part: re.Match[str]) -> str:
        if part["escaped"]:
            return _in_double_quotes(_BACKTICKS.get(part["escaped"], part["escaped"]))
        name = part["name"] or part["braced"]
        return f"${{{name}}}" if name else _in_double_quotes(part[0])

    plain = _handed_on(text)
    pattern = r"`(?P<escaped>.)|\$(?:env:)?(?P<name>[A-Za-z_]\w*)|\$\{(?:env:)?(?P<braced>[A-Za-z_]\w*)\}|."
    return '"' + re.sub(pattern, one, plain, flags=re.DOTALL | re.IGNORECASE) + '"'


def _handed_on(text: str) -> str:
    """A word as a program gets it from older PowerShells: they lose quotes that have no backslash before them."""
    return text.replace('\\"', '"').replace('\\`"', '`"')


def _in_double_quotes(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)
