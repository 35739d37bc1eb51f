/**
 * Which variables the notifications about clients have (`env-filter`).
 *
 * @module
 */

// As OpenVPN 2.6's manage.c has them.
const essential = [
  "username=",
  "password=",
  "X509_0_CN=",
  "tls_serial_",
  "untrusted_ip=",
  "ifconfig_local=",
  "ifconfig_netmask=",
  "daemon_start_time=",
  "daemon_pid=",
  "dev=",
  "ifconfig_pool_remote_ip=",
  "ifconfig_pool_netmask=",
  "time_duration=",
  "bytes_sent=",
  "bytes_received=",
  "session_id=",
  "session_state=",
];

const variable = ">CLIENT:ENV,";

/** Whether a line is shown at that level: 0 all, 1 also `X509_…`, 2 only what is essential. */
export function isShown(line: string, level: number): boolean {
  if (level === 0 || !line.startsWith(variable) || line === `${variable}END`) return true;
  const text = line.slice(variable.length);
  if (level === 1 && text.startsWith("X509_")) return true;
  return level <= 2 && essential.some((name) => text.startsWith(name));
}
