/**
 * TLS inside the control channel: node:tls over a Duplex whose ciphertext travels in P_CONTROL_V1
 * payloads.
 *
 * Two traps, measured on Deno 2.9.6, shape this file. `new TLSSocket(duplex, {isServer: true})`
 * lets in certificates of any authority, so the server role goes through `tls.createServer` and
 * its "connection" event. And neither role checks the handshake's signature when the other's
 * certificate is X.509 v1: our own check of the chain, which refuses v1, comes before a byte of
 * ours is sent.
 *
 * `rejectUnauthorized` is false so that there is a chain to say what is wrong with: the library has
 * one message for a wrong authority, a wrong use and more, or on a server none ("socket hang up").
 * It verifies chain and signature all the same (Deno's `ext/node/ops/tls_wrap.rs`), and what it
 * objects to comes with `secure`: a peer is let in when neither it nor our own check objects.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import tls from "node:tls";
import { VpnError } from "../base/errors.ts";
import { alertForError, type AlertName, decodeAlert, encodeAlert } from "./tls_alert.ts";
import { TlsRecordAssembler } from "./tls_record_assembler.ts";
import { acceptConnection } from "./tls_server.ts";

/** TLS versions that `tls-version-min` and `tls-version-max` can name and node:tls can speak. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** Our side of the mutual authentication, as PEM. */
export interface TlsCredentials {
  /** `ca`: the authorities that the peer's certificate may descend from. */
  readonly authorities: string;
  /**
   * Whom to trust is decided by fingerprints alone (`peer-fingerprint` without `ca`): there is no
   * chain that the library could judge. It checks the handshake's signature all the same.
   */
  readonly byFingerprint?: boolean;
  /** `cert`, with `extra-certs` behind it. */
  readonly certificate?: string;
  /** `key`: the certificate's private key. */
  readonly key?: string;
  /** Server: whether clients must show a certificate; `none`: they aren't asked for one. */
  readonly clientCertificate?: "require" | "optional" | "none";
  readonly minimumVersion: TlsVersion;
  readonly maximumVersion: TlsVersion;
  /** OpenSSL cipher list (`tls-cipher`, `tls-ciphersuites`); the TLS stack's default without. */
  readonly ciphers?: string;
}

/** Who is at the other end of a TLS connection. */
export interface TlsPeer {
  /** Certificates in DER, leaf first, not yet checked by us; none when it presented none. */
  readonly chain: readonly Uint8Array[];
  /** Why the TLS library does not accept them; undefined: it does. */
  readonly objection?: string;
  /** Version and cipher, for the log. */
  readonly description: string;
}

/** What a `TlsChannel` tells its owner. Nothing comes after `failed`. */
export interface TlsChannelEvents {
  /** Records to carry to the peer. */
  ciphertext(bytes: Uint8Array): void;
  /** The handshake is done; whoever is at the other end may be anybody. */
  secure(peer: TlsPeer): void;
  plaintext(bytes: Uint8Array): void;
  failed(error: VpnError): void;
}

/** The socket that node:tls believes in: writes come out as ciphertext events. */
class CiphertextDuplex extends Duplex {
  constructor(readonly onCiphertext: (bytes: Uint8Array) => void) {
    super();
  }
  override _read(): void {
    // Data is pushed when it comes; the reliable layer's window bounds how much.
  }
  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.onCiphertext(chunk);
    done();
  }
}

/** One TLS connection, either role. */
export class TlsChannel {
  readonly #duplex: CiphertextDuplex;
  /** Whether a peer without certificate is none to object to. */
  readonly #mayBeWithout: boolean;
  readonly #byFingerprint: boolean;
  readonly #received = new TlsRecordAssembler();
  #socket: tls.TLSSocket | undefined;
  #ended = false;

