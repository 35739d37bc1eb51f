import assert from "node:assert/strict";
import { parseProcessorName } from "../../../scripts/bench/machine.ts";

Deno.test("the processor's name is that of the first one", () => {
  // As Linux on x86-64 prints it, shortened.
  const cpuinfo = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n\n" +
    "processor\t: 1\nmodel name\t: Other\n";
  assert.equal(parseProcessorName(cpuinfo), "AMD EPYC");
});

Deno.test("an ARM kernel names none", () => {
  assert.match(parseProcessorName("processor\t: 0\nCPU implementer\t: 0x41\n"), /^unknown \(/);
});
