import assert from "node:assert/strict";
import fc from "fast-check";
import { VpnError } from "../../../lib/base/errors.ts";
import {
  type ControlMessage,
  ControlMessageSplitter,
  encodeControlMessage,
  maximumControlMessageLength,
  parseControlMessage,
} from "../../../lib/wire/control_message.ts";
import {
  buildPushReplies,
  maximumPushReplyLength,
  PushReplyAssembler,
} from "../../../lib/wire/push_reply.ts";

const text = (value: string) => new TextEncoder().encode(value);

function all(splitter: ControlMessageSplitter): string[] {
  const messages: string[] = [];
  for (let m = splitter.next(); m !== undefined; m = splitter.next()) messages.push(m);
  return messages;
}

Deno.test("messages are cut as in OpenVPN's test_pkt.c, test_extract_control_message", () => {
  const splitter = new ControlMessageSplitter();
  splitter.push(text("valid control message\r\n\0\0Invalid\r\none\0valid one again\0"));
  assert.deepEqual(all(splitter), ["valid control message", "valid one again"]);
  splitter.push(text("no NUL"));
  assert.deepEqual(all(splitter), []);
});

Deno.test("messages come out the same however the stream is cut", () => {
  const message = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    // deno-lint-ignore no-control-regex -- such messages are dropped
    .filter((value) => !/[\x00-\x1f\x7f]/.test(value));
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 9 })), (messages, cuts) => {
      const stream = text(messages.map((value) => value + "\0").join(""));
      const splitter = new ControlMessageSplitter();
      let offset = 0;
      for (const cut of cuts) {
        splitter.push(stream.subarray(offset, offset + cut));
        offset += cut;
      }
      splitter.push(stream.subarray(offset));
      assert.deepEqual(all(splitter), messages);
      assert.equal(splitter.overflowed, false);
    }),
  );
});

Deno.test("a message of 2,047 bytes is read, one of 2,048 ends the reading", () => {
  for (const cut of [1, 1000, 5000]) {
    const push = (splitter: ControlMessageSplitter, bytes: Uint8Array) => {
      for (let i = 0; i < bytes.length; i += cut) splitter.push(bytes.subarray(i, i + cut));
    };
    const good = new ControlMessageSplitter();
    push(good, text("x".repeat(maximumControlMessageLength - 1) + "\0"));
    assert.equal(good.next()?.length, maximumControlMessageLength - 1);
    const bad = new ControlMessageSplitter();
    push(bad, text("x".repeat(maximumControlMessageLength)));
    assert.equal(bad.overflowed, true);
    bad.push(text("\0EXIT\0"));
    assert.equal(bad.next(), undefined);
  }
});

Deno.test("messages that nobody takes do not pile up", () => {
  const splitter = new ControlMessageSplitter();
  for (let i = 0; i < 10_000; i++) splitter.push(text("INFO,x\0"));
  assert.equal(splitter.overflowed, true);
  assert.ok(all(splitter).length < 200);
});

