import assert from "node:assert/strict";
import fc from "fast-check";
import { join, resolve } from "node:path";
import {
  clientFileName,
  clientFileStep,
  exclusiveStep,
} from "../../../../lib/app/per_client/client_files.ts";
import { noSettings } from "../../../../lib/app/per_client/client_settings.ts";
import { AdmissionRefusal, type Candidate } from "../../../../lib/app/server/admission.ts";
import { PushList } from "../../../../lib/app/server/push_list.ts";
import { openLog } from "../../../../lib/base/log.ts";

function candidate(commonName: string): Candidate {
  return {
    commonName,
    log: openLog(0, () => {}),
    push: new PushList(["route 10.0.0.0 255.0.0.0"]),
    settings: noSettings({ sessionTimeout: 0, access: [] }),
    // Only what the step looks at.
  } as Partial<Candidate> as Candidate;
}

async function withFiles(
  files: Readonly<Record<string, string>>,
  body: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${directory}/ccd`);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    await body(`${directory}/ccd`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function pushed(directory: string, commonName: string): Promise<readonly string[]> {
  const client = candidate(commonName);
  await clientFileStep(directory).take(client);
  return client.push.options;
}

Deno.test("a client has its own file, or DEFAULT", async () => {
  await withFiles({
    "ccd/alice": "push-reset\npush hers",
    "ccd/DEFAULT": "push everybody's",
  }, async (directory) => {
    assert.deepEqual(await pushed(directory, "alice"), ["hers"]);
    assert.deepEqual((await pushed(directory, "bob")).at(-1), "everybody's");
  });
});

Deno.test("a certificate's name leads to no file outside of the directory", async () => {
  await withFiles({
    "secret": "push secret",
    "ccd/.._secret": "push .._secret",
    "ccd/a_b": "push a_b",
  }, async (directory) => {
    assert.deepEqual((await pushed(directory, "../secret")).at(-1), ".._secret");
    assert.deepEqual((await pushed(directory, "a/b")).at(-1), "a_b");
    for (const name of [".", "..", "", "/", "\0", "x".repeat(300), `${directory}/../secret`]) {
      assert.doesNotMatch((await pushed(directory, name)).join(), /secret$/, name);
    }
  });
});

Deno.test("whatever a name is, its file is in the directory itself", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."./\0a\\") })),
      (name) => {
        const file = clientFileName(name);
        if (file === undefined) return;
        assert.equal(resolve("/ccd", file), join("/ccd", file));
        assert.equal(resolve("/ccd", file).split("/").length, 3);
      },
    ),
  );
});

Deno.test("a file with a mistake refuses its client, and so does disable", async () => {
  await withFiles({
    "ccd/alice": "push-resett",
    "ccd/bob": "disable",
  }, async (directory) => {
    for (const name of ["alice", "bob"]) {
      await assert.rejects(pushed(directory, name), AdmissionRefusal);
    }
  });
});

Deno.test("a file that can't be read refuses its client", async () => {
  await withFiles({}, async (directory) => {
    await Deno.mkdir(`${directory}/alice`);
    await assert.rejects(pushed(directory, "alice"), /is no file/);
  });
});

Deno.test("with ccd-exclusive DEFAULT is not enough", async () => {
  await withFiles({ "ccd/alice": "", "ccd/DEFAULT": "" }, async (directory) => {
    await exclusiveStep(directory).take(candidate("alice"));
    for (const name of ["bob", "DEFAULT", "../ccd/alice"]) {
      const taken = exclusiveStep(directory).take(candidate(name));
      await assert.rejects(Promise.resolve(taken), AdmissionRefusal, name);
    }
  });
});

Deno.test("a server does not start without the directory", () => {
  assert.throws(() => clientFileStep("/nowhere/ccd"), /there is no directory/);
});
