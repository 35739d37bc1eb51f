/**
 * What the API takes and gives, as JSON schemas (2020-12) that are types as well.
 *
 * @module
 */

import { type TSchema, type TUnsafe, Type } from "@sinclair/typebox";
import { scopes } from "../api_tokens.ts";
import { clientSystems } from "../service.ts";

/** No property but those that are named. */
export const strict = { additionalProperties: false } as const;

const time = (description: string) => Type.Number({ description: `${description}, ms since 1970` });
const count = (description: string) => Type.Number({ minimum: 0, description });

/** One of these texts. */
function oneOf<const Value extends string>(
  values: readonly Value[],
  description?: string,
): TUnsafe<Value> {
  const options = description === undefined ? {} : { description };
  // The library's types of unions are those of tuples; this is the same for a list.
  return Type.Union(values.map((value) => Type.Literal(value)), options) as unknown as TUnsafe<
    Value
  >;
}

/** A common name (RFC 5280, appendix A: at most 64). */
export const nameSchema = Type.String({
  minLength: 1,
  maxLength: 64,
  // Neither control characters nor what a path can't carry.
  pattern: "^[^\\u0000-\\u001f\\u007f/\\\\]+$",
  description: "Common name",
});

/** Systems that profiles are made for. */
export const systemSchema = oneOf(clientSystems, "The system that the profile is for");

/** What was refused. */
export const errorSchema = Type.Object({
  error: Type.Object({
    status: Type.Integer({ description: "The HTTP status" }),
    message: Type.String({ description: "What is wrong and what to do, for people" }),
  }, strict),
}, { ...strict, $id: "Error" });

/** {@linkcode Overview} */
export const overviewSchema = Type.Object({
  version: Type.String(),
  startedAt: time("When the server started"),
  listeners: Type.Array(Type.String(), { examples: [["udp *:1194"]] }),
  engine: Type.String({ description: "The crypto engine in use" }),
  clients: count("Clients that are connected"),
  maximumClients: count("Clients that may be connected"),
  received: count("From clients since the start, bytes"),
  sent: count("To clients since the start, bytes"),
  drops: Type.Record(Type.String(), Type.Number(), {
    description: "Dropped packets since the start, by reason",
  }),
  handshakes: Type.Record(Type.String(), Type.Number(), {
    description: "Handshakes since the start, by result",
  }),
  expiries: Type.Array(Type.Object({
    kind: oneOf(["authority", "server", "portal", "ocsp", "crl", "client"]),
    name: Type.String(),
    ends: time("When it ends"),
  }, strict)),
}, { ...strict, $id: "Overview" });

/** {@linkcode ThroughputSample} */
export const throughputSchema = Type.Array(
  Type.Object({
    time: time("End of the interval"),
    received: count("From clients, bytes per second"),
    sent: count("To clients, bytes per second"),
  }, strict),
  { $id: "Throughput" },
);

/** {@linkcode Session} */
export const sessionSchema = Type.Object({
  id: Type.Integer({ minimum: 0, description: "Counts connections since the start" }),
  name: Type.String({ description: "Common name" }),
  username: Type.Optional(Type.String()),
  realAddress: Type.String({ examples: ["192.0.2.1:5000"] }),
  virtualAddresses: Type.Array(Type.String()),
  cipher: Type.String(),
  connectedSince: time("When it came in"),
  received: count("Bytes from it"),
  sent: count("Bytes to it"),
  lastReceived: Type.Optional(time("When something last came from it")),
  roundTrip: Type.Optional(count("Round-trip time of the control channel, smoothed, ms")),
  roundTripMeasuredAt: Type.Optional(time("When it was last measured")),
  clientVersion: Type.Optional(Type.String()),
  exitNode: Type.Optional(Type.String()),
}, { ...strict, $id: "Session" });

/** {@linkcode Subscriber} */
export const subscriberSchema = Type.Object({
  name: Type.String(),
  certificates: Type.Array(Type.Object({
    serial: Type.String({ description: "Hexadecimal" }),
    issuedAt: time("When it was issued"),
    ends: time("When it ends"),
    revoked: Type.Optional(Type.Object({
      at: time("When it was revoked"),
      reason: Type.String(),
    }, strict)),
    hasPrivateKey: Type.Boolean({ description: "Whether profiles can be made" }),
  }, strict)),
  state: oneOf(["valid", "expired", "revoked"]),
  connected: Type.Boolean(),
}, { ...strict, $id: "Subscriber" });

/** {@linkcode OneTimeLink} */
export const linkSchema = Type.Object({
  url: Type.String({ description: "Secret: whoever has it gets the private key, once" }),
  expires: time("When it ends"),
}, { ...strict, $id: "OneTimeLink" });

/** {@linkcode ExitNode} */
export const exitNodeSchema = Type.Object({
  name: Type.String(),
  connected: Type.Boolean(),
  clients: Type.Array(Type.String()),
}, { ...strict, $id: "ExitNode" });

/** {@linkcode AccessList} */
export const accessListSchema = Type.Object({
  name: Type.String({ description: "A client's name; default: those without one" }),
  rules: Type.Array(Type.String(), { examples: [["allow 10.0.0.0/8 tcp/443", "deny any"]] }),
}, { ...strict, $id: "AccessList" });

