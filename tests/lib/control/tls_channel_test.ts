import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { TlsChannel, type TlsVersion } from "../../../lib/control/tls_channel.ts";
import { testCertificates } from "./certificates.ts";

/** What a server's channel said of one connection of `openssl s_client`. */
interface Outcome {
  readonly secure: boolean;
  readonly failure: string | undefined;
  /** What s_client printed. */
  readonly output: string;
}

/** One connection to a server with these credentials; s_client keeps its session in `session`. */
async function connectOnce(
  directory: string,
  version: TlsVersion,
  session: readonly string[],
): Promise<Outcome> {
  const { ca, server: { certificate, key } } = testCertificates();
  let secure = false;
  let failure: string | undefined;
  const listener = createServer((socket) => {
    const channel = new TlsChannel("server", {
      ...{ authorities: ca, certificate, key },
      ...{ minimumVersion: version, maximumVersion: version },
    }, {
      ciphertext: (bytes) => void socket.write(bytes),
      secure: () => {
        secure = true;
        // TLS 1.3's tickets are in front of it: when s_client has it, it has them.
        channel.write(new TextEncoder().encode("welcome\n"));
      },
      plaintext: () => {},
      failed: (error) => {
        failure = error.message;
        socket.end();
      },
    });
    socket.on("data", (bytes) => channel.receive(bytes));
    socket.on("error", () => {});
    socket.on("close", () => channel.destroy());
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  try {
    const { port } = listener.address() as AddressInfo;
    const protocol = `-${version.replace("v", "").replace(".", "_").toLowerCase()}`;
    const child = new Deno.Command("openssl", {
      args: [
        ...["s_client", "-connect", `127.0.0.1:${port}`, protocol, "-CAfile", "ca.crt"],
        ...["-cert", "client.crt", "-key", "client.key", ...session],
      ],
      cwd: directory,
      ...{ stdin: "piped", stdout: "piped", stderr: "null" },
    }).spawn();
    let output = "";
    let typing = true;
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += text;
      // s_client ends with its input.
      if (typing && output.includes("welcome")) {
        typing = false;
        await child.stdin.close();
      }
    }
    if (typing) await child.stdin.close();
    await child.status;
    return { secure, failure, output };
  } finally {
    listener.close();
  }
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  // node:tls keeps sessions of the whole process, and takes whoever resumes one for authorized,
  // also where it had objected to the certificate.
  Deno.test(`nobody gets in by a session of before, ${version}`, async () => {
    const directory = await Deno.makeTempDir();
    try {
      const { ca, client } = testCertificates();
      await Deno.writeTextFile(join(directory, "ca.crt"), ca);
      await Deno.writeTextFile(join(directory, "client.crt"), client.certificate);
      await Deno.writeTextFile(join(directory, "client.key"), client.key);
      const first = await connectOnce(directory, version, ["-sess_out", "session"]);
      assert.equal(first.secure, true);
      assert.ok((await Deno.stat(join(directory, "session"))).size > 0);
      const second = await connectOnce(directory, version, ["-sess_in", "session"]);
      assert.match(second.output, /Reused/);
      assert.equal(second.secure, false);
      assert.match(second.failure ?? "", /the session was resumed/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}