// Forms of openvpn(8), doc/management-notes.txt, and push.c and forward.c of OpenVPN.
const parsed: readonly (readonly [string, ControlMessage])[] = [
  ["PUSH_REQUEST", { kind: "push-request" }],
  ["PUSH_REPLY", { kind: "push-reply", options: [], continuation: false }],
  [
    // From a real server, see fixtures/captured_control_channel.ts for how.
    "PUSH_REPLY,route 10.88.0.0 255.255.0.0,route-gateway 10.77.0.1,topology subnet,ping 10," +
    "ping-restart 60,ifconfig 10.77.0.2 255.255.255.0,peer-id 0,cipher AES-256-CBC",
    {
      kind: "push-reply",
      options: [
        "route 10.88.0.0 255.255.0.0",
        "route-gateway 10.77.0.1",
        "topology subnet",
        "ping 10",
        "ping-restart 60",
        "ifconfig 10.77.0.2 255.255.255.0",
        "peer-id 0",
        "cipher AES-256-CBC",
      ],
      continuation: false,
    },
  ],
  [
    "PUSH_REPLY,ping 10,push-continuation 2",
    { kind: "push-reply", options: ["ping 10"], continuation: true },
  ],
  [
    "PUSH_REPLY,ping 10,push-continuation 1",
    { kind: "push-reply", options: ["ping 10"], continuation: false },
  ],
  ["AUTH_FAILED", { kind: "auth-failed", reason: undefined }],
  ["AUTH_FAILED,", { kind: "auth-failed", reason: undefined }],
  ["AUTH_FAILED,no, never", { kind: "auth-failed", reason: "no, never" }],
  ["AUTH_FAILED,CRV1:R:id:dXNlcg==:pin", { kind: "auth-failed", reason: "CRV1:R:id:dXNlcg==:pin" }],
  [
    "AUTH_FAILED,TEMP[backoff 42,advance no]: later",
    {
      kind: "auth-failed",
      reason: " later",
      temporary: { backoff: 42, advance: "no" },
    },
  ],
  [
    "AUTH_FAILED,TEMP",
    {
      kind: "auth-failed",
      reason: undefined,
      temporary: { backoff: undefined, advance: undefined },
    },
  ],
  ["RESTART", { kind: "restart", flags: "", reason: "" }],
  ["RESTART,server down", { kind: "restart", flags: "", reason: "server down" }],
  ["RESTART,[PN]moved", { kind: "restart", flags: "PN", reason: "moved" }],
  ["HALT,bye", { kind: "halt", flags: "", reason: "bye" }],
  ["EXIT", { kind: "exit" }],
  ["INFO,hello, you", { kind: "info", text: "hello, you" }],
  ["INFO_PRE,OPEN_URL:x", { kind: "info-pre", text: "OPEN_URL:x" }],
  ["CR_RESPONSE,c2VjcmV0", { kind: "challenge-response", text: "c2VjcmV0" }],
  ["AUTH_PENDING", { kind: "auth-pending", timeout: undefined }],
  ["AUTH_PENDING,x,timeout 90", { kind: "auth-pending", timeout: 90 }],
  [
    "PUSH_UPDATE,dns x,-route",
    { kind: "push-update", options: ["dns x", "-route"], continuation: false },
  ],
  ["PUSH_REPLYX", { kind: "unknown", text: "PUSH_REPLYX" }],
];

for (const [message, expected] of parsed) {
  Deno.test(`message "${message.slice(0, 40)}" is understood`, () => {
    assert.deepEqual(parseControlMessage(message), expected);
  });
}

Deno.test("any message is read without a throw", () => {
  const start = fc.constantFrom(
    "",
    "PUSH_REPLY,",
    "AUTH_FAILED,TEMP[",
    "RESTART,[",
    "AUTH_PENDING,",
  );
  fc.assert(
    fc.property(start, fc.string(), (name, rest) => {
      parseControlMessage(name + rest);
    }),
  );
});

function assemble(messages: readonly string[]): readonly string[] {
  const assembler = new PushReplyAssembler();
  for (const [i, message] of messages.entries()) {
    const reply = parseControlMessage(message);
    assert.equal(reply.kind, "push-reply");
    if (reply.kind !== "push-reply") continue;
    const result = assembler.add(reply);
    if (i < messages.length - 1) assert.equal(result, "more");
    else if (typeof result === "object") return result;
  }
  assert.fail("the last message was not the last");
}

Deno.test("pushed options come out as they went in, in messages that OpenVPN takes", () => {
  const option = fc.string({ minLength: 1, maxLength: 200 }).map((value) =>
    value.replaceAll(",", ".")
  ).filter((value) => !value.startsWith("push-continuation "));
  fc.assert(fc.property(fc.array(option), (options) => {
    const messages = buildPushReplies(options);
    for (const message of messages) {
      assert.ok(encodeControlMessage(message).length <= maximumPushReplyLength);
    }
    assert.deepEqual(assemble(messages), options);
  }));
});

Deno.test("few options go in one message, without push-continuation", () => {
  assert.deepEqual(buildPushReplies([]), ["PUSH_REPLY"]);
  assert.deepEqual(buildPushReplies(["ping 10", "topology subnet"]), [
    "PUSH_REPLY,ping 10,topology subnet",
  ]);
});

Deno.test("many options: 2 means more, 1 the last", () => {
  const options = Array.from({ length: 100 }, (_, i) => `route 10.${i}.0.0 255.255.0.0`);
  const messages = buildPushReplies(options);
  assert.ok(messages.length > 1);
  for (const message of messages.slice(0, -1)) assert.match(message, /,push-continuation 2$/);
  assert.match(messages.at(-1)!, /,push-continuation 1$/);
});

Deno.test("options that cannot be pushed are refused", () => {
  for (const option of ["a,b", "a\nb", "", "x".repeat(1000)]) {
    assert.throws(() => buildPushReplies([option]), VpnError);
  }
});

Deno.test("a server cannot push without end", () => {
  const assembler = new PushReplyAssembler();
  const reply = { options: ["x".repeat(1000)], continuation: true };
  let rounds = 0;
  while (assembler.add(reply) === "more") assert.ok(++rounds < 100);
  assert.deepEqual(assembler.add({ options: ["a"], continuation: false }), ["a"]);
});
