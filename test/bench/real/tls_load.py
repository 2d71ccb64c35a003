# SPDX-License-Identifier: MIT
"""Fetches files from the TLS server at tls.sock, each over a connection of its own.

Prints name and digest of each. usage: tls_load.py [--quick]
"""
import hashlib
import random
import socket
import ssl
import sys

REQUESTS = 300 if '--quick' in sys.argv else 1_500


def fetch(context, name):
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(30)
        plain.connect('tls.sock')
        with context.wrap_socket(plain) as link:
            link.sendall(f'GET /{name} HTTP/1.0\r\n\r\n'.encode())
            with link.makefile('rb') as answer:
                return answer.read().partition(b'\r\n\r\n')[2]


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.suppress_ragged_eofs = True
    chance = random.Random(9)
    for _ in range(REQUESTS):
        name = f'page{chance.randrange(40)}'
        body = fetch(context, name)
        with open(name, 'rb') as file:
            if file.read() != body:
                sys.exit(f'{name}: not what the file holds')
        print(name, hashlib.sha256(body).hexdigest())


main()
