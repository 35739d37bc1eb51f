#!/usr/bin/env python3
"""The other end of a psk channel, written from docs/psk.md alone.

psk_peer.py listen|connect PORT strict|original SECRET

strict:   sends what comes on standard input, prints what the channel brings, both at once.
original: sends the lines of standard input one by one, each after an answer, and prints the answers.
"""
import hashlib
import hmac
import os
import socket
import sys
import threading

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def cbc(key, iv, data, encrypt):
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(data) + context.finalize()


def sha256_hex(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest().encode()


def exactly(connection, length):
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise SystemExit("the connection was cut")
        data += more
    return data


def check(condition, what):
    if not condition:
        raise SystemExit(what)


def client_handshake(connection, secret):
    iv, session_key, nonce = os.urandom(16), os.urandom(32), os.urandom(32)
    message1 = iv + cbc(secret, iv, session_key, True) + nonce
    connection.sendall(message1)
    message2 = exactly(connection, 96)
    check(message2[32:] == sha256_hex(message1, b"SRVR", secret), "message2 is wrong")
    connection.sendall(sha256_hex(message1, message2, b"CLNT", secret))
    return session_key, nonce, message2[:32]


def server_handshake(connection, secret):
    message1 = exactly(connection, 80)
    message2 = os.urandom(32) + sha256_hex(message1, b"SRVR", secret)
    connection.sendall(message2)
    message3 = exactly(connection, 64)
    check(message3 == sha256_hex(message1, message2, b"CLNT", secret), "message3 is wrong")
    session_key = cbc(secret, message1[:16], message1[16:48], False)
    return session_key, message1[48:], message2[:32]


class Strict:
    def __init__(self, connection, role, session_key, nonce_a, nonce_b):
        keys = HKDF(hashes.SHA256(), 128, nonce_a + nonce_b, b"vpn psk strict 1").derive(session_key)
        own, other = (0, 64) if role == "connect" else (64, 0)
        self.connection = connection
        self.send_keys = keys[own : own + 32], keys[own + 32 : own + 64]
        self.receive_keys = keys[other : other + 32], keys[other + 32 : other + 64]
        self.sent, self.received = b"", b""

    def send(self, text):
        cipher_key, mac_key = self.send_keys
        iv, padding = os.urandom(16), 16 - len(text) % 16
        covered = iv + cbc(cipher_key, iv, text + bytes([padding]) * padding, True)
        mac = hmac.new(mac_key, covered, hashlib.sha256).digest()
        self.sent = hashlib.sha256(self.sent + mac).digest()
        record = covered + self.sent
        self.connection.sendall(len(record).to_bytes(4, "big") + record)

    def receive(self):
        cipher_key, mac_key = self.receive_keys
        length = int.from_bytes(exactly(self.connection, 4), "big")
        check(64 <= length <= 65600 and (length - 48) % 16 == 0, "a length is wrong")
        record = exactly(self.connection, length)
        covered, cumulative = record[:-32], record[-32:]
        mac = hmac.new(mac_key, covered, hashlib.sha256).digest()
        self.received = hashlib.sha256(self.received + mac).digest()
        check(hmac.compare_digest(self.received, cumulative), "a record is wrong")
        padded = cbc(cipher_key, covered[:16], covered[16:], False)
        check(padded[-padded[-1] :] == bytes([padded[-1]]) * padded[-1], "a padding is wrong")
        return padded[: -padded[-1]]


class Original:
    def __init__(self, connection, session_key):
        self.connection, self.key, self.cumulative = connection, session_key, b""

    def advance(self, iv, text):
        mac = hmac.new(self.key, iv + text, hashlib.sha256).hexdigest().encode()
        self.cumulative = sha256_hex(self.cumulative, mac)
        return self.cumulative

    def send(self, text):
        iv, padded = os.urandom(16), text + b" " * (-len(text) % 16)
        encrypted = cbc(self.key, iv, padded, True)
        self.connection.send(iv + encrypted + self.advance(iv, padded))

    def receive(self):
        record = self.connection.recv(1024)
        check(len(record) >= 80, "the connection was cut")
        padded = cbc(self.key, record[:16], record[16:-64], False)
        check(self.advance(record[:16], padded) == record[-64:], "a record is wrong")
        return padded.rstrip(b" ")


def pipe(channel):
    def send():
        while True:
            data = sys.stdin.buffer.read(50000)
            channel.send(data)
            if not data:
                return

    sender = threading.Thread(target=send)
    sender.start()
    while True:
        text = channel.receive()
        if not text:
            break
        sys.stdout.buffer.write(text)
    sender.join()


def chat(channel, speaks_first):
    turn = speaks_first
    lines = [line.rstrip("\n").encode() for line in sys.stdin] + [b""]
    while True:
        if turn:
            line = lines.pop(0)
            channel.send(line)
            if not line:
                return
        else:
            text = channel.receive()
            if not text:
                return
            print(text.decode(), flush=True)
        turn = not turn


def main():
    role, port, dialect, secret = sys.argv[1:]
    padded = secret.encode().ljust(32, b" ")
    if role == "listen":
        with socket.create_server(("127.0.0.1", int(port))) as listener:
            print(f"listening on port {listener.getsockname()[1]}", file=sys.stderr, flush=True)
            connection, _ = listener.accept()
        session = server_handshake(connection, padded)
    else:
        connection = socket.create_connection(("127.0.0.1", int(port)))
        session = client_handshake(connection, padded)
    if dialect == "strict":
        pipe(Strict(connection, role, *session))
    else:
        chat(Original(connection, session[0]), role == "connect")
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(1024):
        pass


main()
