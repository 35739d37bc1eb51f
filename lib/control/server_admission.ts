/**
 * What a server reads from a client's key method 2 message, and what it pushes in return.
 *
 * @module
 */

import type { ServerConfig } from "../config/config.ts";
import type { KeyMethod2Message } from "../wire/key_method.ts";
import { parseOptionsString } from "../wire/options_string.ts";
import {
  announcedCiphers,
  cipherNegotiationVersion,
  IvProto,
  parsePeerInfo,
  type PeerInfo,
  protocolFlags,
} from "../wire/peer_info.ts";
import { chooseCipher, type PeerCiphers } from "./cipher_negotiation.ts";

/** What is settled between a server and one client. */
export interface Admission {
  readonly cipher: string;
  /** Whether the cipher is pushed; a client without negotiation would complain of it. */
  readonly negotiates: boolean;
  /** Whether data packets go out as P_DATA_V2. */
  readonly dataV2: boolean;
  /** Whether the client waits for a PUSH_REPLY without asking. */
  readonly pushUnasked: boolean;
  /** Whether it may tell us by a control message that it ends. */
  readonly exitByControlChannel: boolean;
  /** `IV_MTU`: largest `tun-mtu` that the client takes; undefined when it does not say. */
  readonly maximumTunMtu?: number;
  readonly peerInfo: PeerInfo;
}

/** @throws {CipherNegotiationError} when there is no common cipher. */
export function admit(config: ServerConfig, message: KeyMethod2Message): Admission {
  const peerInfo = parsePeerInfo(message.peerInfo ?? "");
  const ciphers: PeerCiphers = {
    announced: announcedCiphers(peerInfo),
    ncpVersion: cipherNegotiationVersion(peerInfo),
    inOptions: parseOptionsString(message.options).cipher,
  };
  const flags = protocolFlags(peerInfo);
  const mtu = peerInfo.get("IV_MTU");
  return {
    cipher: chooseCipher(config.data.ciphers, ciphers, config.data.fallbackCipher),
    negotiates: ciphers.announced !== undefined || (ciphers.ncpVersion ?? 0) >= 2,
    dataV2: (flags & IvProto.DATA_V2) !== 0,
    pushUnasked: (flags & IvProto.REQUEST_PUSH) !== 0,
    exitByControlChannel: (flags & IvProto.CC_EXIT_NOTIFY) !== 0,
    maximumTunMtu: mtu !== undefined && /^\d{1,5}$/.test(mtu) ? Number(mtu) : undefined,
    peerInfo,
  };
}

/** What a client's PUSH_REPLY has at its end: what holds for this session alone. */
export function sessionOptions(
  config: ServerConfig,
  admission: Admission,
  client: {
    readonly address?: string;
    readonly netmask: string;
    readonly ipv6?: {
      readonly address: string;
      readonly prefixLength: number;
      readonly remote: string;
    };
    readonly peerId: number;
  },
): string[] {
  const options: string[] = [];
  if (client.ipv6 !== undefined) {
    const { address, prefixLength, remote } = client.ipv6;
    options.push(`ifconfig-ipv6 ${address}/${prefixLength} ${remote}`);
  }
  if (client.address !== undefined) options.push(`ifconfig ${client.address} ${client.netmask}`);
  if (admission.dataV2) options.push(`peer-id ${client.peerId}`);
  if (admission.negotiates) options.push(`cipher ${admission.cipher}`);
  if (admission.exitByControlChannel) options.push("protocol-flags cc-exit");
  if (admission.maximumTunMtu !== undefined) options.push(`tun-mtu ${config.mtu.tunMtu}`);
  return options;
}
