/**
 * Main's commands about peers, keys and routes, carried out between turns.
 *
 * @module
 */

import { wipe } from "../base/bytes.ts";
import { errorLine } from "../base/errors.ts";
import type { DataCipher, KeyMaterial } from "../crypto/engine.ts";
import { noExit, serverExit } from "../data/exit_routes.ts";
import { Framing } from "../data/framing.ts";
import { DataKey, type Peer } from "../data/peer.ts";
import type { PeerSettings } from "../data/peer_table.ts";
import type { LoopState } from "./loop_state.ts";
import type {
  ActivateKeyCommand,
  AddInsideNetworkCommand,
  AddPeerCommand,
  AddRouteCommand,
  CompressionFraming,
  InstallKeyCommand,
  RemovePeerCommand,
  RemoveRouteCommand,
  RetireKeyCommand,
  SendExitCommand,
  SetExitCommand,
  UpdatePeerCommand,
} from "./messages.ts";

/** The commands that touch no file descriptor. */
export type LoopCommand =
  | AddPeerCommand
  | UpdatePeerCommand
  | RemovePeerCommand
  | SendExitCommand
  | InstallKeyCommand
  | ActivateKeyCommand
  | RetireKeyCommand
  | AddRouteCommand
  | RemoveRouteCommand
  | SetExitCommand
  | AddInsideNetworkCommand;

const framings: Record<CompressionFraming, Framing> = {
  "none": Framing.NONE,
  "stub": Framing.STUB,
  "stub-swap": Framing.STUB_SWAP,
  "stub-v2": Framing.STUB_V2,
};

/** Verbosity of what should not happen: main's mistake or a key that no engine takes. */
const failureVerb = 1;

/** Carries out a command (`send-exit` excepted). A failure is logged and changes nothing. */
export function executeCommand(state: LoopState, command: LoopCommand): void | Promise<void> {
  try {
    const result = execute(state, command);
    return result?.catch((error) => reportFailure(state, command, error));
  } catch (error) {
    reportFailure(state, command, error);
  }
}

function reportFailure(state: LoopState, command: LoopCommand, error: unknown): void {
  const subject = "peer" in command ? ` of peer ${command.peer}` : "";
  const message = `data plane: ${command.kind}${subject}: ${errorLine(error)}`;
  state.post({ kind: "log", verb: failureVerb, message });
}

function execute(state: LoopState, command: LoopCommand): void | Promise<void> {
  const { peers, routes } = state;
  if (command.kind === "add-peer") return addPeer(state, command);
  if (command.kind === "install-key") return installKey(state, command);
  if (command.kind === "remove-route") {
    return routes.remove(command.network, command.prefixLength, command.peer);
  }
  if (command.kind === "add-inside-network") {
    return state.exits.addNetwork(command.network, command.prefixLength);
  }
  const peer = peers.get(command.peer);
  // Removing, retiring and taking leave are asked for in any order at a session's end.
  if (peer === undefined) {
    const late = command.kind === "remove-peer" || command.kind === "retire-key" ||
      command.kind === "send-exit";
    if (late) return;
    throw new Error("there is no such peer");
  }
  switch (command.kind) {
    case "update-peer":
      return peers.update(peer, settingsOf(command));
    case "remove-peer":
      routes.removePeer(peer.number);
      state.exits.removePeer(peer.number);
      return peers.remove(peer.number);
    case "activate-key":
      if (!peer.activateKey(command.keyId)) throw new Error(`key ${command.keyId} is not there`);
      return;
    case "retire-key":
      return peer.retireKey(command.keyId);
    case "add-route":
      return routes.add(command.network, command.prefixLength, command.peer);
    case "set-exit":
      return setExit(state, peer, command.exit);
    case "send-exit":
      return;
  }
}

function setExit({ exits, peers }: LoopState, peer: Peer, exit: number): void {
  // An exit node that went meanwhile is one that is away.
  const there = exit === serverExit || peers.get(exit) !== undefined;
  exits.set(peer.number, there ? exit : noExit);
}

function addPeer(state: LoopState, command: AddPeerCommand): void {
  const { peers, routes, exits, counters } = state;
  if (peers.get(command.peer) !== undefined) {
    routes.removePeer(command.peer);
    exits.removePeer(command.peer);
  }
  const { replayWindow, replayTime, framing } = command;
  const peer = peers.add(command.peer, {
    ...command,
    framing: framings[framing],
    replayWindow,
    replayTime,
  });
  counters.resetPeer(peer.number);
  peer.receivedAt = state.now;
  peer.sentAt = state.now;
}

function settingsOf(command: UpdatePeerCommand): Partial<PeerSettings> {
  const { framing, ...rest } = command;
  return { ...rest, framing: framing && framings[framing] };
}

function installKey(state: LoopState, command: InstallKeyCommand): void | Promise<void> {
  const { seal, open } = command;
  const peer = state.peers.get(command.peer);
  if (peer === undefined) {
    wipeMaterial(seal, open);
    throw new Error("there is no such peer");
  }
  return createKey(state, peer, command).finally(() => wipeMaterial(seal, open));
}

async function createKey(
  state: LoopState,
  peer: Peer,
  { keyId, seal, open }: InstallKeyCommand,
): Promise<void> {
  if (!Number.isInteger(keyId) || keyId < 0 || keyId >= peer.keys.length) {
    throw new Error(`key id ${keyId} is not 0 to ${peer.keys.length - 1}`);
  }
  const sealCipher = await state.engine.createCipher("seal", seal);
  let openCipher: DataCipher | undefined;
  try {
    openCipher = await state.engine.createCipher("open", open);
    peer.installKey(new DataKey(peer, keyId, sealCipher, openCipher));
  } catch (error) {
    sealCipher.destroy();
    openCipher?.destroy();
    throw error;
  }
  state.post({ kind: "key-installed", peer: peer.number, keyId });
}

function wipeMaterial(...materials: readonly KeyMaterial[]): void {
  for (const { cipherKey, hmacKey } of materials) wipe(cipherKey, hmacKey);
}
