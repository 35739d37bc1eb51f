/**
 * Gets a page and all that it asks for: `visit_program.ts URL AUTHORITY`. A line for each, with its
 * status and path.
 *
 * @module
 */

const [url, authority] = Deno.args;
using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(authority)] });

async function get(address: string | URL): Promise<string> {
  const response = await fetch(address, { client });
  const text = await response.text();
  await Deno.stdout.write(
    new TextEncoder().encode(`${response.status} ${new URL(address).pathname}\n`),
  );
  return text;
}

const page = await get(url);
for (const [, path] of page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
  await get(new URL(path, url));
}
