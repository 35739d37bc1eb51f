#!/usr/bin/env python3
"""A client of the box channel, written from docs/box.md alone, with PyNaCl.

box_peer.py stream PORT SERVER_KEY SECRET_KEY   standard input goes out, what comes is printed
box_peer.py ask    PORT SERVER_KEY SECRET_KEY   each line is a packet; prints each answer
box_peer.py flood  PORT SERVER_KEY COUNT        packets with fresh keys, one in ten of them real

Keys in base64; a secret key may be - where the server does not ask for one.
"""
import base64
import os
import socket
import sys
import threading

from nacl import bindings, exceptions


def label(text, counter):
    return text.encode().ljust(16, b" ") + counter.to_bytes(8, "big")


def new_pair(secret=None):
    secret = secret or os.urandom(32)
    return secret, bindings.crypto_scalarmult_base(secret)


def credential(secret, server_key, ephemeral, tag):
    nonce = os.urandom(24)
    v = bindings.crypto_box(ephemeral + tag, nonce, server_key, secret)
    return bindings.crypto_scalarmult_base(secret) + nonce + v


def exactly(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise SystemExit("the connection was cut")
        data += more
    return data


def send(connection, message):
    connection.sendall(len(message).to_bytes(4, "big") + message)


def receive(connection):
    length = int.from_bytes(exactly(connection, 4), "big")
    if length > 65552:
        raise SystemExit("a length is wrong")
    return exactly(connection, length)


def stream(port, server_key, secret):
    connection = socket.create_connection(("127.0.0.1", port))
    ephemeral_secret, ephemeral = new_pair()
    hello_key = bindings.crypto_box_beforenm(server_key, ephemeral_secret)
    client_tag = os.urandom(16)
    hello_nonce = label("vpn box hello", 0)
    send(connection, ephemeral + bindings.crypto_box_afternm(client_tag, hello_nonce, hello_key))

    cookie = receive(connection)
    nonce = label("vpn box cookie", int.from_bytes(cookie[:8], "big"))
    text = bindings.crypto_box_open_afternm(cookie[8:], nonce, hello_key)
    server_ephemeral, server_tag = text[:32], text[48:]
    if text[32:48] != client_tag or len(server_tag) != 16:
        raise SystemExit("the Cookie is wrong")

    key = bindings.crypto_box_beforenm(server_ephemeral, ephemeral_secret)
    word = credential(secret, server_key, ephemeral, server_tag)
    send(connection, bindings.crypto_box_afternm(word, label("vpn box vouch", 0), key))

    def send_all():
        counter = 0
        while True:
            text = sys.stdin.buffer.read(50000)
            nonce = label("vpn box client", counter)
            send(connection, bindings.crypto_box_afternm(text, nonce, key))
            counter += 1
            if not text:
                return

    sender = threading.Thread(target=send_all)
    sender.start()
    counter = 0
    while True:
        nonce = label("vpn box server", counter)
        text = bindings.crypto_box_open_afternm(receive(connection), nonce, key)
        counter += 1
        if not text:
            break
        sys.stdout.buffer.write(text)
    sender.join()
    connection.close()


def packet(key, ephemeral, counter, text):
    sealed = bindings.crypto_box_afternm(text, label("vpn box packet c", counter), key)
    return ephemeral + counter.to_bytes(8, "big") + sealed


def ask(port, server_key, secret):
    connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connection.connect(("127.0.0.1", port))
    connection.settimeout(2)
    ephemeral_secret, ephemeral = new_pair()
    key = bindings.crypto_box_beforenm(server_key, ephemeral_secret)
    kind, word = b"\0", b""
    if secret is not None:
        kind, word = b"\1", credential(secret, server_key, ephemeral, b"vpn box packet v")
    counter = 0
    for line in sys.stdin.buffer:
        flow = os.urandom(4)
        for _ in range(20):
            text = kind + flow + word + line.rstrip(b"\n")
            connection.send(packet(key, ephemeral, counter, text))
            counter += 1
            try:
                answer = connection.recv(65536)
                break
            except TimeoutError:
                continue
        else:
            raise SystemExit("no answer")
        nonce = label("vpn box packet s", int.from_bytes(answer[:8], "big"))
        text = bindings.crypto_box_open_afternm(answer[8:], nonce, key)
        if text[:1] != b"\0" or text[1:5] != flow:
            raise SystemExit("the answer belongs to another question")
        print(text[5:].decode(), flush=True)
        kind, word = b"\0", b""


def flood(port, server_key, count):
    connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connection.connect(("127.0.0.1", port))
    for i in range(count):
        if i % 10 == 0:
            secret, ephemeral = new_pair()
            key = bindings.crypto_box_beforenm(server_key, secret)
            datagram = packet(key, ephemeral, 0, b"\0\0\0\0\0" + os.urandom(40))
        else:
            datagram = os.urandom(31) + b"\0" + bytes(8) + os.urandom(61)
        try:
            connection.send(datagram)
        except OSError:
            pass  # Its buffer is full, or the port is being opened again.
    print(f"{count} packets sent")


def main():
    role, port, server_key, last = sys.argv[1:]
    key = base64.b64decode(server_key)
    if role == "flood":
        return flood(int(port), key, int(last))
    secret = None if last == "-" else base64.b64decode(last)
    (stream if role == "stream" else ask)(int(port), key, secret)


try:
    main()
except exceptions.CryptoError:
    sys.exit("a box does not open")
