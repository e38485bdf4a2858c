"""Zip archives from outside: sizes added up beforehand, nothing unpacked to disk, no traceback.

Read are stored and deflated files of different names, each as long as the archive says: one that
unpacks to more is refused without being unpacked further. What the library raises for archives
that are none (of many kinds: bad checksums, encryption, names that are no text) becomes
`InputError`.
"""

import copy
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from refsem.errors import InputError

Answer = TypeVar("Answer")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that is open: the names of its files, and their bytes."""

    file: str
    archive: zipfile.ZipFile
    sizes: dict[str, int]
    """How many bytes each file has, by its name."""

    def read(self, name: str) -> bytes:
        """The bytes of a file that is there; `InputError` where they are damaged.

        Each call unpacks anew, so that callers read a file once.
        """
        data = _careful(self.file, lambda: self._unpacked(name))
        if len(data) != self.sizes[name]:
            more = len(data) > self.sizes[name]
            how = f"{'more' if more else 'fewer'} than the {self.sizes[name]} bytes that are stated"
            raise InputError(self.file, "", f"a file of the archive has {how}")
        return data

    def _unpacked(self, name: str) -> bytes:
        """A file's bytes, and one more where there is one.

        The library unpacks as much as it is asked for, and shows no more than the entry states:
        asked with one byte more, it shows whether the file goes on.
        """
        entry = copy.copy(self.archive.getinfo(name))
        entry.file_size += 1
        with self.archive.open(entry) as file:
            return file.read(entry.file_size)


def open_archive(data: bytes, file: str, limit: int) -> Archive:
    """The archive in some bytes; `InputError` where it is none, or unpacks to more than a limit."""
    archive = _careful(file, lambda: zipfile.ZipFile(io.BytesIO(data)))
    entries = archive.infolist()
    sizes = {entry.filename: entry.file_size for entry in entries}
    if len(sizes) != len(entries):
        raise InputError(file, "", "two files of the archive have one name")
    total = sum(sizes.values())
    if total > limit:
        raise InputError(file, "", f"unpacks to {total} bytes; at most {limit} are read")
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise InputError(file, "", "files of the archive are packed in a way that is not read")
    return Archive(file, archive, sizes)


def _careful(file: str, action: Callable[[], Answer]) -> Answer:
    """What the library answers; its many errors as one."""
    try:
        return action()
    except (
        *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
        *(NotImplementedError, RuntimeError, ValueError, OverflowError),
    ) as error:
        message = str(error).replace("\n", " ")[:200]
        raise InputError(file, "", f"is not a complete zip archive: {message}") from error
