/**
 * The portable form of the program: one executable file that holds Deno itself and the bundled
 * program, for where the runtime of `deno compile` cannot be had. portable.sh is its head.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { projectDirectory } from "./files.ts";

/** What goes into a portable executable. */
export interface PortableOptions {
  /** Path of the Deno executable. */
  readonly runtime: string;
  /** Directory with `main.js` and what it needs; all paths in it are plain names. */
  readonly program: string;
  /** Flags of `deno run`: permissions, V8's. */
  readonly flags: readonly string[];
  /** Path of the file to write. */
  readonly output: string;
}

/**
 * Nothing is looked up, downloaded or asked for when the program runs; and Deno does not read what
 * the program may import later before it starts.
 */
const runtimeFlags = [
  ...["--no-config", "--no-lock", "--no-npm", "--no-remote", "--cached-only", "--no-prompt"],
  "--unstable-lazy-dynamic-imports",
];

/** What may stand in the head unquoted. */
const plainWord = /^[\w.,/=-]+$/;

/**
 * Writes the executable.
 *
 * @throws {Error} when `tar` or `gzip` is missing or fails.
 */
export async function writePortable(options: PortableOptions): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.copyFile(options.runtime, `${directory}/deno`);
    await Deno.chmod(`${directory}/deno`, 0o755);
    const programFiles = await copyTree(options.program, directory, "");
    const files = ["deno", ...programFiles.sort()];
    const archive = await makeArchive(directory, files);
    const head = await makeHead(directory, files, archive, options.flags);
    const file = await Deno.open(`${options.output}.new`, {
      ...{ write: true, create: true, truncate: true, mode: 0o755 },
    });
    await new Blob([head, archive]).stream().pipeTo(file.writable);
    await Deno.rename(`${options.output}.new`, options.output);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Copies all files below `from/path` and returns their paths. */
async function copyTree(from: string, to: string, path: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(`${from}/${path}`)) {
    const name = path === "" ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory) {
      await Deno.mkdir(`${to}/${name}`);
      files.push(...await copyTree(from, to, name));
    } else {
      await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
      files.push(name);
    }
  }
  return files;
}

/** A gzipped tar archive that depends on the files' contents alone. */
async function makeArchive(
  directory: string,
  files: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const reproducible = [
    ...["--format=ustar", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"],
    "--mode=u+rw,go-rwx", // unpackedMode says the same
  ];
  const { success, stdout, stderr } = await new Deno.Command("tar", {
    args: ["-c", "-C", directory, ...reproducible, "-I", "gzip -n -6", ...files],
  }).output();
  if (!success) throw new Error(`tar: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}

/** The mode that a file has when it is unpacked. */
function unpackedMode(mode: number): number {
  return (mode | 0o600) & 0o700;
}

async function makeHead(
  directory: string,
  files: readonly string[],
  archive: Uint8Array,
  programFlags: readonly string[],
): Promise<string> {
  const flags = [...runtimeFlags, ...programFlags];
  for (const word of [...files, ...flags]) {
    if (!plainWord.test(word)) throw new Error(`cannot stand in a shell script: ${word}`);
  }
  const whole: string[] = [];
  for (const file of files) {
    const { size, mode } = await Deno.stat(`${directory}/${file}`);
    whole.push(`${size} ${unpackedMode(mode ?? 0).toString(8)} $user ${file}`);
  }
  const template = await Deno.readTextFile(`${projectDirectory}/scripts/portable.sh`);
  const withoutOffset = template
    .replaceAll("@SHA256@", createHash("sha256").update(archive).digest("hex"))
    .replaceAll("@WHOLE@", whole.join("\n"))
    .replaceAll("@FILES@", files.join(" "))
    .replaceAll("@MODULES@", files.filter((file) => file.endsWith(".js")).join(" "))
    .replaceAll("@FLAGS@", flags.join(" "));
  // The offset is part of the text whose length it is: as many characters as its placeholder has.
  const placeholder = "@OFFSET@";
  const length = new TextEncoder().encode(withoutOffset).length;
  return withoutOffset.replace(placeholder, String(length + 1).padEnd(placeholder.length, " "));
}
