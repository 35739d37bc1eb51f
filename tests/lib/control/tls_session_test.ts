import assert from "node:assert/strict";
import { VpnError } from "../../../lib/base/errors.ts";
import { generateStaticKey, parseStaticKey } from "../../../lib/crypto/static_key.ts";
import { TlsAuth } from "../../../lib/crypto/tls_auth.ts";
import { TlsCrypt } from "../../../lib/crypto/tls_crypt.ts";
import { TlsCryptV2Client, TlsCryptV2Server } from "../../../lib/crypto/tls_crypt_v2.ts";
import {
  generateTlsCryptV2ClientKey,
  TlsCryptV2ServerKey,
} from "../../../lib/crypto/tls_crypt_v2_key.ts";
import { testCertificates } from "./certificates.ts";
import { SessionPair } from "./session_pair.ts";

function tlsAuthPair() {
  const key = parseStaticKey(generateStaticKey());
  return {
    client: new TlsAuth({ key, direction: 1, digest: "SHA256" }),
    server: new TlsAuth({ key, direction: 0, digest: "SHA256" }),
  };
}

function tlsCryptPair() {
  const key = parseStaticKey(generateStaticKey());
  return {
    client: new TlsCrypt({ key, role: "client" }),
    server: new TlsCrypt({ key, role: "server" }),
  };
}

function tlsCryptV2Pair() {
  const key = TlsCryptV2ServerKey.generate();
  return {
    client: new TlsCryptV2Client(generateTlsCryptV2ClientKey(key)),
    server: new TlsCryptV2Server({ key }),
  };
}

async function connected(pair: SessionPair, keyId = 0): Promise<void> {
  await pair.until(() =>
    pair.client.settled.includes(keyId) && pair.server.settled.includes(keyId)
  );
  assert.deepEqual(pair.client.keyBlocks.get(keyId), pair.server.keyBlocks.get(keyId));
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  Deno.test(`both sides derive the same keys over ${version}`, async () => {
    const pair = new SessionPair({
      wrap: tlsAuthPair(),
      clientCredentials: { minimumVersion: version, maximumVersion: version },
    });
    try {
      await connected(pair);
      assert.equal(pair.client.keyBlocks.get(0)!.length, 256);
      assert.ok(pair.client.chainLength >= 1);
      assert.ok(pair.server.chainLength >= 1);
    } finally {
      pair.close();
    }
  });
}

for (
  const [name, makePair] of [["tls-crypt", tlsCryptPair], ["tls-crypt-v2", tlsCryptV2Pair]] as const
) {
  Deno.test(`a session comes up under ${name}, though every third datagram is lost`, async () => {
    const pair = new SessionPair({
      wrap: makePair(),
      link: (_from, index) => index % 3 === 2 ? [] : [0],
    });
    try {
      await connected(pair);
      pair.client.session!.renegotiate();
      await connected(pair, 1);
    } finally {
      pair.close();
    }
  });

  Deno.test(`another ${name} key gets no answer at all`, async () => {
    const answers: string[] = [];
    const pair = new SessionPair({
      wrap: { client: makePair().client, server: makePair().server },
      settings: { handshakeWindow: 300 },
      link: (from) => {
        answers.push(from);
        return [0];
      },
    });
    try {
      await pair.until(() => pair.client.failure !== undefined);
      assert.ok(!answers.includes("server"));
    } finally {
      pair.close();
    }
  });
}

Deno.test("control messages cross in both directions", async () => {
  const pair = new SessionPair();
  try {
    await connected(pair);
    pair.client.session!.sendMessage("PUSH_REQUEST");
    pair.server.session!.sendMessage("PUSH_REPLY,ping 10");
    await pair.until(() => pair.client.messages.length > 0 && pair.server.messages.length > 0);
    assert.deepEqual(pair.server.messages, ["PUSH_REQUEST"]);
    assert.deepEqual(pair.client.messages, ["PUSH_REPLY,ping 10"]);
  } finally {
    pair.close();
  }
});

