"""Archives that state one size and hold another are refused, and not unpacked any further."""

import io
import tracemalloc
import zipfile
import zlib

import pytest

from refsem.errors import InputError
from refsem.untrusted.archives import open_archive

LIMIT = 1000
METHODS = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED}


def stating(content: bytes, size: int, method: int) -> bytes:
    """An archive of one file `a` whose entry states that size, and the sum of what is looked at."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as written:
        written.writestr("a", content)
        (entry,) = written.infolist()
        entry.file_size, entry.CRC = size, zlib.crc32(content[: size + 1])
    return file.getvalue()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("size", [0, 1, 100, LIMIT])
def test_a_file_as_long_as_stated_is_read(size: int, method: int) -> None:
    content = (bytes(range(256)) * 4)[:size]
    assert open_archive(stating(content, size, method), "f", LIMIT).read("a") == content


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize(("there", "stated"), [(101, 100), (1, 0), (10_000, 9), (99, 100), (0, 1)])
def test_another_length_than_stated_is_refused(there: int, stated: int, method: int) -> None:
    opened = open_archive(stating(b"x" * there, stated, method), "f", LIMIT)
    said = "more" if there > stated else "fewer"
    with pytest.raises(InputError, match=f"{said} than the {stated} bytes"):
        opened.read("a")


def test_what_was_not_stated_is_not_unpacked() -> None:
    data = stating(bytes(64 * 2**20), 10, zipfile.ZIP_DEFLATED)
    assert len(data) < 2**17
    opened = open_archive(data, "f", LIMIT)
    tracemalloc.start()
    with pytest.raises(InputError, match="more than the 10 bytes"):
        opened.read("a")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**20


def test_a_damaged_file_is_refused() -> None:
    data = stating(b"abc", 3, zipfile.ZIP_STORED).replace(b"abc", b"abd")
    with pytest.raises(InputError, match="Bad CRC-32"):
        open_archive(data, "f", LIMIT).read("a")
