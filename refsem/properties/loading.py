"""A property file on disk becomes a property: the suffix says how it is read.

`.vnnlib` is VNN-LIB 1.0, `.vnnlib.gz` the same compressed. At most `MAXIMUM_BYTES` are read, and
at most as many come out of a compressed file, so a wrong file costs a bounded amount of memory.

Not here: `.toml` properties, which speak of a model (`refsem.properties.stated`).
"""

import gzip
import stat
import zlib
from io import BytesIO
from pathlib import Path

from refsem.errors import InputError
from refsem.properties.property import Property
from refsem.properties.sexpressions import Source
from refsem.properties.vnnlib import read_vnnlib

MAXIMUM_BYTES = 64 * 2**20


def load_property(path: Path) -> Property:
    """The property stated by a file.

    Raises InputError, with line and column where there is one, for a file that is missing, too
    large, of another kind, or does not state a property.
    """
    name = path.name.lower()
    if name.endswith(".toml"):
        raise InputError(str(path), "", "a property in TOML says nothing without its model")
    if not name.endswith((".vnnlib", ".vnnlib.gz")):
        raise InputError(str(path), "", "a property file ends in .vnnlib or .vnnlib.gz")
    data = _read(path)
    if name.endswith(".gz"):
        data = _decompressed(path, data)
    return read_vnnlib(_decoded(path, data))


def _read(path: Path) -> bytes:
    """The bytes of a regular file of bounded size; InputError for anything else."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(str(path), "", "not a regular file")
        _refuse_excess(path, status.st_size)
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise InputError(str(path), "", f"cannot be read: {reason or error}") from None
    _refuse_excess(path, len(data))
    return data


def _refuse_excess(path: Path, size: int) -> None:
    """Nothing, when `size` bytes are few enough; else an InputError."""
    if size > MAXIMUM_BYTES:
        raise InputError(str(path), "", f"larger than the {MAXIMUM_BYTES} bytes read at most")


def _decompressed(path: Path, data: bytes) -> bytes:
    """What the gzip file `data` holds, of bounded size; InputError when it is broken."""
    try:
        with gzip.open(BytesIO(data)) as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(str(path), "", f"not a complete gzip file: {error}") from None
    _refuse_excess(path, len(content))
    return content


def _decoded(path: Path, data: bytes) -> Source:
    """The text of the bytes; InputError, at the first wrong byte, when they are not UTF-8."""
    try:
        return Source(str(path), data.decode("utf-8"))
    except UnicodeDecodeError as error:
        before = Source(str(path), data[: error.start].decode("utf-8"))
        raise before.error(len(before.text), "not UTF-8 text") from None