/** Bad networks as data: for the n-th datagram of each direction the delays of its copies, ms. */
const badNetworks: Record<string, (index: number) => number[]> = {
  "every third is lost": (index) => index % 3 === 2 ? [] : [0],
  "the first of each direction is lost": (index) => index === 0 ? [] : [0],
  "each comes twice": () => [0, 5],
  "pairs change places": (index) => index % 2 === 0 ? [20] : [0],
  "loss, repetition and reordering": (index) => [[], [30], [0], [10, 40], [0]][index % 5],
};

for (const [name, link] of Object.entries(badNetworks)) {
  Deno.test(`a session comes up although ${name}`, async () => {
    const pair = new SessionPair({ wrap: tlsAuthPair(), link: (_from, index) => link(index) });
    try {
      await connected(pair);
      pair.client.session!.sendMessage("PUSH_REQUEST");
      await pair.until(() => pair.server.messages.length > 0);
    } finally {
      pair.close();
    }
  });
}

for (const initiator of ["client", "server"] as const) {
  Deno.test(`${initiator} renegotiates, the former keys are retired by the next`, async () => {
    const pair = new SessionPair({ wrap: tlsAuthPair() });
    try {
      await connected(pair);
      pair[initiator].session!.renegotiate();
      await connected(pair, 1);
      assert.notDeepEqual(pair.client.keyBlocks.get(0), pair.client.keyBlocks.get(1));
      assert.deepEqual(pair.client.retired, []);
      pair[initiator].session!.renegotiate();
      await connected(pair, 2);
      assert.deepEqual(pair.client.retired, [0]);
      assert.deepEqual(pair.server.retired, [0]);
    } finally {
      pair.close();
    }
  });
}

Deno.test("both renegotiate at the same moment, and once only", async () => {
  const pair = new SessionPair();
  try {
    await connected(pair);
    pair.client.session!.renegotiate();
    pair.server.session!.renegotiate();
    await connected(pair, 1);
    assert.deepEqual([...pair.client.keyBlocks.keys()], [0, 1]);
  } finally {
    pair.close();
  }
});

Deno.test("key ids go from 7 to 1", async () => {
  const pair = new SessionPair();
  try {
    await connected(pair);
    for (const keyId of [1, 2, 3, 4, 5, 6, 7, 1]) {
      pair.client.settled.length = pair.server.settled.length = 0;
      pair.client.session!.renegotiate();
      await connected(pair, keyId);
    }
  } finally {
    pair.close();
  }
});

Deno.test("a client holds its acknowledgement back until its keys are installed", async () => {
  const install = Promise.withResolvers<void>();
  let installing = false;
  const pair = new SessionPair({
    clientEvents: {
      keysDerived: (keyId) => {
        installing = keyId === 1;
        return keyId === 1 ? install.promise : Promise.resolve();
      },
    },
  });
  try {
    await pair.until(() => pair.client.settled.includes(0) && pair.server.settled.includes(0));
    pair.server.session!.renegotiate();
    await pair.until(() => installing);
    assert.ok(!pair.server.settled.includes(1));
    install.resolve();
    await pair.until(() => pair.server.settled.includes(1));
  } finally {
    pair.close();
  }
});

Deno.test("a refused certificate ends the client before its key message", async () => {
  let authorized = false;
  const pair = new SessionPair({
    clientEvents: { verifyPeer: () => Promise.reject(new VpnError("not this one")) },
    serverEvents: {
      authorize: () => {
        authorized = true;
        return Promise.resolve();
      },
    },
  });
  try {
    await pair.until(() => pair.client.failure !== undefined);
    assert.match(pair.client.failure!.message, /not this one/);
    assert.equal(authorized, false);
    assert.equal(pair.client.keyBlocks.size, 0);
  } finally {
    pair.close();
  }
});

Deno.test("a client without certificate gets no session, and hears the alert", async () => {
  const pair = new SessionPair({
    clientCredentials: { certificate: undefined, key: undefined },
  });
  try {
    await pair.until(() => pair.client.failure !== undefined && pair.server.failure !== undefined);
    assert.match(pair.client.failure!.message, /alert "certificate required"/);
    assert.equal(pair.server.keyBlocks.size, 0);
  } finally {
    pair.close();
  }
});

