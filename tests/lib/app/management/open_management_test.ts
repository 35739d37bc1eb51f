import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { openManagement } from "../../../../lib/app/management/open_management.ts";
import type { Management } from "../../../../lib/management/management.ts";
import { TemporaryDirectory } from "../../../harness/directory.ts";
import { client } from "../../config/profile.ts";
import { eventually } from "../../../harness/eventually.ts";
import { Fixture } from "../../management/fixture.ts";
import { RecordedLog } from "../../net/machine.ts";

/** The interface of a client with these lines; PATH in them is a socket that it can be at. */
async function withManagement(
  lines: readonly string[],
  body: (setting: {
    readonly path: string;
    readonly management: Management;
    readonly asked: readonly string[];
  }) => Promise<void>,
): Promise<void> {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/management`;
  const config = client(...lines.map((line) => line.replace("PATH", path)));
  const { process, asked } = new Fixture("client");
  const opened = await openManagement(config.management!, process, new RecordedLog());
  try {
    await body({ path, management: opened.management, asked });
  } finally {
    await opened.close();
  }
}

/** What is said there to these commands, until we or they hang up. */
async function conversation(path: string, commands: string): Promise<string> {
  const connection = await Deno.connect({ transport: "unix", path });
  try {
    await connection.write(new TextEncoder().encode(commands));
    return await new Response(connection.readable).text();
  } catch {
    return ""; // the other end was the first to hang up
  }
}

Deno.test("management-client-user and -group: nobody else's processes", async () => {
  const [uid] = (await Deno.readTextFile("/proc/self/status")).match(/(?<=^Uid:\s+)\d+/m)!;
  const passwd = (await Deno.readTextFile("/etc/passwd")).split("\n").map((l) => l.split(":"));
  const [me] = passwd.find((entry) => entry[2] === uid)!;
  const [other] = passwd.find((entry) => entry[2] !== uid && entry[0] !== "")!;
  for (const [user, welcome] of [[me, true], [other, false]] as const) {
    const lines = ["management PATH unix", `management-client-user ${user}`];
    await withManagement(lines, async ({ path }) => {
      assert.equal((await conversation(path, "pid\nexit\n")).includes("pid=42"), welcome, user);
    });
  }
  const lines = ["management PATH unix", "management-client-group nobody-is-in-this"];
  await assert.rejects(withManagement(lines, () => Promise.resolve()), /there is no group/);
});

Deno.test("management-log-cache: so many lines are kept", async () => {
  const lines = ["management PATH unix", "management-log-cache 3"];
  await withManagement(lines, async ({ path, management }) => {
    for (let i = 0; i < 9; i++) {
      management.recordLog("I", `line ${i}`, 0);
    }
    const text = await conversation(path, "log all\nexit\n");
    assert.deepEqual(text.match(/line \d/g), ["line 6", "line 7", "line 8"]);
  });
});

Deno.test("management-signal and management-forget-disconnect: when the client goes", async () => {
  for (const [option, action] of [["signal", "SIGUSR1"], ["forget-disconnect", "forget"]]) {
    await withManagement(["management PATH unix", `management-${option}`], async (setting) => {
      await conversation(setting.path, "exit\n");
      await eventually("it is noticed", () => setting.asked.length > 0);
      assert.deepEqual(setting.asked, [action]);
    });
  }
  await withManagement(["management PATH unix"], async ({ path, asked }) => {
    await conversation(path, "exit\n");
    assert.deepEqual(asked, []);
  });
});

Deno.test("management-up-down: the client is told", async () => {
  for (const [more, told] of [[["management-up-down"], true], [[], false]] as const) {
    await withManagement(["management PATH unix", ...more], ({ management }) => {
      const lines: string[] = [];
      const wants = { state: false, log: false, echo: false };
      management.connected({ send: (sent) => void lines.push(...sent), wants });
      management.upDown("UP", { dev: "tun0" });
      assert.equal(lines.includes(">UPDOWN:UP"), told);
      return Promise.resolve();
    });
  }
});

Deno.test("management-client: we connect", async () => {
  await using directory = await TemporaryDirectory.create();
  const path = `${directory.path}/gui`;
  const came = Promise.withResolvers<Socket>();
  const gui = createServer(came.resolve);
  await new Promise<void>((listening) => gui.listen(path, listening));
  try {
    await withManagement([`management ${path} unix`, "management-client"], async () => {
      const socket = await came.promise;
      const greeting = await new Promise<string>((said) =>
        socket.once("data", (bytes) => said(bytes.toString()))
      );
      assert.match(greeting, /^>INFO:/);
      socket.destroy();
    });
  } finally {
    gui.close();
  }
});
