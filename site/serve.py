"""Serves dist/site on this machine, and opens it.

make page
python site/serve.py --port 8001 --no-open
"""

from __future__ import annotations

import argparse
import os
import threading
import webbrowser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

SITE = Path(__file__).resolve().parents[1] / "dist" / "site"
HOST, PORT = "127.0.0.1", 8000


class Handler(SimpleHTTPRequestHandler):
    """Sends files, or their compressed copies to those that take them, as static hosts do."""

    extensions_map = {  # noqa: RUF012  (it is the base class's)
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }
    protocol_version = "HTTP/1.1"
    _is_compressed = False

    def send_head(self) -> BytesIO | BinaryIO | None:
        """The file to send, after the head of the answer."""
        self._is_compressed = False  # a connection has several requests
        path = self.translate_path(self.path)
        accepted = self.headers.get("Accept-Encoding", "")
        self._is_compressed = "gzip" in accepted and os.path.isfile(f"{path}.gz")
        return super().send_head()

    def translate_path(self, path: str) -> str:
        """The file for an address."""
        found = super().translate_path(path)
        return f"{found}.gz" if self._is_compressed else found

    def guess_type(self, path: Any) -> str:
        """The type of what is in a file, compressed or not."""
        return super().guess_type(str(path).removesuffix(".gz") if self._is_compressed else path)

    def end_headers(self) -> None:
        """Ends the head of an answer."""
        if self._is_compressed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Vary", "Accept-Encoding")
        # A new build counts at once; what has not changed is not sent again.
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def server(port: int = PORT) -> ThreadingHTTPServer:
    """A server of the site, for this machine only.

    Args:
        port: 0 for any that is free.
    """
    return ThreadingHTTPServer((HOST, port), partial(Handler, directory=str(SITE)))


def main() -> None:
    """Serves until Ctrl-C."""
    options = argparse.ArgumentParser(description="Serve dist/site.")
    options.add_argument("--port", type=int, default=PORT)
    options.add_argument("--no-open", action="store_true", help="Do not open a browser.")
    given = options.parse_args()
    if not (SITE / "index.html").exists():
        raise SystemExit("the site is not built: `make site` builds it")
    try:
        serving = server(given.port)
    except OSError as error:
        raise SystemExit(f"cannot serve on port {given.port}: {error.strerror}") from None
    with serving:
        address = f"http://{HOST}:{serving.server_port}"
        print(f"{address}, until Ctrl-C")
        if not given.no_open:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
