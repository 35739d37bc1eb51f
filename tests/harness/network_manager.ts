/**
 * OpenVPN's command line as NetworkManager's plugin builds it: no configuration file, and addresses
 * and routes left to the program that `up` calls.
 *
 * Source: network-manager-openvpn, `nm-openvpn-service.c` (`nm_openvpn_start_openvpn_binary`).
 *
 * @module
 */

/** What depends on the connection. */
export interface NetworkManagerConnection {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** `--tls-auth KEY 1`, `--tls-crypt KEY`, … */
  readonly control: readonly string[];
  /** The helper, which NetworkManager gives arguments of its own. */
  readonly up: string;
  /** Path of the management socket. */
  readonly management: string;
}

/**
 * The arguments for a connection with a certificate, without `--syslog nm-openvpn`: tests read the
 * log.
 */
export function networkManagerArguments(connection: NetworkManagerConnection): string[] {
  return [
    ...["--remote", connection.host, String(connection.port), "udp", "--nobind"],
    ...["--dev", "tun", "--auth-nocache", ...connection.control],
    ...["--cipher", "AES-256-GCM", "--auth", "SHA256", "--remote-cert-tls", "server"],
    ...["--ping", "10", "--ping-restart", "60", "--reneg-sec", "3600"],
    ...["--tun-mtu", "1400", "--mssfix"],
    ...["--script-security", "2"],
    ...["--up", `${connection.up} --debug 0 1234 --bus-name org.test --tun --`, "--up-restart"],
    ...["--persist-key", "--persist-tun"],
    ...["--management", connection.management, "unix"],
    ...["--management-client-user", "root", "--management-client-group", "root"],
    ...["--management-query-passwords", "--auth-retry", "interact"],
    ...["--route-noexec", "--ifconfig-noexec", "--client"],
    ...["--ca", connection.ca, "--cert", connection.cert, "--key", connection.key],
  ];
}
