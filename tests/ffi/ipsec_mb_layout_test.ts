import assert from "node:assert/strict";
import {
  AeadAlgorithm,
  ChainOrder,
  CipherDirection,
  CipherMode,
  Feature,
  gcmKeyDataRoom,
  hashAlgorithmNull,
  HmacAlgorithm,
  JobOffset,
  ManagerOffset,
  smallestJob,
} from "../../ffi/ipsec_mb_layout.ts";

/** What the header calls each of our numbers. */
const expected: Readonly<Record<string, number>> = {
  ...prefixed(ManagerOffset, (field) => `offsetof(IMB_MGR, ${field})`),
  ...prefixed(JobOffset, (field) => `offsetof(IMB_JOB, ${field})`),
  // Sizes grow from version to version.
  [`sizeof(IMB_JOB) >= ${smallestJob}`]: 1,
  [`sizeof(struct gcm_key_data) <= ${gcmKeyDataRoom}`]: 1,
  ...prefixed(Feature, (name) => `IMB_FEATURE_${name}`),
  ...prefixed(CipherMode, (name) => `IMB_CIPHER_${name}`),
  ...prefixed(HmacAlgorithm, (name) => `IMB_AUTH_HMAC_${name.replace("SHA", "SHA_")}`),
  "IMB_AUTH_AES_GMAC": AeadAlgorithm.GCM,
  "IMB_AUTH_CHACHA20_POLY1305": AeadAlgorithm.CHACHA20_POLY1305,
  "IMB_AUTH_NULL": hashAlgorithmNull,
  "IMB_DIR_ENCRYPT": CipherDirection.encrypt,
  "IMB_DIR_DECRYPT": CipherDirection.decrypt,
  "IMB_ORDER_CIPHER_HASH": ChainOrder.encrypt,
  "IMB_ORDER_HASH_CIPHER": ChainOrder.decrypt,
};

function prefixed(
  numbers: Readonly<Record<string, number>>,
  expression: (name: string) => string,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [expression(name), value]),
  );
}

/** Whether `gcc -E` finds the header (Debian: gcc, libc6-dev, libipsec-mb-dev). */
async function hasCompilerAndHeader(): Promise<boolean> {
  const command = new Deno.Command("gcc", {
    args: ["-E", "-include", "intel-ipsec-mb.h", "-include", "stdio.h", "-x", "c", "/dev/null"],
    stdout: "null",
    stderr: "null",
  });
  return await command.output().then(({ success }) => success, () => false);
}

Deno.test({
  name: "every offset and number is what a C compiler makes of intel-ipsec-mb.h",
  ignore: !await hasCompilerAndHeader(),
  fn: async () => {
    const directory = await Deno.makeTempDir();
    try {
      const program = `#include <stddef.h>
        #include <stdio.h>
        #include <intel-ipsec-mb.h>
        #define SHOW(expression) printf("%s=%llu\\n", #expression, (unsigned long long)(expression));
        int main(void) {
          ${Object.keys(expected).map((expression) => `SHOW((${expression}))`).join("\n")}
        }`;
      await Deno.writeTextFile(`${directory}/probe.c`, program);
      const compiled = await new Deno.Command("gcc", {
        args: ["-o", `${directory}/probe`, `${directory}/probe.c`],
      }).output();
      assert.ok(compiled.success, new TextDecoder().decode(compiled.stderr));
      const { stdout } = await new Deno.Command(`${directory}/probe`).output();
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      const found = Object.fromEntries(lines.map((line) => {
        const [, expression, value] = line.match(/^\((.*)\)=(\d+)$/) ?? [];
        return [expression, Number(value)];
      }));
      assert.deepEqual(found, expected);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
