/**
 * Connects a tunnel with the management interface.
 *
 * @module
 */

import type { Config } from "../../config/mod.ts";
import type { Management } from "../../management/management.ts";
import type { TunnelHooks } from "../tunnel_hooks.ts";
import { ManagementDecider } from "./management_decider.ts";
import { ManagementPrompt } from "./management_prompt.ts";

/** What the tunnel of this configuration is started with. */
export function managementHooks(management: Management, config: Config): TunnelHooks {
  const { queryPasswords, queryRemote, clientAuth } = config.management!;
  const decider = clientAuth ? new ManagementDecider(management) : undefined;
  return {
    ...decider && { deciders: [decider], lastStep: decider.established },
    observer: {
      state: (state) => management.recordState(state),
      echo: (text) => management.recordEcho(text),
      upDown: (which, variables) => management.upDown(which, variables),
      hold: (seconds, signal) => management.waitForRelease(seconds, signal),
      ...queryRemote && {
        chooseRemote: ({ host, port, protocol }, signal) =>
          management.queries.remote(`${host},${port},${protocol}`, signal),
      },
    },
    prompt: (terminal) => new ManagementPrompt(management, queryPasswords ? undefined : terminal),
  };
}
