"""libfaust fetches what a program imports from the network; its worker cannot."""

from __future__ import annotations

import platform
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import fad
from fad.runtime import engine_worker
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nx=1;"


class Server:
    """A server on this machine that counts who asks."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/x.lib"
        self.requests = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:  # closed
                return
            self.requests += 1
            with client:
                client.recv(1000)
                client.sendall(ANSWER)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


needs_filter = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in ("x86_64", "aarch64"),
    reason="the system cannot take sockets away",
)


@needs_filter
def test_libfaust_reaches_no_network(server: Server) -> None:
    text = f'import("{server.address}"); process = x;'
    alone = (
        "from cyfaust import cyfaust\n"
        f"print(cyfaust.expand_dsp_from_string('p', {text!r}, '-double'))"
    )
    done = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True)
    assert server.requests and "process = 1" in done.stdout  # so it does where it may
    before = server.requests
    with Engine() as engine:
        for request in (engine.expand, engine.cpp, engine.compile, engine.diagrams):
            with pytest.raises(EngineRefusal, match="unable to access URL"):
                request(text, "p.dsp")
    assert server.requests == before


@needs_filter
def test_a_file_that_only_libfaust_finds_reaches_no_network(server: Server, tmp_path: Path) -> None:
    """fad looks beside the importing file first, libfaust beside the program."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.lib").write_text('import("b.lib");')
    (tmp_path / "sub" / "b.lib").write_text("x = 1;")
    (tmp_path / "b.lib").write_text(f'import("{server.address}");')
    program = tmp_path / "p.dsp"
    program.write_text('import("sub/a.lib"); process = x;')
    assert "process = 1;" in fad.expand(program).source
    fad.write_diagrams(program, tmp_path / "diagrams")
    assert not server.requests


def test_fad_fetches_nothing(server: Server, tmp_path: Path) -> None:
    address = server.address
    for text in (
        f'import("{address}"); process = x;',
        f'process = library("{address}").x;',
        f'process = component("{address}");',
        f'import("{address.replace("http", "https")}"); process = x;',
    ):
        for command in (fad.expand, fad.transform, fad.check, fad.run, fad.estimate, fad.explain):
            with pytest.raises(fad.FadError, match="from the network"):
                command(text)
        with pytest.raises(fad.FadError, match="from the network"):
            fad.write_diagrams(text, tmp_path / "diagrams")
    assert not server.requests


def test_where_there_is_no_filter_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not engine_worker.without_network()
