"""Files of weights: which reader a file goes to.

Invariant: a file is data. Nothing in it is executed and no other file it names is opened.
"""

from pathlib import Path

from refsem.errors import InputError
from refsem.ir.loading import FILE_LIMIT, read_plain
from refsem.nn.safetensors import read_safetensors
from refsem.nn.state import State
from refsem.nn.torch_state import read_torch_state

TORCH = (".pt", ".pth", ".bin")


def read_state(path: Path) -> State:
    """The tensors of a `.safetensors` file or of a torch state dict (`.pt`, `.pth`, `.bin`).

    `InputError` where the file is neither, or not as its format states.
    """
    name = path.name.lower()
    if name.endswith(".safetensors"):
        return read_safetensors(read_plain(path), str(path))
    if name.endswith(TORCH):
        return read_torch_state(read_plain(path), str(path), FILE_LIMIT)
    expected = ", ".join((".safetensors", *TORCH))
    raise InputError(str(path), "", f"is not a file of weights: one of {expected} expected")
