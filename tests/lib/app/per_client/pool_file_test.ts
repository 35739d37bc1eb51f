import assert from "node:assert/strict";
import { AddressPool } from "../../../../lib/control/address_pool.ts";
import { PoolFile } from "../../../../lib/app/per_client/pool_file.ts";
import { PrivilegeError } from "../../../../lib/base/errors.ts";
import { openLog } from "../../../../lib/base/log.ts";

function pool(): AddressPool {
  return new AddressPool({
    ipv4: { start: "10.8.0.2", end: "10.8.0.9" },
    ipv6: { start: "fd00::1000", size: 100 },
  });
}

async function withFile(
  text: string | undefined,
  body: (path: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/ipp.txt`;
  try {
    if (text !== undefined) await Deno.writeTextFile(path, text);
    await body(path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const log = openLog(0, () => {});

Deno.test("addresses come back from the file, as OpenVPN writes and reads it", async () => {
  await withFile(
    "# by OpenVPN\nalice,10.8.0.5,fd00::1003\nbob,10.8.0.7\ncarol,,fd00::1001\n",
    async (path) => {
      const addresses = pool();
      const file = new PoolFile({ path, interval: 600 }, addresses, log);
      assert.equal(addresses.addresses(addresses.take("alice")!).ipv4, "10.8.0.5");
      assert.equal(addresses.addresses(addresses.take("bob")!).ipv6, "fd00::1005");
      assert.equal(addresses.addresses(addresses.take("carol")!).ipv4, "10.8.0.3");
      addresses.take("dave");
      await file.close();
      assert.equal(
        await Deno.readTextFile(path),
        "dave,10.8.0.2,fd00::1000\ncarol,10.8.0.3,fd00::1001\n" +
          "alice,10.8.0.5,fd00::1003\nbob,10.8.0.7,fd00::1005\n",
      );
      assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    },
  );
});

Deno.test("with an interval of 0 the file stays as it is, and its addresses with their owners", async () => {
  await withFile("alice,10.8.0.2,\n", async (path) => {
    const addresses = pool();
    const file = new PoolFile({ path, interval: 0 }, addresses, log);
    assert.equal(addresses.addresses(addresses.take("bob")!).ipv4, "10.8.0.3");
    await file.close();
    assert.equal(await Deno.readTextFile(path), "alice,10.8.0.2,\n");
  });
});

Deno.test("what is no line of it is left out", async () => {
  await withFile("\n,\nalice\nbob,1.2.3.4\ncarol,10.8.0.2,nonsense\n", async (path) => {
    const addresses = pool();
    const file = new PoolFile({ path, interval: 0 }, addresses, log);
    assert.deepEqual([...addresses.named()], [{ name: "carol", number: 0 }]);
    await file.close();
  });
});

Deno.test("a file that can't be replaced any more is written in its place", async () => {
  await withFile(
    "alice,10.8.0.5,fd00::1003\nlonger than what follows,10.8.0.6,\n",
    async (path) => {
      const addresses = new AddressPool({ ipv4: { start: "10.8.0.2", end: "10.8.0.9" } });
      const { ino } = await Deno.stat(path);
      const file = new PoolFile(
        { path, interval: 600 },
        addresses,
        log,
        () => Promise.reject(new PrivilegeError("the directory is somebody else's")),
      );
      addresses.take("b");
      await file.close();
      assert.equal(
        await Deno.readTextFile(path),
        "b,10.8.0.2,\nalice,10.8.0.5,\nlonger than what follows,10.8.0.6,\n",
      );
      assert.equal((await Deno.stat(path)).ino, ino);
    },
  );
});

Deno.test("a file that isn't there is made", async () => {
  await withFile(undefined, async (path) => {
    const addresses = pool();
    const file = new PoolFile({ path, interval: 600 }, addresses, log);
    addresses.take("alice");
    await file.close();
    assert.equal(await Deno.readTextFile(path), "alice,10.8.0.2,fd00::1000\n");
  });
});