Deno.test("another tls-auth key gets no answer at all", async () => {
  const answers: string[] = [];
  const pair = new SessionPair({
    wrap: { client: tlsAuthPair().client, server: tlsAuthPair().server },
    settings: { handshakeWindow: 300 },
    link: (from) => {
      answers.push(from);
      return [0];
    },
  });
  try {
    await pair.until(() => pair.client.failure !== undefined);
    assert.match(pair.client.failure!.message, /failed to occur within/);
    assert.ok(!answers.includes("server"));
  } finally {
    pair.close();
  }
});

Deno.test("a negotiation that stalls fails after the handshake window", async () => {
  const pair = new SessionPair({
    settings: { handshakeWindow: 400 },
    link: (_from, index) => index < 3 ? [0] : [],
  });
  try {
    await pair.until(() => pair.client.failure !== undefined);
    assert.match(pair.client.failure!.message, /within 0.4 seconds/);
  } finally {
    pair.close();
  }
});

for (const role of ["client", "server"] as const) {
  Deno.test(`what TLS objects to is refused by the ${role}, even if our own check would not`, async () => {
    // An authority that issued nothing: the peer's certificate leads to none that is trusted.
    // (Its own certificate: the library takes one that is in the list itself.)
    const stranger = { authorities: testCertificates()[role].certificate };
    const pair = new SessionPair(
      role === "client" ? { clientCredentials: stranger } : { serverCredentials: stranger },
    );
    try {
      await pair.until(() => pair[role].failure !== undefined);
      assert.match(pair[role].failure!.message, /TLS library refuses the peer's certificate/);
      assert.equal(pair[role].keyBlocks.size, 0);
    } finally {
      pair.close();
    }
  });
}

for (const clientCertificate of ["optional", "none"] as const) {
  Deno.test(`a client may be without a certificate where it is "${clientCertificate}"`, async () => {
    const pair = new SessionPair({
      serverCredentials: { clientCertificate },
      clientCredentials: { certificate: undefined, key: undefined },
    });
    try {
      await connected(pair);
      assert.equal(pair.server.chainLength, 0);
    } finally {
      pair.close();
    }
  });
}

Deno.test("a certificate that is shown must be good even where none is needed", async () => {
  const stranger = testCertificates().client.certificate;
  const pair = new SessionPair({
    serverCredentials: { clientCertificate: "optional", authorities: stranger },
    clientCredentials: {
      certificate: testCertificates().server.certificate,
      key: testCertificates().server.key,
    },
  });
  try {
    await pair.until(() => pair.server.failure !== undefined);
    assert.match(pair.server.failure!.message, /TLS library refuses the peer's certificate/);
    assert.equal(pair.server.keyBlocks.size, 0);
  } finally {
    pair.close();
  }
});

Deno.test("a client isn't asked for its certificate where none is wanted", async () => {
  const pair = new SessionPair({ serverCredentials: { clientCertificate: "none" } });
  try {
    await connected(pair);
    assert.equal(pair.server.chainLength, 0);
  } finally {
    pair.close();
  }
});

Deno.test("both sides know the way there and back, and of when: fresh at each renegotiation", async () => {
  const delay = 40;
  const pair = new SessionPair({ link: () => [delay], settings: { retransmitTimeout: 5000 } });
  try {
    assert.equal(pair.client.session!.roundTrip, undefined);
    await connected(pair);
    const first = [pair.client, pair.server].map(({ session }) => session!.roundTrip!);
    // Timers never come early; how late they come is the machine's affair.
    for (const { time } of first) assert.ok(time >= 2 * delay - 1, `${time} ms`);
    pair.server.session!.renegotiate();
    await connected(pair, 1);
    for (const [index, { session }] of [pair.client, pair.server].entries()) {
      assert.ok(session!.roundTrip!.measuredAt > first[index].measuredAt);
    }
  } finally {
    pair.close();
  }
});
