/**
 * The project's files.
 *
 * @module
 */

/** The project's directory, without a slash at its end. */
export const projectDirectory: string = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/**
 * Files under a directory of the project whose name ends with `suffix`, as paths relative to the
 * project, sorted. A directory that isn't there has none.
 */
export async function filesUnder(directory: string, suffix: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of Deno.readDir(`${projectDirectory}/${directory}`)) {
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory) found.push(...await filesUnder(path, suffix));
      else if (entry.isFile && entry.name.endsWith(suffix)) found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}
