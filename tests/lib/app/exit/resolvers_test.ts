import assert from "node:assert/strict";
import { resolversForClients } from "../../../../lib/app/exit/resolvers.ts";

function found(files: Record<string, string>): string[] {
  return resolversForClients((path) => files[path]);
}

Deno.test("resolvers: those that other hosts can ask", () => {
  const stub = "# by systemd-resolved\nnameserver 127.0.0.53\noptions edns0\nsearch example.org\n";
  const real = "nameserver 192.0.2.53\nnameserver  2001:db8::53\n#nameserver 192.0.2.54\n";
  assert.deepEqual(found({ "/etc/resolv.conf": real }), ["192.0.2.53"]);
  const both = { "/etc/resolv.conf": stub, "/run/systemd/resolve/resolv.conf": real };
  assert.deepEqual(found(both), ["192.0.2.53"]);
  assert.deepEqual(found({ "/etc/resolv.conf": "nameserver 127.0.0.11\nnameserver ::1\n" }), []);
  assert.deepEqual(found({ "/etc/resolv.conf": 'nameserver 1.2.3.4"\\npush x\n' }), []);
  assert.deepEqual(found({}), []);
});
