import assert from "node:assert/strict";
import { parseAddress } from "deno-tun";
import { uniqueLocalNetwork } from "../../../../lib/app/exit/unique_local.ts";

Deno.test("unique local networks: fd, 40 random bits, the first subnet", () => {
  const networks = Array.from({ length: 50 }, uniqueLocalNetwork);
  assert.equal(new Set(networks).size, networks.length);
  for (const network of networks) {
    const [address, bits] = network.split("/");
    assert.equal(bits, "64");
    const bytes = parseAddress(address)!;
    assert.equal(bytes[0], 0xfd);
    assert.ok(bytes.subarray(6).every((byte) => byte === 0));
  }
});
