"""Servers on loopback that end with the block that runs them, however it ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from socketserver import ThreadingTCPServer


@contextmanager
def run_server(server: ThreadingHTTPServer | ThreadingTCPServer) -> Iterator[None]:
    """
    Serve from a thread until the block ends.

    A test that fails must not keep pytest from ending: no thread outlives the process, and
    closing the server does not wait for clients that keep their connections.
    """
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    with server:
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
