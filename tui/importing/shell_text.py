"""Shell text as people paste it, split into commands as bash would split them. Nothing is executed.

Variables that the text itself sets are filled in; those that it does not set, and the output of commands, stay as
marks (see `marked`), so that whoever reads the words can ask for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tui.importing.drafts import ImportRefused
from tui.importing.marks import MARK, marked, without_marks
from tui.importing.secret_names import is_secret_name

_MOST_COMMANDS = 500
_DEEPEST = 8
_LONGEST_WORD = 8_000_000
"""Characters of a word after its variables are filled in: a few lines can make it grow without end."""

_OUTPUT = "value"
"""The name of what a command would print."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ARGUMENT = re.compile(r"[0-9@*]")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=", re.DOTALL)
_CONTINUED = re.compile(r"\\[ \t]*\r?\n")
_OPERATOR = re.compile(r"\|\||\|&|\||&&|;;|;|&(?!>)|\n|[()]")
_REDIRECTION = re.compile(r"(?:\d*|&)(<<<|<<-|<<|<>|<&|>&|>>|>\||>|<)")
_PROMPT = re.compile(r"(?m)^[ \t]*(?:[$%❯›] |PS [^>\n]{0,200}> )(?=\S)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_PLACE = re.compile(r"<([A-Za-z](?:[A-Za-z0-9_. -]{0,60}[A-Za-z0-9_])?)>")
"""Where documentation leaves a place for a value, without quotes around it."""
_WORD_BREAKS = frozenset(" \t\r\n|&;()<>")
_DECLARES = frozenset({"export", "declare", "local", "readonly", "typeset", "set"})


@dataclass(slots=True)
class Command:
    """One command: its words, and what it is given on its standard input where that is known."""

    words: list[str] = field(default_factory=list)
    stdin: str | None = None
    is_piped: bool = False
    """Whether its output goes into the next command."""


@dataclass(slots=True)
class _HereDocument:
    command: Command
    end: str
    is_literal: bool
    strips_tabs: bool


@dataclass(slots=True)
class Script:
    """The commands of a text, those in `$(...)` before the one that they are in.

    `known` are the values of the marks in their words, as far as the text sets them.
    """

    commands: list[Command]
    known: dict[str, str] = field(default_factory=dict, repr=False)


def script_of(text: str) -> Script:
    """Split a text into commands. Raises ImportRefused."""
    reader = _Reader(without_prompts(without_marks(text)), {}, {}, 0)
    return Script(reader.commands(), reader.known)


def without_prompts(text: str) -> str:
    """The text without the prompts of a terminal, when its first line begins with one."""
    return _PROMPT.sub("", text) if _PROMPT.match(text.lstrip()) else text


def unescaped(text: str) -> str:
    """What stands between `$'` and `'` in plain letters."""

    def one(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "uUx" and len(code) > 1:
            number = int(code[1:], 16)
            return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else found[0]
        if code[0] in "01234567":
            return chr(int(code, 8) % 256)
        return _ESCAPES.get(code, code if code in "\\'\"?" else found[0])

    return _ESCAPE.sub(one, text)


class _Reader:
    """Reads a text from its beginning to its end. `variables` are those that are set so far."""

    def __init__(self, text: str, variables: dict[str, str], known: dict[str, str], depth: int) -> None:
        if depth > _DEEPEST:
            raise ImportRefused("The commands are nested too deeply to be read.")
        self._text = text
        self._variables = variables
        self.known = known
        self._depth = depth
        self._at = 0
        self._found: list[Command] = []
        self._open = Command()
        self._pending: list[_HereDocument] = []

    def commands(self) -> list[Command]:
        while self._at < len(self._text):
            self._step()
        self._end_command()
        return self._found

    # Commands

    def _step(self) -> None:
        text, at = self._text, self._at
        if text[at] in " \t\r":
            self._at += 1
        elif continued := _CONTINUED.match(text, at):
            self._at = continued.end()
        elif text[at] == "#":
            end = text.find("\n", at)
            self._at = end if end >= 0 else len(text)
        elif not _PLACE.match(text, at) and (redirection := _REDIRECTION.match(text, at)):
            self._at = redirection.end()
            self._redirect(redirection[1])
        elif operator := _OPERATOR.match(text, at):
            self._at = operator.end()
            self._operate(operator[0])
        else:
            self._open.words.append(self._word())

    def _operate(self, operator: str) -> None:
        self._open.is_piped = operator in ("|", "|&")
        if operator == "\n":
            self._read_here_documents()
        self._end_command()

    def _end_command(self) -> None:
        command, self._open = self._open, Command()
        words = self._without_assignments(command.words)
        if not words:
            return
        if len(self._found) >= _MOST_COMMANDS:
            raise ImportRefused(f"More than {_MOST_COMMANDS} commands are not read.")
        command.words = words
        before = self._found[-1] if self._found else None
        if before is not None and before.is_piped and command.stdin is None:
            command.stdin = _printed(before)
        self._found.append(command)

    def _without_assignments(self, words: list[str]) -> list[str]:
        """The words of a command behind `NAME=value`; variables that are set by it are remembered."""
        place = 0
        declares = bool(words) and words[0] in _DECLARES
        place += declares
        while place < len(words) and (declares or _ASSIGNMENT.match(words[place])):
            found = _ASSIGNMENT.match(words[place])
            if found:
                self._set(found[1], words[place][found.end() :], adds=bool(found[2]))
            place += 1
        return words[place:]

    def _set(self, name: str, value: str, *, adds: bool) -> None:
        if value == marked(_OUTPUT):  # of a command: it is asked for by the name of the variable
            self._variables.pop(name, None)
        else:
            self._variables[name] = (self._variables.get(name, "") if adds else "") + value

    # Redirections

    def _redirect(self, operator: str) -> None:
        while self._at < len(self._text) and self._text[self._at] in " \t":
            self._at += 1
        start = self._at
        word = self._word() if self._at < len(self._text) else ""
        if operator == "<<<":
            self._open.stdin = word + "\n"
        elif operator in ("<<", "<<-"):
            is_literal = any(letter in self._text[start : self._at] for letter in "'\"\\")
            self._pending.append(_HereDocument(self._open, word, is_literal, operator == "<<-"))

    def _read_here_documents(self) -> None:
        pending, self._pending = self._pending, []
        for one in pending:
            lines = []
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = end if end >= 0 else len(self._text)
                line = self._text[self._at : end].removesuffix("\r")
                self._at = min(end + 1, len(self._text))
                line = line.lstrip("\t") if one.strips_tabs else line
                if line == one.end:
                    break
                lines.append(line + "\n")
            content = "".join(lines)
            one.command.stdin = content if one.is_literal else self._expanded(content)

    def _expanded(self, text: str) -> str:
        """A text that is not quoted, with variables filled in as in a here-document."""
        inner = _Reader(text, self._variables, self.known, self._depth + 1)
        parts = []
        while inner._at < len(text):
            parts.append(inner._in_double_quotes(also_quotes=True))
        self._found += inner._found
        return "".join(parts)

    # Words

    def _word(self) -> str:
        parts: list[str] = []
        length = 0
        while self._at < len(self._text) and not self._is_break():
            part = self._part()
            length += len(part)
            if length > _LONGEST_WORD:
                raise ImportRefused("A word of the command is too long to be read.")
            parts.append(part)
        return "".join(parts)

    def _is_break(self) -> bool:
        return self._text[self._at] in _WORD_BREAKS and not _PLACE.match(self._text, self._at)

    def _part(self) -> str:
        text, at = self._text, self._at
        match text[at]:
            case "<" if place := _PLACE.match(text, at):
                self._at = place.end()
                return marked(place[1])
            case "'":
                return self._until("'", 1)
            case '"':
                return self._double_quoted()
            case "\\":
                if continued := _CONTINUED.match(text, at):
                    self._at = continued.end()
                    return ""
                self._at += 2
                return text[at + 1 : at + 2]
            case "$" if text.startswith("$'", at):
                return self._escaped()
            case "$" if text.startswith('$"', at):
                self._at += 1
                return self._double_quoted()
            case "$":
                return self._variable()
            case "`":
                return self._output(self._until("`", 1))
        self._at += 1
        return text[at]

    def _until(self, end: str, skip: int) -> str:
        """What stands up to an end that is on this level, which is passed."""
        start = self._at + skip
        found = self._text.find(end, start)
        if found < 0:
            raise ImportRefused(f"The command can't be read: a closing {end} is missing.")
        self._at = found + len(end)
        return self._text[start:found]

    def _escaped(self) -> str:
        found = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL).match(self._text, self._at)
        if found is None:
            raise ImportRefused("The command can't be read: a closing ' is missing.")
        self._at = found.end()
        return unescaped(found[1])

    def _double_quoted(self) -> str:
        self._at += 1
        parts = []
        while self._at < len(self._text) and self._text[self._at] != '"':
            parts.append(self._in_double_quotes())
        if self._at >= len(self._text):
            raise ImportRefused("The command can't be read: a closing \" is missing.")
        self._at += 1
        return "".join(parts)

    def _in_double_quotes(self, *, also_quotes: bool = False) -> str:
        """The next part of a text between double quotes; `also_quotes`: in which quotes mean themselves."""
        text, at = self._text, self._at
        if text[at] == "$":
            return self._variable()
        if text[at] == "`":
            return self._output(self._until("`", 1))
        if text[at] == "\\":
            following = text[at + 1 : at + 2]
            if continued := re.compile(r"\\\r?\n").match(text, at):
                self._at = continued.end()
                return ""
            if following and following in ("$`\\" if also_quotes else '$`"\\'):
                self._at += 2
                return following
        stops = "$`\\" if also_quotes else '$`"\\'
        end = at + 1
        while end < len(text) and text[end] not in stops:
            end += 1
        self._at = end
        return text[at:end]

    # Variables

    def _variable(self) -> str:
        text, at = self._text, self._at
        if text.startswith("$((", at) or text.startswith("$(", at):
            return self._output(self._in_parentheses())
        if text.startswith("${", at):
            return self._braced()
        found = _NAME.match(text, at + 1) or _ARGUMENT.match(text, at + 1)
        if found is None:
            self._at += 1
            return "$"
        if found[0] in "@*":
            self._at = found.end()
            return ""
        self._at = found.end()
        return self._value(found[0])

    def _value(self, name: str) -> str:
        """What a variable is filled in with: a mark, where it is not set, or named like a secret."""
        if name.isdigit():
            return marked(f"argument {name}")
        value = self._variables.get(name)
        if value is None:
            return marked(name)
        if not value or not is_secret_name(name) or MARK.search(value):
            return value
        unique, number = name, 2
        while self.known.setdefault(unique, value) != value:
            unique, number = f"{name}_{number}", number + 1
        return marked(unique)

    def _braced(self) -> str:
        """`${NAME}`, or with a default or another operator, of which only defaults count."""
        inside = self._in_brackets("{", "}", 2)
        found = _NAME.match(inside)
        if found is None:
            return marked(_OUTPUT)
        rest = inside[found.end() :]
        if rest.startswith("["):
            raise ImportRefused(f"Arrays of the shell are not read: write what is in {found[0]} into the command.")
        default = re.match(r":?([-=])", rest)
        if default is None or self._variables.get(found[0]):
            return self._value(found[0])
        return self._expanded(rest[default.end() :])

    def _in_parentheses(self) -> str:
        return self._in_brackets("(", ")", 2)

    def _in_brackets(self, opening: str, closing: str, skip: int) -> str:
        """What stands up to the bracket that closes this one; quotes are passed as a whole."""
        text, start = self._text, self._at + skip
        depth, at = 1, start
        quoted = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.", re.DOTALL)
        while at < len(text):
            if found := quoted.match(text, at):
                at = found.end()
                continue
            depth += (text[at] == opening) - (text[at] == closing)
            if not depth:
                self._at = at + 1
                return text[start:at]
            at += 1
        raise ImportRefused(f"The command can't be read: a closing {closing} is missing.")

    def _output(self, command: str) -> str:
        """A mark for the output of a command; its own commands are kept, since one of them may be a `curl`."""
        try:
            inner = _Reader(command, dict(self._variables), self.known, self._depth + 1).commands()
        except ImportRefused:
            if self._depth + 1 >= _DEEPEST:
                raise
            return marked(_OUTPUT)
        self._found += [one for one in inner if one.words]
        printed = _printed(inner[0]) if len(inner) == 1 and inner[0].words[0] in ("echo", "printf") else None
        return marked(_OUTPUT) if printed is None else printed.rstrip("\n")


def _printed(command: Command) -> str | None:
    """What a command prints, where that is plain to see."""
    match command.words:
        case ["echo", *words]:
            options = [word for word in words[:1] if re.fullmatch(r"-[neE]+", word)]
            end = "" if options and "n" in options[0] else "\n"
            return " ".join(words[len(options) :]) + end
        case ["printf", text] if "%" not in text:
            return unescaped(text)
        case ["printf", "%s" | "%s\\n", text]:
            return text
        case ["cat"] | ["cat", "-"]:
            return command.stdin
    return None
