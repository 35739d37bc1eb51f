/**
 * Asks the management client about a server's clients (`management-client-auth`), and tells it of
 * them: CONNECT, REAUTH, CR_RESPONSE, ESTABLISHED, ADDRESS, DISCONNECT.
 *
 * Source: OpenVPN's doc/management-notes.txt, "The CLIENT notification".
 *
 * @module
 */

import type { AuthenticationDecision } from "../../management/client_decisions.ts";
import type { Management } from "../../management/management.ts";
import { clientVariables } from "../per_client/client_variables.ts";
import { takeClientOptions } from "../per_client/client_files.ts";
import type { ScriptVariables } from "../programs/script_variables.ts";
import { AdmissionRefusal, type AdmissionStep, type Candidate } from "../server/admission.ts";
import { failureText } from "../users/auth_failure.ts";
import type { Login, LoginDecider } from "../users/login_decider.ts";
import { askWhilePending } from "../users/pending_auth.ts";

/** See the module's page. */
export class ManagementDecider implements LoginDecider {
  readonly name = "management interface";
  readonly #management: Management;
  /** KID: how often a client was asked about, by CID. */
  readonly #asked = new Map<number, number>();

  constructor(management: Management) {
    this.#management = management;
  }

  async decide(login: Login, candidate: Candidate): Promise<void> {
    const keyId = this.#nextKeyId(candidate);
    const decision = await this.#ask(keyId, login, candidate);
    if (decision.kind === "deny") {
      throw new AdmissionRefusal(
        `MANAGEMENT: the client is kept out: ${decision.reason}`,
        failureText(candidate.peerInfo, decision.clientReason ?? ""),
      );
    }
    // What a client has it keeps when it renews its keys.
    if (candidate.renegotiation || decision.options.length === 0) return;
    takeClientOptions(decision.options.join("\n"), "client-auth", candidate);
  }

  /** The last step: the client is in. */
  get established(): AdmissionStep {
    return {
      name: "management interface",
      take: (candidate) => {
        const { id, settings } = candidate;
        this.#management.clientEvent(`ESTABLISHED,${id}`, this.#variables(candidate));
        const { ipv4, ipv6 } = settings.addresses;
        for (const address of [ipv4?.address, ipv6?.address]) {
          if (address !== undefined) this.#management.clientEvent(`ADDRESS,${id},${address},1`);
        }
      },
    };
  }

  #nextKeyId(candidate: Candidate): number {
    const { id } = candidate;
    const keyId = this.#asked.get(id) ?? 0;
    this.#asked.set(id, keyId + 1);
    if (keyId === 0) {
      candidate.atEnd(() => {
        this.#asked.delete(id);
        const { bytesIn, bytesOut } = candidate.traffic();
        this.#management.clientEvent(`DISCONNECT,${id}`, {
          ...this.#variables(candidate),
          bytes_received: String(bytesIn),
          bytes_sent: String(bytesOut),
          time_duration: String(Math.floor((Date.now() - candidate.createdAt) / 1000)),
        });
      });
    }
    return keyId;
  }

  async #ask(
    keyId: number,
    login: Login,
    candidate: Candidate,
  ): Promise<AuthenticationDecision> {
    const { id: clientId, renegotiation: renewal, signal } = candidate;
    const variables = {
      ...this.#variables(candidate),
      ...login.variables,
      username: login.username,
    };
    candidate.onMessage = (message) => {
      if (message.kind !== "challenge-response") return;
      this.#management.clientEvent(`CR_RESPONSE,${clientId},${keyId},${message.text}`, variables);
    };
    try {
      return await this.#management.decisions.ask({
        clientId,
        keyId,
        renewal,
        environment: { ...variables, password: login.password },
        pending: (extra, timeout) => tellPending(candidate, extra, timeout),
      }, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new AdmissionRefusal("the client has left, or its time is up, without a decision");
    } finally {
      candidate.onMessage = undefined;
    }
  }

  #variables(candidate: Candidate): ScriptVariables {
    return { n_clients: String(this.#clients()), ...clientVariables(candidate) };
  }

  #clients(): number {
    return this.#management.tunnel?.server?.traffic().length ?? 0;
  }
}

/** What a text of `client-pending-auth` asks of the client, by its beginning. */
const methods: Readonly<Record<string, string>> = {
  CR_TEXT: "crtext",
  WEB_AUTH: "webauth",
  OPEN_URL: "openurl",
};

function tellPending(candidate: Candidate, text: string, timeout: number): boolean {
  const method = methods[text.slice(0, text.indexOf(":"))];
  if (method === undefined) return false;
  try {
    askWhilePending(candidate, { timeout, method, text });
    return true;
  } catch (error) {
    if (error instanceof AdmissionRefusal) return false;
    throw error;
  }
}
