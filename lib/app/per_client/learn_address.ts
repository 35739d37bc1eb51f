/**
 * `learn-address`: a program that hears which addresses and networks belong to which client, and may
 * refuse each: `add ADDRESS NAME`, `update ADDRESS NAME` where another client has it until now, and
 * `delete ADDRESS` when the client is gone that had it last.
 *
 * A network behind a client that it refuses is not reached; a client whose own address it refuses is
 * not let in, as it could send nothing.
 *
 * Source: openvpn(8), `--learn-address`; OpenVPN's `multi.c` (`learn_address_script`).
 *
 * @module
 */

import type { ClientNetwork } from "../../config/config.ts";
import { type Programs, succeeded } from "../programs/programs.ts";
import { AdmissionRefusal, type AdmissionStep, type Candidate } from "../server/admission.ts";
import { clientVariables } from "./client_variables.ts";

/** `learn-address` as a step. */
export function learnAddressStep(programs: Programs, commandLine: string): AdmissionStep {
  const owners: AddressOwners = new Map();
  return {
    name: "learn-address",
    take: (candidate) => new AddressTeaching(programs, commandLine, owners, candidate).teach(),
  };
}

/** Who has each address or network, as the program was told. */
type AddressOwners = Map<string, Candidate>;

class AddressTeaching {
  readonly #programs: Programs;
  readonly #commandLine: string;
  readonly #owners: AddressOwners;
  readonly #candidate: Candidate;

  constructor(
    programs: Programs,
    commandLine: string,
    owners: AddressOwners,
    candidate: Candidate,
  ) {
    this.#programs = programs;
    this.#commandLine = commandLine;
    this.#owners = owners;
    this.#candidate = candidate;
  }

  async teach(): Promise<void> {
    const { settings, log } = this.#candidate;
    for (const own of [settings.addresses.ipv4, settings.addresses.ipv6]) {
      if (own !== undefined && !await this.#add(own.address)) {
        throw new AdmissionRefusal(`learn-address refuses ${own.address} for this client`);
      }
    }
    const networks: ClientNetwork[] = [];
    for (const network of settings.networks) {
      const text = networkText(network);
      if (await this.#add(text)) networks.push(network);
      else log.warn(`learn-address refuses ${text}: it is not reached through this client`);
    }
    settings.networks = networks;
  }

  async #add(address: string): Promise<boolean> {
    const { commonName, signal, log } = this.#candidate;
    const request = {
      option: "learn-address",
      commandLine: this.#commandLine,
      variables: clientVariables(this.#candidate),
      log,
    };
    // Two clients with the same ifconfig-push or iroute: the later one has it.
    const operation = this.#owners.has(address) ? "update" : "add";
    const args = [operation, address, commonName];
    if (!succeeded(await this.#programs.run({ ...request, args, signal }))) return false;
    this.#owners.set(address, this.#candidate);
    this.#candidate.atEnd(() => {
      if (this.#owners.get(address) !== this.#candidate) return;
      this.#owners.delete(address);
      this.#programs.run({ ...request, args: ["delete", address] });
    });
    return true;
  }
}

/** As OpenVPN prints it: a host without its prefix length. */
function networkText({ network, prefixLength }: ClientNetwork): string {
  const host = network.includes(":") ? 128 : 32;
  return prefixLength === host ? network : `${network}/${prefixLength}`;
}
