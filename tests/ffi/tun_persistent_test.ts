import assert from "node:assert/strict";
import { effectiveUserId, TunDevice } from "../../ffi/mod.ts";
import { run } from "../harness/command.ts";
import { isolatedTest } from "./isolated.ts";

effectiveUserId();

/** What iproute2 says of the devices of that name. */
async function details(name: string): Promise<readonly string[]> {
  const lines = (await run(["ip", "-d", "-o", "link"])).split("\n");
  return lines.filter((line) => line.includes(` ${name}:`));
}

await isolatedTest(
  import.meta.url,
  "a persistent device stays, with its owner, until told otherwise",
  async () => {
    const device = TunDevice.open({ name: "tun3" });
    device.setOwner(65534);
    device.setGroup(65533);
    device.setPersistent(true);
    device.close();
    const [line = ""] = await details("tun3");
    assert.match(line, /persist on/);
    assert.match(line, /user (65534|nobody)/);
    assert.match(line, /group 65533/);
    const again = TunDevice.open({ name: "tun3" });
    again.setPersistent(false);
    again.close();
    assert.deepEqual(await details("tun3"), []);
  },
);
