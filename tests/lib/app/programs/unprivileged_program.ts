/** Runs a program as nobody in the directory that it was started in, for working_directory_test.ts. */
import { dropPrivileges, findUser } from "../../../../ffi/mod.ts";
import { print } from "../../../../scripts/print.ts";
import { Programs } from "../../../../lib/app/programs/programs.ts";
import { openLog } from "../../../../lib/base/log.ts";

const log = openLog(4, ({ text }) => print(text));
const programs = new Programs({ security: 2, environment: {}, log });
const { uid, gid } = findUser("nobody")!;
dropPrivileges({ uid, gid }, []);
print(JSON.stringify(await programs.run({ option: "up", commandLine: Deno.args[0] })));
