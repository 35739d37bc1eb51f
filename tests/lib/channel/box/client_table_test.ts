/** Who makes room in the table of clients. */
import assert from "node:assert/strict";
import { ClientTable } from "../../../../lib/channel/box/client_table.ts";

function newTable(limit: number): { table: ClientTable<{ name: string }>; forgotten: string[] } {
  const forgotten: string[] = [];
  return { table: new ClientTable(limit, ({ name }) => void forgotten.push(name)), forgotten };
}

Deno.test("a flood of fresh keys pushes out fresh keys only", () => {
  const { table, forgotten } = newTable(3);
  const known = { name: "known" };
  table.add(known);
  table.touch(known);
  for (let i = 0; i < 10; i++) table.add({ name: `fresh ${i}` });
  assert.equal(table.find("known"), known);
  assert.deepEqual(forgotten, [0, 1, 2, 3, 4, 5, 6].map((i) => `fresh ${i}`));
  assert.equal(table.size, 4);
});

Deno.test("among the known the one that was silent longest goes", () => {
  const { table, forgotten } = newTable(2);
  const [a, b, c] = ["a", "b", "c"].map((name) => ({ name }));
  for (const client of [a, b]) {
    table.add(client);
    table.touch(client);
  }
  table.touch(a);
  table.add(c);
  table.touch(c);
  assert.deepEqual(forgotten, ["b"]);
  table.touch(b); // It is forgotten and stays so.
  assert.equal(table.find("b"), undefined);
});

Deno.test("the idle are forgotten, the others stay", () => {
  const { table, forgotten } = newTable(10);
  for (const name of ["1", "2", "3", "4"]) table.add({ name });
  table.forgetWhere(({ name }) => Number(name) < 3);
  assert.deepEqual(forgotten, ["1", "2"]);
  table.clear();
  assert.equal(table.size, 0);
});
