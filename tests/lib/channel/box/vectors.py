#!/usr/bin/env python3
"""Vectors of the box channel from fixed inputs, by PyNaCl.

Prints the JSON that vectors.json holds; written from docs/box.md and shares nothing with lib/.
"""
import json

from nacl import bindings


def sequence(start, length):
    return bytes((start + i) % 256 for i in range(length))


def label(text, counter):
    return text.encode().ljust(16, b" ") + counter.to_bytes(8, "big")


def framed(message):
    return len(message).to_bytes(4, "big") + message


public = bindings.crypto_scalarmult_base
box = bindings.crypto_box_afternm
secrets = {name: sequence(i * 32 + 1, 32) for i, name in enumerate(["S", "C", "EC", "ES"])}
keys = {name: public(secret) for name, secret in secrets.items()}
client_tag, server_tag = sequence(0xA0, 16), sequence(0xB0, 16)
cookie_counter = 1_764_000_000_123_456

shared = bindings.crypto_box_beforenm(keys["S"], secrets["EC"])
session = bindings.crypto_box_beforenm(keys["ES"], secrets["EC"])
long_term = bindings.crypto_box_beforenm(keys["S"], secrets["C"])

hello = keys["EC"] + box(client_tag, label("vpn box hello", 0), shared)
cookie = cookie_counter.to_bytes(8, "big") + box(
    keys["ES"] + client_tag + server_tag, label("vpn box cookie", cookie_counter), shared)
nonce = sequence(0xC0, 24)
credential = keys["C"] + nonce + box(keys["EC"] + server_tag, nonce, long_term)
vouch = box(credential, label("vpn box vouch", 0), session)
packet_credential = keys["C"] + nonce + box(keys["EC"] + b"vpn box packet v", nonce, long_term)

texts = [b"hello", b"a second message", b"x" * 3000, b""]
stream = {
    side: b"".join(framed(box(text, label(f"vpn box {side}", i), session))
                   for i, text in enumerate(texts)).hex()
    for side in ("client", "server")
}

flow = (7).to_bytes(4, "big")
packets = {
    "client": (keys["EC"] + (5).to_bytes(8, "big")
               + box(b"\0" + flow + b"question", label("vpn box packet c", 5), shared)).hex(),
    "vouched": (keys["EC"] + (6).to_bytes(8, "big")
                + box(b"\1" + flow + packet_credential + b"question", label("vpn box packet c", 6),
                      shared)).hex(),
    "server": (cookie_counter.to_bytes(8, "big")
               + box(b"\0" + flow + b"answer", label("vpn box packet s", cookie_counter),
                     shared)).hex(),
}

print(json.dumps({
    "secrets": {name: secret.hex() for name, secret in secrets.items()},
    "keys": {name: key.hex() for name, key in keys.items()},
    "shared": shared.hex(), "session": session.hex(),
    "clientTag": client_tag.hex(), "serverTag": server_tag.hex(), "cookieCounter": cookie_counter,
    "hello": hello.hex(), "cookie": cookie.hex(), "credential": credential.hex(),
    "vouch": vouch.hex(), "texts": [text.decode() for text in texts], "stream": stream,
    "packets": packets,
}, indent=2))
