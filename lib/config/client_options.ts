/**
 * The options of one client: a file of `client-config-dir`, or what a `client-connect` program
 * wrote.
 *
 * Unlike OpenVPN, which says what is wrong and goes on, a file with a mistake in it counts as a
 * whole or not at all: half of it might be the half without its restrictions.
 *
 * @module
 */

import { emptyDraft } from "./draft.ts";
import { deepFreeze } from "./finish.ts";
import { type ConfigFileHost, denoHost } from "./host.ts";
import type { ClientOptions, Notice } from "./config.ts";
import { OptionReader } from "./read.ts";

/**
 * Reads the options of one client.
 *
 * @param file Stands for the text in messages.
 * @throws {ConfigError} at the first thing that is wrong.
 */
export function parseClientOptions(
  text: string,
  file: string,
  host: ConfigFileHost = denoHost,
): { readonly options: ClientOptions; readonly notices: readonly Notice[] } {
  const draft = emptyDraft();
  const reader = new OptionReader(draft, host, "client");
  reader.text(text, file);
  const { perClient, inactive, sessionTimeout } = draft;
  const options = deepFreeze<ClientOptions>({
    disable: false,
    ...perClient,
    ...(inactive !== undefined && { inactive }),
    ...(sessionTimeout !== undefined && { sessionTimeout }),
  });
  return { options, notices: reader.notices };
}
