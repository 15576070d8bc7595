"""`longhaul --completion`: prints what lets a shell complete the options of this command, made by shtab."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from core.command.arguments import Arguments
from core.command.options import FORMATS, REPORTS, parser
from core.extras import load
from core.levels import Level

_FILES = frozenset({"MANIFEST", "FILE", "STATE", "DEST"})
"""What stands for a file in the help."""
_VALUES: Mapping[str, Sequence[str]] = {"format": tuple(dict.fromkeys((*REPORTS, *FORMATS))), "log_level": tuple(Level)}
"""The values of options that the parser itself leaves to later checks."""
_SAMPLES = "_longhaul_sample_or_file"
_SAMPLES_IN_BASH = """\
%s() {
  case " ${COMP_WORDS[*]} " in
    *" --demo "*) compgen -W "%s" -- "$1" ;;
    *) _shtab_compgen_files "$1" ;;
  esac
}"""


def print_completion(arguments: Arguments) -> int:
    """Print the completion for the shell that is named. Raises `MissingExtra`."""
    from sample_configs import names

    shtab = load("shtab", "Completions of the shell", "completion")
    for_samples = _SAMPLES_IN_BASH % (_SAMPLES, " ".join(names()))
    script = shtab.complete(_described(shtab.FILE), arguments.completion, preamble={"bash": for_samples})
    print(script, flush=True)
    return 0


def _described(files: Mapping[str, str]) -> argparse.ArgumentParser:
    """The parser, with what completes the value of each option."""
    described = parser()
    for action in described._actions:
        if action.dest in _VALUES:
            action.choices = list(_VALUES[action.dest])
        if action.metavar in _FILES:
            of_run = {**files, "bash": _SAMPLES} if action.dest in ("manifest", "run") else dict(files)
            action.complete = of_run  # type: ignore[attr-defined]  # where shtab looks for it
        if action.option_strings and action.nargs in ("?", "*"):  # what follows its value may be another option
            action.nargs = None
    return described
