"""State dicts as `torch.save` writes them: a zip archive of a pickle and raw storages.

The pickle is interpreted, never unpickled (`refsem.nn.state_pickle`). Nothing is unpacked to disk,
and the sizes that the archive states are added up before anything is read. A tensor is a part of
a storage, laid out row-major; other strides are refused by name.

Source: torch/serialization.py, the zip format of torch 2.1 and later (with its `byteorder`).
"""

from collections.abc import Mapping
from math import prod

import numpy as np

from refsem.errors import InputError
from refsem.ir.onnx_values import quoted
from refsem.nn.state import FLOAT32, State, Stored, too_long
from refsem.nn.state_pickle import View, read_pickle
from refsem.untrusted.archives import Archive, open_archive

WIDTHS: Mapping[str, int] = {
    **dict.fromkeys(("Double", "Long"), 8),
    **dict.fromkeys(("Float", "Int"), 4),
    **dict.fromkeys(("Half", "BFloat16", "Short"), 2),
    **dict.fromkeys(("Char", "Byte", "Bool"), 1),
}
PICKLE = "data.pkl"


def read_torch_state(data: bytes, file: str, limit: int) -> State:
    """The tensors of an archive's bytes; `InputError` where it is not as described above."""
    return _read(open_archive(data, file, limit), file, limit)


def _read(archive: Archive, file: str, limit: int) -> State:
    names = list(archive.sizes)
    folders = [name.removesuffix(f"/{PICKLE}") for name in names if name.endswith(f"/{PICKLE}")]
    if len(folders) != 1:
        raise InputError(file, "", f"has no {PICKLE}: not an archive of torch.save")
    parts = {
        name.removeprefix(f"{folders[0]}/"): name
        for name in names
        if name.startswith(f"{folders[0]}/")
    }
    if "byteorder" not in parts or archive.read(parts["byteorder"]) != b"little":
        raise InputError(file, "byteorder", "'little' was expected (torch 2.1 and later say it)")
    views = read_pickle(archive.read(parts[PICKLE]), file)
    total = sum(prod(view.shape) for view in views.values()) * max(WIDTHS.values())
    if total > 2 * limit:  # views may share a storage, so that few bytes are many entries
        raise InputError(file, "", f"tensors of {total} bytes; at most {2 * limit} are read")
    tensors: dict[str, Stored] = {}
    unpacked: dict[str, bytes] = {}  # each storage once, however many views it has
    for name, view in views.items():
        key = f"data/{view.storage.key}"
        if key not in parts:
            raise InputError(file, key, f"is missing in the archive, for {quoted(name)}")
        _check_view(view, archive.sizes[parts[key]], file, quoted(name))
        if view.storage.kind != "Float":
            tensors[name] = Stored(view.storage.kind.lower(), view.shape, None)
            continue
        if key not in unpacked:
            unpacked[key] = archive.read(parts[key])
        tensors[name] = _tensor(unpacked[key], view)
    return State(file, tensors)


def _check_view(view: View, there: int, file: str, name: str) -> None:
    """Nothing if the view lies row-major in its storage, which has as many bytes as it states."""
    size, stated = prod(view.shape), view.storage.entries * WIDTHS[view.storage.kind]
    if there != stated:
        raise InputError(file, name, f"a storage of {there} bytes where {stated} are stated")
    if message := too_long(view.shape):
        raise InputError(file, name, message)
    row_major = all(
        length == 1 or stride == prod(view.shape[axis + 1 :])
        for axis, (length, stride) in enumerate(zip(view.shape, view.strides, strict=True))
    )
    if size and not row_major:
        raise InputError(file, name, f"strides {list(view.strides)} of a tensor not laid row-major")
    if size and view.offset + size > view.storage.entries:
        message = f"entries {view.offset} to {view.offset + size} of {view.storage.entries}"
        raise InputError(file, name, message)


def _tensor(data: bytes, view: View) -> Stored:
    """The view's float32 entries in the bytes of its storage."""
    size, start = prod(view.shape), WIDTHS["Float"] * view.offset
    bits = np.frombuffer(data, "<u4", count=size, offset=start if size else 0)
    return Stored(FLOAT32, view.shape, bits.astype(np.uint32).reshape(view.shape))
