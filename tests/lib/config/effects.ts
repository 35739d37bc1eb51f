/**
 * Which test judges that an option has its effect: that something is done otherwise because of it,
 * and not only that it is read. `effects_test.ts` sees to it that no supported option is without.
 *
 * @module
 */

/** Options by the file of their test, under tests/; the file names each of them. */
export const effects: Readonly<Record<string, string>> = {
  // Settled while the configuration, or what a server pushes, is read.
  "lib/config/parse_test.ts": `
    client pull tls-client tls-server dev-type nobind config cd ignore-unknown-option
    x509-username-field ns-cert-type port`,
  "lib/config/push_test.ts": `
    route-nopull allow-pull-fqdn pull-filter peer-id auth-token-user key-derivation protocol-flags`,
  "lib/config/openvpn_settings_test.ts": "mode",
  "lib/wire/control_message_test.ts": "push-continuation",

  // A client's connection.
  "lib/app/client/remote_list_test.ts": `
    remote remote-random remote-random-hostname proto-force rport resolv-retry connect-retry
    connect-retry-max`,
  "lib/app/client/client_socket_test.ts": `
    lport local bind sndbuf rcvbuf mark bind-dev proto mtu-disc`,
  "lib/app/client/client_connection_test.ts": `
    connect-timeout server-poll-timeout hand-window tls-exit`,
  "lib/app/client/connection_outcome_test.ts": "remap-usr1",
  "lib/app/client/server_peer_command_test.ts": `
    replay-window ping ping-restart comp-lzo compress mssfix`,
  "lib/app/client/user_credentials_test.ts": "auth-nocache auth-retry static-challenge",
  "lib/app/client/client_tunnel_test.ts": `
    persist-tun route route-ipv6 route-gateway route-metric route-delay ifconfig ifconfig-ipv6
    down-pre`,
  "lib/app/tunnel_description_test.ts": "topology disable-offload",
  "lib/control/peer_info_test.ts": "push-peer-info",
  "peers/directives_test.ts": `
    single-session connect-freq connect-freq-initial ping-exit reneg-bytes reneg-pkts`,
  "peers/client_test.ts": "keepalive auth-user-pass",
  "peers/exit_notification_test.ts": "explicit-exit-notify",
  "peers/server_test.ts": "float max-clients push server",
  "peers/variants_test.ts": "auth tun-mtu",

  // Certificates and keys.
  "lib/app/identity_test.ts": "extra-certs ca cert key",
  "peers/credentials_test.ts": "capath pkcs12 askpass tls-version-min tls-version-max",
  "lib/pki/policy_test.ts": `
    remote-cert-tls remote-cert-eku remote-cert-ku verify-x509-name peer-fingerprint`,
  "lib/pki/peer_conditions_test.ts": "verify-hash tls-cert-profile",
  "peers/impostors_test.ts": "crl-verify",
  "peers/online_revocation_test.ts": "ocsp http",
  "peers/installers_test.ts": "dh",
  "peers/control_protection_test.ts": "tls-auth tls-crypt tls-crypt-v2",
  "lib/crypto/tls_auth_test.ts": "key-direction",
  "peers/client_keys_test.ts": "tls-crypt-v2-verify tls-crypt-v2-revoked",
  "lib/app/control_protection/revoked_keys_test.ts": "tls-crypt-v2-max-age",

  // Keys of the data channel.
  "lib/control/server_admission_test.ts": "data-ciphers ncp-ciphers data-ciphers-fallback cipher",
  "lib/app/server/session_settings_test.ts": "tran-window tls-timeout reneg-sec",
  "peers/matrix_test.ts": "crypto",

  // The machine's network.
  "lib/net/redirect_gateway_test.ts": "redirect-gateway redirect-private",
  "lib/net/tunnel_routes_test.ts": "block-ipv6",
  "lib/net/dns/dns_settings_test.ts": "dhcp-option dns",
  "lib/app/client_network/client_kill_switch_test.ts": "kill-switch",
  "lib/net/tunnel_interface_test.ts": "dev",

  // A server's clients.
  "lib/app/per_client/address_book_test.ts": `
    ifconfig-pool ifconfig-ipv6-pool ifconfig-push-constraint duplicate-cn`,
  "lib/app/per_client/client_files_test.ts": "ccd-exclusive disable",
  "lib/app/server/admission_test.ts": "push-reset push-remove",
  "peers/per_client_test.ts": `
    server-ipv6 ifconfig-pool-persist client-config-dir client-to-client ifconfig-push
    ifconfig-ipv6-push iroute iroute-ipv6 client-connect client-disconnect learn-address tls-verify
    tls-export-cert`,
  "peers/access_test.ts": "vpn-acl inactive session-timeout",
  "lib/app/exit/server_exit_test.ts": "exit-out",
  "peers/client_exit_test.ts": "exit-node exit-choices advertise-exit use-exit",
  "peers/users_server_test.ts": `
    vpn-users verify-client-cert username-as-common-name auth-user-pass-verify auth-token
    auth-user-pass-optional auth-gen-token auth-gen-token-secret client-crresponse`,
  "lib/app/users/open_login_test.ts": "tmp-dir",

  // Process and log.
  "lib/app/log/program_log_test.ts": `
    log log-append suppress-timestamps machine-readable-output log-format verb mute`,
  "lib/app/programs/programs_of_test.ts": "setenv setenv-safe script-security",
  "peers/daemon_test.ts": "writepid user group daemon nice",
  "peers/status_test.ts": "status status-version",
  "lib/app/log/syslog_sink_test.ts": "syslog",
  "lib/app/openvpn_commands/small_command_test.ts": `
    genkey mktun rmtun show-ciphers show-digests show-tls show-groups show-gateway show-curves
    show-engines`,
  "peers/authority_test.ts": "state",
  "lib/app/authority/open_service_test.ts": "https https-cert https-key",
  "peers/portal_options_test.ts": "portal portal-host metrics-allow ca-passphrase-file",
  "peers/certificate_renewal_test.ts": "portal-cert portal-key",
  "peers/metrics_test.ts": "metrics control-socket",
  "peers/noexec_test.ts": "ifconfig-noexec route-noexec",
  "peers/tunnel_programs_test.ts": "up down route-up route-pre-down ipchange",
  "lib/app/management/open_management_test.ts": `
    management management-client-user management-client-group management-signal
    management-forget-disconnect management-up-down management-client management-log-cache`,
  "peers/management_test.ts": `
    management-query-passwords management-query-remote management-hold management-client-auth`,
};

/** Options whose test isn't named above yet: each is to get a place there. */
export const untested: ReadonlySet<string> = new Set([
  "passtos",
  "multihome",
]);