  constructor(
    role: "client" | "server",
    credentials: TlsCredentials,
    readonly events: TlsChannelEvents,
  ) {
    this.#mayBeWithout = role === "server" &&
      (credentials.clientCertificate ?? "require") !== "require";
    this.#byFingerprint = credentials.byFingerprint === true;
    this.#duplex = new CiphertextDuplex((bytes) => {
      if (!this.#ended) events.ciphertext(bytes);
    });
    if (role === "server") this.#accept(credentials);
    else this.#connect(credentials);
  }

  /** Hands over ciphertext of the peer, in order. */
  receive(bytes: Uint8Array): void {
    if (this.#ended) return;
    const alert = this.#received.isWaiting ? undefined : decodeAlert(bytes);
    if (alert !== undefined) {
      return this.#end(
        new VpnError(`TLS handshake failed: the peer refuses it with the alert "${alert}"`),
      );
    }
    const records = this.#received.push(bytes);
    if (records.length > 0) this.#duplex.push(records);
  }

  /** Encrypts and sends; only after `secure`. `flushed`: the bytes are no longer needed. */
  write(plaintext: Uint8Array, flushed?: () => void): void {
    if (this.#ended || this.#socket === undefined) flushed?.();
    else this.#socket.write(plaintext, flushed);
  }

  /** Tells the peer that its certificate is refused, and why. */
  refuse(alert: AlertName): void {
    if (!this.#ended) this.events.ciphertext(encodeAlert(alert));
  }

  /** Ends the connection without a word to the peer; no event follows. */
  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket?.destroy();
    this.#duplex.destroy();
  }

  #accept(credentials: TlsCredentials): void {
    acceptConnection(serverFor(credentials), this.#duplex, {
      secureConnection: (socket) => {
        this.#socket = socket;
        this.#listen(socket);
        this.#secure(socket);
      },
      tlsClientError: (error) => this.#fail(error),
    });
  }

  #connect(credentials: TlsCredentials): void {
    const socket = tls.connect({
      ...commonOptions(credentials),
      socket: this.#duplex,
      rejectUnauthorized: false,
      // VPN servers' certificates have no DNS names; what the configuration asks of them
      // (`verify-x509-name`, `remote-cert-tls`) is checked on the chain instead.
      checkServerIdentity: () => undefined,
    });
    this.#socket = socket;
    socket.on("secureConnect", () => this.#secure(socket));
    this.#listen(socket);
  }

  #listen(socket: tls.TLSSocket): void {
    socket.on("data", (bytes: Uint8Array) => {
      if (!this.#ended) this.events.plaintext(bytes);
    });
    socket.on("error", (error: Error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the peer closed the TLS connection")));
  }

  #secure(socket: tls.TLSSocket): void {
    if (this.#ended) return;
    // In a resumed session nobody has shown a certificate. We never ask for one.
    if (socket.isSessionReused()) return this.#fail(new Error("the session was resumed"));
    const chain = peerChain(socket);
    const acceptable = chain.length === 0 ? this.#mayBeWithout : this.#byFingerprint;
    const objection = socket.authorized || acceptable
      ? undefined
      : String(socket.authorizationError ?? "the certificate is not accepted");
    const description = `${socket.getProtocol()}, cipher ${socket.getCipher().name}`;
    this.events.secure({ chain, objection, description });
  }

  #fail(cause: unknown): void {
    if (this.#ended) return;
    const reason = handshakeFailure(cause);
    this.refuse(alertForError(reason));
    this.#end(new VpnError(`TLS handshake failed: ${reason}`, undefined, { cause }));
  }

  #end(error: VpnError): void {
    this.destroy();
    this.events.failed(error);
  }
}

/**
 * What went wrong, in words. A chain that does not verify fails no handshake here, so that this code
 * can only mean the signature of the handshake itself (rustls' BadSignature has no other).
 */
function handshakeFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const wrongKey = "code" in cause && cause.code === "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
  return wrongKey
    ? "the peer does not hold the key of its certificate (wrong handshake signature)"
    : cause.message;
}

const servers = new WeakMap<TlsCredentials, tls.Server>();

/** One server for all connections with the same credentials. */
function serverFor(credentials: TlsCredentials): tls.Server {
  const known = servers.get(credentials);
  if (known !== undefined) return known;
  const server = tls.createServer({
    ...commonOptions(credentials),
    requestCert: credentials.clientCertificate !== "none",
    rejectUnauthorized: false,
  });
  servers.set(credentials, server);
  return server;
}

function commonOptions(credentials: TlsCredentials): tls.SecureContextOptions {
  return {
    ca: credentials.authorities,
    cert: credentials.certificate,
    key: credentials.key,
    minVersion: credentials.minimumVersion,
    maxVersion: credentials.maximumVersion,
    ciphers: credentials.ciphers,
  };
}

/** Certificates that a peer may send; OpenVPN verifies chains of at most 16. */
const maximumChainLength = 16;

function peerChain(socket: tls.TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate: tls.DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < maximumChainLength) {
    chain.push(Uint8Array.from(certificate.raw as Buffer));
    const issuer: tls.DetailedPeerCertificate | undefined = certificate.issuerCertificate;
    certificate = issuer === certificate ? undefined : issuer;
  }
  return chain;
}
