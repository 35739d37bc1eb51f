/**
 * The three standard streams of the process.
 *
 * @module
 */

import { check, closeFd, cString, libc } from "./libc.ts";

const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;

/**
 * Descriptors that lead to where standard input, output and error do, these included: a runtime
 * may hold copies. Needs to read `/proc/self/fd`, which a process that gave up being root can't.
 */
export function standardStreamDescriptors(): number[] {
  const target = (fd: string | number) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return undefined; // That by which the directory is read.
    }
  };
  const targets = [0, 1, 2].map(target).filter((path) => path !== "/dev/null");
  const all = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name));
  return all.filter((fd) => {
    const path = target(fd);
    return path !== undefined && targets.includes(path);
  });
}

/**
 * The descriptors become /dev/null: whoever waits for the end of these streams waits no longer.
 *
 * @param descriptors What `standardStreamDescriptors` found.
 */
export function closeStandardStreams(descriptors: readonly number[]): void {
  const nothing = check(libc().open(cString("/dev/null"), O_RDWR | O_CLOEXEC), "open /dev/null");
  for (const stream of descriptors) check(libc().dup2(nothing, stream), "dup2");
  closeFd(nothing);
}
