#!/usr/bin/env python3
"""Vectors of the psk channel from fixed inputs, by Python's hashlib and cryptography.

Prints the JSON that vectors.json holds; written from docs/psk.md and shares nothing with lib/.
"""
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def cbc(key, iv, text):
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(text) + encryptor.finalize()


def sequence(start, length):
    return bytes((start + i) % 256 for i in range(length))


secret = b"iloveildar"
padded = secret + b" " * (32 - len(secret))
iv, session_key = sequence(0x10, 16), sequence(0x40, 32)
nonce_a, nonce_b = sequence(0x80, 32), sequence(0xC0, 32)

message1 = iv + cbc(padded, iv, session_key) + nonce_a
message2 = nonce_b + hashlib.sha256(message1 + b"SRVR" + padded).hexdigest().encode()
message3 = hashlib.sha256(message1 + message2 + b"CLNT" + padded).hexdigest().encode()

original, cumulative = [], b""
texts = [b"hello", b"a text of 32 bytes, two blocks..", b"x" * 944, b""]
for i, text in enumerate(texts):
    record_iv = sequence(i, 16)
    filled = text + b" " * (-len(text) % 16)
    mac = hmac.new(session_key, record_iv + filled, hashlib.sha256).hexdigest().encode()
    cumulative = hashlib.sha256(cumulative + mac).hexdigest().encode()
    record = record_iv + (cbc(session_key, record_iv, filled) if filled else b"") + cumulative
    original.append({"text": text.decode(), "iv": record_iv.hex(), "record": record.hex()})

keys = HKDF(hashes.SHA256(), 128, nonce_a + nonce_b, b"vpn psk strict 1").derive(session_key)
strict = {}
for name, offset in (("client", 0), ("server", 64)):
    cipher_key, mac_key = keys[offset : offset + 32], keys[offset + 32 : offset + 64]
    chain, records = b"", b""
    for i, text in enumerate(texts):
        record_iv = sequence(offset + i, 16)
        padding = 16 - len(text) % 16
        covered = record_iv + cbc(cipher_key, record_iv, text + bytes([padding]) * padding)
        chain = hashlib.sha256(chain + hmac.new(mac_key, covered, hashlib.sha256).digest()).digest()
        records += (len(covered) + 32).to_bytes(4, "big") + covered + chain
    strict[name] = records.hex()

print(json.dumps({
    "secret": secret.decode(), "iv": iv.hex(), "sessionKey": session_key.hex(),
    "nonceA": nonce_a.hex(), "nonceB": nonce_b.hex(), "message1": message1.hex(),
    "message2": message2.hex(), "message3": message3.hex(), "original": original,
    "texts": [text.decode() for text in texts], "strict": strict,
}, indent=2))
