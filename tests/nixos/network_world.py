# SPDX-License-Identifier: MIT
"""What is outside of a qube, played in a network namespace of its own.

Who connects to port 80 is told from which address; names are told by UDP on port 53, and every
name is this address. Argument: the address.
"""

import socket
import socketserver
import sys
import threading


class Page(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(f"{self.client_address[0]}\n".encode())


class Names(socketserver.BaseRequestHandler):
    def handle(self):
        asked, to = self.request
        question = asked[12 : asked.index(b"\0", 12) + 5]
        ours = question[-3:-2] == b"\1"  # an address, and not one of IPv6
        head = asked[:2] + b"\x81\x80" + bytes([0, 1, 0, ours, 0, 0, 0, 0])
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(sys.argv[1])
        to.sendto(head + question + (answer if ours else b""), self.client_address)


def main():
    page = socketserver.ThreadingTCPServer(("0.0.0.0", 80), Page)
    names = socketserver.ThreadingUDPServer(("0.0.0.0", 53), Names)
    threading.Thread(target=names.serve_forever, daemon=True).start()
    print("ready", flush=True)
    page.serve_forever()


main()
