/** Which flow makes room. */
import assert from "node:assert/strict";
import { FlowTable } from "../../../../lib/app/channel/flow_table.ts";

Deno.test("the flow that was silent longest makes room, the idle ones go, each is closed once", () => {
  const closed: string[] = [];
  const flows = new FlowTable<string>(2, 100, (flow) => void closed.push(flow));
  const use = (name: string, now: number) => flows.use(name, now, () => `${name} at ${now}`);
  assert.equal(use("a", 0), "a at 0");
  use("b", 1);
  assert.equal(use("a", 2), "a at 0");
  use("c", 3);
  assert.deepEqual(closed, ["b at 1"]);
  flows.expire(101);
  assert.equal(flows.size, 2);
  flows.expire(102);
  assert.deepEqual(closed, ["b at 1", "a at 0"]);
  flows.clear();
  assert.deepEqual(closed, ["b at 1", "a at 0", "c at 3"]);
  assert.equal(flows.size, 0);
});
