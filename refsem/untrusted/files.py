"""Files read whole within a stated limit, and files that another file names beside itself.

A file may name others in its own folder only, by a plain name, and states their SHA-256: what is
read is what was meant, and nothing else on the machine is opened.
"""

import hashlib
import stat
from pathlib import Path

from refsem.errors import InputError
from refsem.untrusted.strict_json import Value


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most so many; `InputError` for anything else."""
    file = str(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(file, "", "is not a regular file")
        if status.st_size > limit:
            raise InputError(file, "", f"{status.st_size} bytes; at most {limit} are read")
        with path.open("rb") as opened:
            data = opened.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise InputError(file, "", reason or "cannot be read") from None
    if len(data) > limit:
        raise InputError(file, "", f"more than the {limit} bytes that are read")
    return data


def read_beside(name: Value, digest: Value, limit: int) -> tuple[str, bytes]:
    """The path and the bytes of the file of that name beside the file that states it.

    `InputError` for what is no plain name, cannot be read, or has another SHA-256 than `digest`.
    """
    text = name.text()
    if text in {"", ".", ".."} or any(character in text for character in "/\\:\0"):
        raise name.error("expected the plain name of a file in the same folder")
    path = Path(name.file).parent / text
    data = read_bounded(path, limit)
    found = hashlib.sha256(data).hexdigest()
    if digest.text() != found:
        raise digest.error(f"the SHA-256 of {text!r} is {found}")
    return str(path), data
