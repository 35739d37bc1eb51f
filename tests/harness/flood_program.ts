/**
 * Opens TCP connections and says nothing in them; opens another for each that the server closes.
 * Arguments: address, port, how many. Prints `holding` when it has tried that many, and whenever it
 * has replaced as many again.
 *
 * @module
 */

const [hostname, port, count] = Deno.args;
let attempts = 0;

async function hold(): Promise<void> {
  for (;;) {
    try {
      using connection = await Deno.connect({ hostname, port: Number(port) });
      noteAttempt();
      // Until the server closes it.
      await connection.read(new Uint8Array(1));
    } catch {
      noteAttempt();
    }
  }
}

function noteAttempt(): void {
  // deno-lint-ignore no-console -- that is how it tells the test
  if (++attempts % Number(count) === 0) console.log(`holding, ${attempts} attempts`);
}

await Promise.all(Array.from({ length: Number(count) }, hold));
