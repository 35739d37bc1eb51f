// OpenVPN's own data packets, opened and made.

import assert from "node:assert/strict";
import type { KeyMaterial } from "../../../lib/crypto/engine.ts";
import { Framing } from "../../../lib/data/framing.ts";
import { Verdict } from "../../../lib/data/verdict.ts";
import { pingMagic } from "../../../lib/wire/data_packet.ts";
import { capturedData, type CapturedDirection } from "../../fixtures/captured_data_channel.ts";
import { DataPath } from "./data_path.ts";

const ping = Uint8Array.from(pingMagic);

function material(captured: CapturedDirection): KeyMaterial {
  const { cipher, auth, cipherKey, hmacKey } = captured;
  return {
    cipher,
    auth,
    cipherKey: Uint8Array.fromHex(cipherKey),
    hmacKey: Uint8Array.fromHex(hmacKey),
  };
}

for (const engine of ["openssl", "webcrypto"] as const) {
  for (const captured of capturedData) {
    Deno.test(`OpenVPN's packets are opened: ${engine}, ${captured.name}`, async () => {
      const key = material(captured);
      const path = new DataPath(captured.framing === "none" ? Framing.NONE : Framing.STUB_SWAP);
      await path.setKey({ seal: key, open: key }, engine);
      const opened = await path.open(...captured.datagrams.map((hex) => Uint8Array.fromHex(hex)));
      assert.deepEqual(
        opened.map(({ verdict }) => verdict),
        captured.packets.map((packet) => packet === undefined ? Verdict.NONE : Verdict.DELIVER),
      );
      assert.deepEqual(
        opened.map(({ packet }) => packet.toHex()),
        captured.packets.map((packet) => packet ?? ping.toHex()),
      );
      assert.ok(path.counters.drops.every((count) => count === 0));
      assert.equal(path.counters.packetsIn[0], captured.datagrams.length);
    });
  }

  Deno.test(`we make the packets that OpenVPN made: ${engine}`, async () => {
    const captured = capturedData[0];
    assert.equal(captured.cipher, "AES-256-GCM", "what is random is not in an AEAD packet");
    const key = material(captured);
    const path = new DataPath();
    await path.setKey({ seal: key, open: key }, engine);
    const payloads = captured.packets.map((hex) =>
      hex === undefined ? ping : Uint8Array.fromHex(hex)
    );
    const made = await path.seal(...payloads);
    assert.deepEqual(made.map((datagram) => datagram.toHex()), captured.datagrams);
  });
}
