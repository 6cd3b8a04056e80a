"""
Serve HTTP on the loopback of a container that has no network, and pass each request to the host.

Part of wheelyard; keeps to the common subset of Python 2.7 and 3.15. A request is one line of JSON
on standard output; the answer on standard input is a line of JSON and as many bytes as it says. The
first line has the port that is served.
"""

from __future__ import print_function

import json
import select
import sys

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

INPUT = getattr(sys.stdin, "buffer", sys.stdin)
CHUNK = 1 << 16


def send(message):
    print(json.dumps(message))
    sys.stdout.flush()


class Relay(BaseHTTPRequestHandler):
    """One request after the other: pip makes no two at once that could not wait."""

    def do_GET(self):
        send({"path": self.path})
        line = INPUT.readline()
        if not line:
            sys.exit("the host has closed the door")
        head = json.loads(line.decode("ascii"))
        is_wanted = self.start(head) and self.command != "HEAD"
        left = head["size"]
        # The whole answer must be read, or the next request would get the rest of it.
        while left:
            data = INPUT.read(min(left, CHUNK))
            if not data:
                sys.exit("the host has closed the door")
            left -= len(data)
            is_wanted = is_wanted and self.attempt(self.wfile.write, data)

    do_HEAD = do_GET

    def start(self, head):
        self.send_response(head["status"])
        self.send_header("Content-Type", head["type"])
        self.send_header("Content-Length", str(head["size"]))
        return self.attempt(self.end_headers)

    def attempt(self, write, *arguments):
        try:
            write(*arguments)
        except (IOError, OSError):
            return False
        return True

    def log_message(self, *arguments):
        pass


def main():
    server = HTTPServer(("127.0.0.1", 0), Relay)
    send({"port": server.server_address[1]})
    while True:
        ready, _, _ = select.select([server, INPUT], [], [])
        if INPUT in ready:
            sys.exit("the host has gone")  # it says nothing that it was not asked
        server.handle_request()


if __name__ == "__main__":
    main()