const chainCertificate = Type.Object({
  subject: Type.String(),
  issuer: Type.String(),
  serial: Type.String(),
  notBefore: time("Start of validity"),
  notAfter: time("End of validity"),
  fingerprint: Type.String({ description: "SHA-256, hexadecimal" }),
  key: Type.String(),
  names: Type.Array(Type.String()),
  ocspUrls: Type.Array(Type.String()),
  crlUrls: Type.Array(Type.String()),
}, strict);

/** {@linkcode Protection} and the caller's own connection. */
export const protectionSchema = Type.Object({
  chain: Type.Array(chainCertificate),
  ocsp: Type.Optional(Type.Object({
    status: oneOf(["good", "revoked", "unknown"]),
    producedAt: time("When the answer was made"),
    nextUpdate: time("Until when it may be relied on"),
  }, strict)),
  revocationList: Type.Optional(Type.Object({
    thisUpdate: time("When it was made"),
    nextUpdate: Type.Optional(time("When the next one comes")),
    revoked: count("Certificates that are on it"),
  }, strict)),
  renegotiateAfter: count("Seconds until a tunnel gets new keys; 0: not by time"),
  connection: Type.Object({
    address: Type.String(),
    httpVersion: Type.String(),
    tlsVersion: Type.Optional(Type.String()),
    tlsCipher: Type.Optional(Type.String()),
  }, strict),
}, { ...strict, $id: "Protection" });

/** {@linkcode LogLine} */
export const logLineSchema = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  time: time("When it was written"),
  level: oneOf(["info", "warning", "error"]),
  text: Type.String(),
}, { ...strict, $id: "LogLine" });

/** {@linkcode Setting} */
export const settingSchema = Type.Object({
  name: Type.String(),
  description: Type.String(),
  value: Type.String(),
  values: Type.Optional(Type.Array(Type.String())),
  minimum: Type.Optional(Type.Number()),
  maximum: Type.Optional(Type.Number()),
}, { ...strict, $id: "Setting" });

/** A scope. */
export const scopeSchema = oneOf(scopes);

/** A token without its text. */
export const tokenSchema = Type.Object({
  name: Type.String(),
  scopes: Type.Array(scopeSchema),
  createdAt: time("When it was made"),
  expires: Type.Optional(time("When it ends")),
}, { ...strict, $id: "Token" });

/** What a user may do. */
export const roleSchema = oneOf(["user", "admin"]);

/** A user's name. */
export const userNameSchema = Type.String({ ...nameSchema, description: "User name" });

/** A password, present or new: OpenVPN carries at most 127 bytes. */
export const passwordSchema = Type.String({ maxLength: 256 });

/** {@linkcode PortalUser} */
export const userSchema = Type.Object({
  name: Type.String(),
  role: roleSchema,
  disabled: Type.Boolean({ description: "Known, but not let in" }),
  oneTimeCodes: Type.Boolean({ description: "Whether one-time codes are asked for" }),
  created: Type.Optional(time("When the user was added")),
  passwordSet: time("When the password was set, or taken away"),
  invitation: Type.Optional(Type.Object({
    expires: time("When the link ends"),
    password: Type.Boolean({ description: "Whether the password is set by it" }),
    oneTimeCodes: Type.Boolean({ description: "Whether one-time codes are set by it" }),
  }, { ...strict, description: "A link that waits for the user" })),
  lastLogin: Type.Optional(time("The last log-in that is known of")),
  lockedUntil: Type.Optional(time("Too many wrong passwords: when attempts are listened to again")),
}, { ...strict, $id: "User" });

/** {@linkcode InvitedUser} */
export const invitedUserSchema = Type.Object({
  user: userSchema,
  link: Type.Object({
    url: Type.String({ description: "Secret: whoever has it becomes the user, once" }),
    expires: time("When it ends"),
  }, strict),
}, { ...strict, $id: "InvitedUser" });

/** {@linkcode Enrolment} */
export const enrolmentSchema = Type.Object({
  secret: Type.String({ description: "Base32, for an authenticator" }),
  uri: Type.String({ description: "The same for a QR code" }),
}, { ...strict, $id: "Enrolment" });

/** Who calls. */
export const callerSchema = Type.Object({
  kind: oneOf(["session", "token"]),
  name: Type.String(),
  role: Type.Optional(roleSchema),
  scopes: Type.Optional(Type.Array(scopeSchema)),
  csrfToken: Type.Optional(Type.String({ description: "For the header X-CSRF-Token" })),
  ends: Type.Optional(time("When the session ends in any case")),
}, { ...strict, $id: "Caller" });

/** Those that the document names. */
export const namedSchemas: readonly TSchema[] = [
  errorSchema,
  overviewSchema,
  throughputSchema,
  sessionSchema,
  subscriberSchema,
  linkSchema,
  exitNodeSchema,
  accessListSchema,
  protectionSchema,
  logLineSchema,
  settingSchema,
  tokenSchema,
  userSchema,
  invitedUserSchema,
  enrolmentSchema,
  callerSchema,
];
