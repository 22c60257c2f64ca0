"""The site: what is in it, and how it is served on this machine."""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import pytest

from fad.base.cache import Cache
from fad.syntax import module, parser
from fad.syntax.libraries import own_folder, read_source
from tests.support.places import LIBRARIES, ROOT


def script(name: str) -> ModuleType:
    """A script of the site; its folder is called as a module of Python, and is no package."""
    spec = importlib.util.spec_from_file_location(f"site_{name}", ROOT / "site" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    found = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


build: Any = script("build")
serve: Any = script("serve")

# -- What is in it ------------------------------------------------------------------------------


def test_what_python_reads_in_a_page_is_that_of_the_checkout(tmp_path: Path) -> None:
    build.archive(tmp_path / "python.zip", build.python_files())
    build.archive(tmp_path / "again.zip", build.python_files())
    assert (tmp_path / "python.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    with ZipFile(tmp_path / "python.zip") as archive:
        names = set(archive.namelist())
        # What is kept of a text is known by these bytes, too.
        for name in ("fad/syntax/parser.py", "fad/syntax/faust.lark", "fad/lib/fad.lib"):
            assert archive.read(name) == (ROOT / name).read_bytes()
    assert {"fad/page/service.py", "lark/__init__.py", "networkx.py"} <= names
    assert {"numpy/__init__.py", "browser_engine.py"} <= names
    assert [name for name in names if name.startswith("cyfaust-") and "METADATA" in name]
    assert not [name for name in names if name.startswith(("fad/cli/", "fad/torch/"))]


def test_libraries_come_with_their_trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    # Two of them: all take ten seconds.
    build.prepare(cache, [LIBRARIES / "stdfaust.lib", own_folder() / "fad.lib"])
    files = dict(build.library_files(cache))
    assert files["cyfaust/resources/libraries/filters.lib"]
    kept = tmp_path / "fad" / "cache"
    kept.mkdir(parents=True)
    kept.chmod(0o700)
    for name, data in files.items():
        if name.startswith("cache/"):
            (kept.parent / name).write_bytes(data)

    def refuse(*arguments: object) -> None:
        raise AssertionError("this is parsed anew")

    monkeypatch.setattr(parser, "parse", refuse)
    for path in (LIBRARIES / "stdfaust.lib", own_folder() / "fad.lib"):
        assert module.load(read_source(path), Cache(kept)).names


def test_files_that_get_smaller_have_a_compressed_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "SITE", tmp_path)
    (tmp_path / "a.js").write_bytes(b"a" * 5000)
    (tmp_path / "small.js").write_bytes(b"a" * 50)
    (tmp_path / "b.zip").write_bytes(gzip.compress(bytes(range(256)) * 4, 9) * 40)
    build.compress()
    assert gzip.decompress((tmp_path / "a.js.gz").read_bytes()) == b"a" * 5000
    assert not (tmp_path / "small.js.gz").exists()


def test_too_large_a_site_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "SITE", tmp_path)
    monkeypatch.setattr(build, "MOST_FIRST", 0.01)
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "a").write_bytes(b"a" * 9000)
    build.tell_sizes()
    assert "0.01 MB  before the first transform" in capsys.readouterr().out
    (tmp_path / "engine" / "b").write_bytes(b"a" * 9000)
    with pytest.raises(SystemExit, match="that is too much"):
        build.tell_sizes()


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no `no-such-command`"):
        build.run("no-such-command", folder=tmp_path)
    with pytest.raises(SystemExit, match=r"failed \(3\)"):
        build.run(sys.executable, "-c", "raise SystemExit(3)", folder=tmp_path)


# -- How it is served ---------------------------------------------------------------------------


@pytest.fixture
def connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPConnection]:
    """A connection to a server of a small site."""
    monkeypatch.setattr(serve, "SITE", tmp_path)
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "a.mjs").write_text("plain")
    (tmp_path / "a.mjs.gz").write_bytes(gzip.compress(b"plain"))
    (tmp_path / "b.wasm").write_bytes(b"code")
    with serve.server(0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        yield connection
        connection.close()
        server.shutdown()


def asked(connection: HTTPConnection, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers=sent)
    response = connection.getresponse()
    return response, response.read()


def test_compressed_copies_are_sent_to_those_that_take_them(connection: HTTPConnection) -> None:
    # All on one connection: what one request was sent has nothing to do with the next one.
    response, data = asked(connection, "/a.mjs?version=1", Accept_Encoding="br, gzip")
    assert gzip.decompress(data) == b"plain"
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Type"] == "text/javascript"
    response, data = asked(connection, "/a.mjs", Accept_Encoding="identity")
    assert (data, response.headers["Content-Encoding"]) == (b"plain", None)
    response, data = asked(connection, "/b.wasm", Accept_Encoding="gzip")
    assert (data, response.headers["Content-Encoding"]) == (b"code", None)
    assert response.headers["Content-Type"] == "application/wasm"
    response, data = asked(connection, "/", Accept_Encoding="gzip")
    assert (data, response.headers["Content-Type"]) == (b"hello", "text/html")


def test_what_has_not_changed_is_not_sent_again(connection: HTTPConnection) -> None:
    response, _ = asked(connection, "/b.wasm")
    when = response.headers["Last-Modified"]
    response, data = asked(connection, "/b.wasm", If_Modified_Since=when)
    assert (response.status, data) == (304, b"")
    response, _ = asked(connection, "/nothing")
    assert response.status == 404


def test_a_site_that_is_not_built_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "SITE", tmp_path)
    monkeypatch.setattr("sys.argv", ["serve.py"])
    with pytest.raises(SystemExit, match="`make site` builds it"):
        serve.main()


def test_the_manifest_tells_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ENGINE", tmp_path)
    (tmp_path / "pyodide").mkdir()
    (tmp_path / "pyodide" / "a.wasm").write_bytes(b"abc")
    build.write_manifest()
    assert json.loads((tmp_path / "manifest.json").read_text()) == {"pyodide/a.wasm": 3}
