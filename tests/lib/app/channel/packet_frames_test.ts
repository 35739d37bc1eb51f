/** Packets in a byte stream, however it is cut. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { keepaliveFrame, PacketFrames } from "../../../../lib/app/channel/packet_frames.ts";
import { ChannelError } from "../../../../lib/channel/connection/errors.ts";

const packets = fc.array(fc.uint8Array({ minLength: 20, maxLength: 3000 }), { maxLength: 8 });

Deno.test("packets come out as they went in, wherever the stream is cut", () => {
  const property = fc.property(
    packets,
    fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }),
    (sent, cuts) => {
      const stream = sent.flatMap((packet) => [packet.length >> 8, packet.length & 255, ...packet]);
      const received: number[][] = [];
      const frames = new PacketFrames();
      for (let offset = 0, i = 0; offset < stream.length; i++) {
        const end = offset + cuts[i % cuts.length];
        frames.push(
          Uint8Array.from(stream.slice(offset, end)),
          (packet) => received.push([...packet]),
        );
        offset = end;
      }
      assert.deepEqual(received, sent.map((packet) => [...packet]));
    },
  );
  fc.assert(property);
});

Deno.test("the longest packet is taken, a length that no packet has is refused", () => {
  const longest = new Uint8Array(2 + 65_535).fill(0xff, 0, 2);
  let count = 0;
  new PacketFrames().push(longest, (packet) => void (count += packet.length));
  assert.equal(count, 65_535);
  for (let length = 1; length < 20; length++) {
    assert.throws(() => new PacketFrames().push(Uint8Array.of(0, length), () => {}), ChannelError);
  }
});

Deno.test("signs of life between packets are passed over", () => {
  const packet = Uint8Array.of(0, 20, ...new Uint8Array(20).fill(7));
  const received: number[] = [];
  const frames = new PacketFrames();
  for (
    const chunk of [keepaliveFrame, packet, keepaliveFrame, Uint8Array.of(0), Uint8Array.of(0)]
  ) {
    frames.push(chunk, ({ length }) => received.push(length));
  }
  frames.push(packet, ({ length }) => received.push(length));
  assert.deepEqual(received, [20, 20]);
});
