/**
 * Who is told what a tunnel does, and may hold it up: the management interface, the service manager.
 *
 * @module
 */

import type { RemoteAnswer } from "../management/queries.ts";
import type { State } from "../management/messages.ts";
import type { ScriptVariables } from "./programs/script_variables.ts";

/** See the module's page. */
export interface TunnelObserver {
  /** The tunnel entered a state. */
  state(state: State): void;
  /** `echo`, of the configuration or pushed. */
  echo(text: string): void;
  /** The tunnel is up, or no longer. */
  upDown(which: "UP" | "DOWN", variables: ScriptVariables): void;
  /**
   * Client: before it connects anew; resolves when it may, with whether that was held up. `seconds`:
   * that it waits by itself. Rejects with the signal's reason.
   */
  hold(seconds: number, signal: AbortSignal): Promise<boolean>;
  /** Client: what to do with the server that is next; absent where nobody is to be asked. */
  readonly chooseRemote?: (
    remote: { readonly host: string; readonly port: number; readonly protocol: string },
    signal: AbortSignal,
  ) => Promise<RemoteAnswer>;
}

/** Nobody. */
export const silentObserver: TunnelObserver = {
  state: () => {},
  echo: () => {},
  upDown: () => {},
  hold: () => Promise.resolve(false),
};
