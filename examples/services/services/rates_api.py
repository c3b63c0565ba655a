"""The API of rates as it is for tests: ``python services/rates_api.py 8080``."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer

RATES = {"USD": b"1.25", "CHF": b"0.95"}


class Rates(BaseHTTPRequestHandler):
    """Answers ``GET /USD`` with how much of it a euro is."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        rate = RATES.get(self.path.strip("/"), b"")
        self.send_response(200 if rate else 404)
        self.send_header("Content-Length", str(len(rate)))
        self.end_headers()
        self.wfile.write(rate)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Rates)
    print(server.server_address[1], flush=True)
    server.serve_forever()
