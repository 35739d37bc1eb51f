/** Asks for a secret as the program's commands do, for terminal_test.ts. */
import { print } from "../../../scripts/print.ts";
import { ask } from "../../../lib/app/terminal.ts";

try {
  const secret = await ask({ prompt: "Secret:", echo: false });
  print(`it has ${secret.length} characters`);
  Deno.exit(0);
} catch (error) {
  print(`error: ${(error as Error).message}`);
  Deno.exit(1);
}
