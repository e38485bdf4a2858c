"""WebAssembly for calls that may throw: what the packaged Lean's loader does in JavaScript.

The package was compiled so that each C++ call under a handler goes through a JavaScript function,
`invoke_viii` and others by signature: it saves the stack pointer, calls a function of the table
and, where that throws a number, restores the stack pointer and records that something was thrown.
A fifth of Lean's time went into going there and back. Here the same is written in WebAssembly.

There are two modules, for the package's own module wants its imports before it has a table:
`FORWARDING` exports the functions and calls whatever stands in its table; `CATCHING`, made once
there are table and stack pointer, holds what is put there.

Source: WebAssembly Core Specification 2.0, §5 (binary format); for `try`, `catch` and `rethrow`
the legacy Exception Handling Proposal; for `WebAssembly.JSTag` the JavaScript API of it.
"""

from collections.abc import Iterable, Sequence

_VALUE = {"i": 0x7F, "j": 0x7E, "f": 0x7D, "d": 0x7C}
_ZERO = {
    "v": b"",
    "i": b"\x41\x00",
    "j": b"\x42\x00",
    "f": b"\x43" + bytes(4),
    "d": b"\x44" + bytes(8),
}
_EXTERN, _FUNCTION, _NOTHING = 0x6F, 0x70, 0x40
_TABLE, _TAG, _CALLED = b"\x01", b"\x04", b"\x00"
_HELPERS = ("save", "restore", "threw", "isNumber")
"""The imported functions that are called by their places, from 0 on."""
_HEADER = b"\0asm\x01\0\0\0"


def forwarding(signatures: Sequence[str]) -> bytes:
    """The module that exports `invoke_` of each signature, and `table` with a place for each.

    A signature is the result's letter (`v` for none) and those of the arguments.
    """
    own = len(signatures)
    bodies = (
        _body(b"\0", _passed(signature, 0) + b"\x41" + _signed(place) + b"\x11" + type_ + b"\0")
        for place, signature in enumerate(signatures)
        for type_ in (_number(place),)
    )
    table = bytes([_FUNCTION, 0]) + _number(own)
    exports = (*_exported(signatures, 0), _name("table") + _TABLE + b"\0")
    return _HEADER + b"".join(
        (
            _section(1, (_invoking(signature) for signature in signatures)),
            _section(3, (_number(place) for place in range(own))),
            _section(4, (table,)),
            _section(7, exports),
            _section(10, bodies),
        )
    )


def catching(signatures: Sequence[str]) -> bytes:
    """The module that does what `forwarding` forwards.

    Its imports, all of `env`: the `table` of functions; `save` and `restore` of the stack pointer;
    `isNumber`, of what was thrown; `threw`, which is told what to record; the `tag` of what
    JavaScript throws; and the functions in JavaScript, by their names.
    """
    own = len(signatures)
    types = [
        *(_invoking(signature) for signature in signatures),
        *(_type(signature[1:], signature[0]) for signature in signatures),
        _type("", "i"),
        _type("i", "v"),
        _type("ii", "v"),
        b"\x60\x01" + bytes([_EXTERN]) + b"\x01" + bytes([_VALUE["i"]]),
        b"\x60\x01" + bytes([_EXTERN]) + b"\0",
    ]
    called = (
        *((name, 2 * own + place) for place, name in enumerate(_HELPERS)),
        *((f"invoke_{signature}", place) for place, signature in enumerate(signatures)),
    )
    imports = (
        *(_name("env") + _name(name) + _CALLED + _number(type_) for name, type_ in called),
        _name("env") + _name("table") + _TABLE + bytes([_FUNCTION, 0, 0]),
        _name("env") + _name("tag") + _TAG + b"\0" + _number(2 * own + len(_HELPERS)),
    )
    return _HEADER + b"".join(
        (
            _section(1, types),
            _section(2, imports),
            _section(3, (_number(place) for place in range(own))),
            _section(7, _exported(signatures, len(called))),
            _section(
                10,
                (
                    _catching(signature, own + place, len(_HELPERS) + place)
                    for place, signature in enumerate(signatures)
                ),
            ),
        )
    )


def _catching(signature: str, called: int, otherwise: int) -> bytes:
    """The function of a signature, whose callee has one type and whose substitute has one place."""
    result = signature[0]
    pointer, thrown = (_number(len(signature) + place) for place in range(2))
    kind = bytes([_NOTHING if result == "v" else _VALUE[result]])
    parts = (
        # if the function of the table is not of this type: the one in JavaScript
        b"\x20\x00\x25\x00\xfb\x14" + _signed(called) + b"\x45\x04" + kind,
        _passed(signature, 0) + b"\x10" + _number(otherwise),
        # else: save, and try to call it
        b"\x05\x10\x00\x21" + pointer + b"\x06" + kind,
        _passed(signature, 1) + b"\x20\x00\x11" + _number(called) + b"\0",
        # catch what is thrown, restore, and rethrow it unless it is a number
        b"\x07\x00\x21" + thrown + b"\x20" + pointer + b"\x10\x01",
        b"\x20" + thrown + b"\x10\x03\x45\x04\x40\x09\x01\x0b",
        # record that something was thrown
        b"\x41\x01\x41\x00\x10\x02" + _ZERO[result],
        b"\x0b\x0b",
    )
    variables = b"\x02\x01" + bytes([_VALUE["i"]]) + b"\x01" + bytes([_EXTERN])
    return _body(variables, b"".join(parts))


def _invoking(signature: str) -> bytes:
    return _type("i" + signature[1:], signature[0])


def _type(arguments: str, result: str) -> bytes:
    given = bytes(_VALUE[letter] for letter in arguments)
    returned = b"" if result == "v" else bytes([_VALUE[result]])
    return b"\x60" + _number(len(given)) + given + _number(len(returned)) + returned


def _passed(signature: str, first: int) -> bytes:
    """The arguments from one on; the first of all is the index into the table."""
    return b"".join(b"\x20" + _number(place) for place in range(first, len(signature)))


def _exported(signatures: Iterable[str], imported: int) -> tuple[bytes, ...]:
    return tuple(
        _name(f"invoke_{signature}") + _CALLED + _number(imported + place)
        for place, signature in enumerate(signatures)
    )


def _body(variables: bytes, code: bytes) -> bytes:
    whole = variables + code + b"\x0b"
    return _number(len(whole)) + whole


def _section(number: int, parts: Iterable[bytes]) -> bytes:
    every = tuple(parts)
    content = _number(len(every)) + b"".join(every)
    return bytes([number]) + _number(len(content)) + content


def _name(text: str) -> bytes:
    return _number(len(text)) + text.encode()


def _number(value: int) -> bytes:
    """A natural number in LEB128."""
    digits = bytearray()
    while value >= 128:
        digits.append(value % 128 + 128)
        value //= 128
    return bytes([*digits, value])


def _signed(value: int) -> bytes:
    """A natural number as a signed one: its last digit must not look negative."""
    last = _number(value)
    return last if last[-1] < 64 else bytes([*last[:-1], last[-1] + 128, 0])
