# SPDX-License-Identifier: Apache-2.0
"""A web server for tests, with the faults of real ones. It serves the files of a folder on a port of the
loopback that it chooses and writes into PORTFILE; a line for each request goes to LOG.

  /file/NAME            with ranges, as a good server
  /whole/NAME           takes no notice of ranges
  /busy/N/NAME          503 for the first N requests
  /wait/NAME            503 with Retry-After: 1 for the first request
  /cut/N/NAME           closes the connection after N bytes of each answer
  /cut_whole/N/NAME     the same, and takes no notice of ranges
  /nolength/N/NAME      the same, without telling how long the answer is
  /shifted/NAME         answers a range with another one
  /stall/N/NAME         N bytes, then nothing for ever, at the first request
  /slow/NAME            in small pieces
  /huge                 zeros without an end
  /status/N             that status
  /to/TARGET            redirects to TARGET, another path or a whole address (as %2F...)
  /loop                 redirects to itself

  server.py FOLDER PORTFILE LOG [CERTIFICATE KEY]    with a certificate it speaks https
"""
import http.server
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse

folder, port_file, log_path = sys.argv[1:4]
requests = {}
lock = threading.Lock()


def count(path):
    """How often the path was asked for, this time included."""
    with lock:
        requests[path] = requests.get(path, 0) + 1
        return requests[path]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def status(self, code, **headers):
        body = b"<html>an error page</html>\n" if code >= 400 else b""
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def send(self, data, ranges=True, most=None, length=True, shift=0, pause=0.0):
        start, asked = 0, re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and ranges:
            start = int(asked.group(1))
            if start >= len(data):
                self.status(416, Content_Range=f"bytes */{len(data)}")
                return
            start = max(0, start - shift)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        if length:
            self.send_header("Content-Length", str(len(data) - start))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        body = data[start:] if most is None else data[start:start + most]
        step = 16384 if pause else 1 << 20
        for at in range(0, len(body), step):
            self.wfile.write(body[at:at + step])
            time.sleep(pause)
        if most is not None or not length:
            self.close_connection = True

    def huge(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(1 << 16))

    def do_GET(self):
        with lock, open(log_path, "a", encoding="utf-8") as log:
            log.write(f"{self.path} {self.headers.get('Range', '-')}\n")
        times = count(self.path)
        kind, *rest = self.path.lstrip("/").split("?")[0].split("/")
        number = int(rest[0]) if rest and rest[0].isdigit() else 0
        try:
            self.answer(kind, rest, number, times)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, kind, rest, number, times):
        if kind == "huge":
            self.huge()
        elif kind == "status":
            self.status(number)
        elif kind == "loop":
            self.status(302, Location="/loop")
        elif kind == "to":
            self.status(302, Location=urllib.parse.unquote("/".join(rest)))
        elif kind == "busy" and times <= number:
            self.status(503)
        elif kind == "wait" and times == 1:
            self.status(503, Retry_After="1")
        else:
            self.answer_file(kind, rest[-1] if rest else "", number, times)

    def answer_file(self, kind, name, number, times):
        path = os.path.join(folder, os.path.basename(urllib.parse.unquote(name)))
        if not os.path.isfile(path):
            self.status(404)
            return
        with open(path, "rb") as file:
            data = file.read()
        if kind == "whole":
            self.send(data, ranges=False)
        elif kind in ("cut", "cut_whole"):
            self.send(data, ranges=kind == "cut", most=number)
        elif kind == "nolength":
            self.send(data, most=number, length=False)
        elif kind == "shifted":
            self.send(data, shift=100)
        elif kind == "slow":
            self.send(data, pause=0.01)
        elif kind == "stall" and times == 1:
            self.send(data, most=number)
            self.wfile.flush()
            time.sleep(60)
        else:
            self.send(data)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(port_file + ".new", "w", encoding="utf-8") as out:
    out.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
