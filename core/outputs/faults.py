"""What went wrong with an output, said for people."""

from __future__ import annotations

import errno
from pathlib import Path

from core.errors import LonghaulError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EACCES: "there is no permission to write there; change the permissions or choose another place",
    errno.EPERM: "there is no permission to write there; change the permissions or choose another place",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOENT: "the directory is gone or does not exist; create it and run again",
    errno.ENOTDIR: "a part of the path is a file, not a directory; choose another place",
    errno.ENOLCK: "the file system has no locks, so that other runs could write there too; choose another place",
    errno.EOPNOTSUPP: "the file system can't do what is needed there; choose another place",
    errno.EEXIST: "something else of this name is in the way; move it away and run again",
    errno.ELOOP: "symbolic links lead in a circle, or to a place that changed meanwhile; choose another place",
    errno.EISDIR: "there is a directory of this name; choose another name",
    errno.ENAMETOOLONG: "the name is too long for this file system; choose a shorter one",
    errno.EFBIG: "the file grew larger than the system allows; raise the limit (`ulimit -f`) or choose another place",
    errno.EMFILE: "too many files are open; raise the limit (`ulimit -n`) or read fewer streams at once",
}


class OutputError(LonghaulError):
    """Records, state or a trace can't be written (or an earlier file not be continued)."""

    @classmethod
    def of(cls, path: Path, error: OSError) -> OutputError:
        """What an error of the operating system means for the file at `path`."""
        reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
        return cls(f"{path} can't be written: {reason}.")
