"""A server that counts who comes: it answers HTTP, and closes the connection of whoever speaks something else."""

import socketserver
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Elastic-Product: Elasticsearch\r\nContent-Length: 2\r\n\r\n{}"


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.count += 1
        self.request.settimeout(0.2)
        try:
            got = self.request.recv(65536)
            while b"HTTP/1." in got:
                while b"\r\n\r\n" not in got:
                    got += self.request.recv(65536)
                self.server.count += 1
                self.request.sendall(ANSWER)
                self.request.settimeout(30)
                got = self.request.recv(65536)
        except OSError:
            pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    count = 0


def start():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
