/**
 * The management interface, as a configuration describes it.
 *
 * @module
 */

/** `management` and the options that change it. */
export interface ManagementOptions {
  /** Where it listens, or with `connectOut` connects to. */
  readonly address:
    | { readonly kind: "tcp"; readonly hostname: string; readonly port: number }
    | { readonly kind: "unix"; readonly path: string };
  /** File whose first line is the password of whoever wants in. */
  readonly passwordFile?: string;
  /** `management-client`: connect to it rather than listen. */
  readonly connectOut: boolean;
  /** `management-client-user`: only that user's processes, by a unix socket. */
  readonly user?: string;
  /** `management-client-group`: only processes of that group, by a unix socket. */
  readonly group?: string;
  /** `management-query-passwords`: ask there for passwords. */
  readonly queryPasswords: boolean;
  /** `management-query-remote`: ask there which server to take. */
  readonly queryRemote: boolean;
  /** `management-hold`: start when told there. */
  readonly hold: boolean;
  /** `management-signal`: SIGUSR1 when a management client goes. */
  readonly signalOnDisconnect: boolean;
  /** `management-forget-disconnect`: forget passwords when it goes. */
  readonly forgetOnDisconnect: boolean;
  /** `management-up-down`: tell there when the tunnel comes and goes. */
  readonly upDown: boolean;
  /** `management-client-auth`: ask there whether a client may come in. */
  readonly clientAuth: boolean;
  /** `management-log-cache`: lines that it keeps. */
  readonly logCache: number;
}
