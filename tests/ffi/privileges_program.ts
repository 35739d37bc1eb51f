/** Gives privileges up and prints what is left, for privileges_test.ts. */
import { spawnSync } from "node:child_process";
import {
  Capability,
  dropPrivileges,
  findUser,
  setNice,
  withKeptCapabilities,
} from "../../ffi/mod.ts";

/** Lines of interest of a `/proc/…/status`. */
function fields(status: string): Record<string, string> {
  const lines = status.split("\n").map((line) => line.split(":\t"));
  const wanted = ["Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapAmb"];
  return Object.fromEntries(lines.filter(([name]) => wanted.includes(name)));
}

const threads = () =>
  [...Deno.readDirSync("/proc/self/task")].flatMap(({ name }) => {
    try {
      return [{
        main: name === String(Deno.pid),
        nice: Deno.readTextFileSync(`/proc/self/task/${name}/stat`).split(") ")[1].split(" ")[16],
        ...fields(Deno.readTextFileSync(`/proc/self/task/${name}/status`)),
      }];
    } catch {
      return []; // It has ended since it was listed.
    }
  });

const child = () => {
  const { stdout } = spawnSync("cat", ["/proc/self/status"], { encoding: "utf8" });
  return fields(stdout);
};

// Threads before the drop: V8's, tokio's, a worker's.
const worker = new Worker("data:application/javascript,setInterval(() => {}, 1000)", {
  type: "module",
});
await Deno.readTextFile("/proc/self/status");
setNice(3);
dropPrivileges(findUser("nobody")!, [Capability.CAP_NET_ADMIN]);
let rootAgain = true;
try {
  dropPrivileges({ uid: 0, gid: 0 }, []);
} catch {
  rootAgain = false;
}
const report = { threads: threads(), child: child(), kept: withKeptCapabilities(child), rootAgain };
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(report)));
worker.terminate();
Deno.exit(0);
