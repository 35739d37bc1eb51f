/** A listener's certificate is replaced in time, and never by nothing. */
import assert from "node:assert/strict";
import {
  CertificateRenewal,
  type ExpiringCertificate,
} from "../../../../lib/app/authority/certificate_renewal.ts";
import { VpnError } from "../../../../lib/base/errors.ts";
import { ManualClock } from "../../../harness/manual_clock.ts";
import { RecordedLog } from "../../net/machine.ts";

const minute = 60_000;
const day = 86_400_000;

function certificate(number: number, renewAt: number): ExpiringCertificate {
  return { certificate: `certificate ${number}`, key: "", serial: `0${number}`, renewAt };
}

interface Setting extends Disposable {
  readonly clock: ManualClock;
  readonly log: RecordedLog;
  /** What the listener was given. */
  readonly used: string[];
  /** What there is to be had, or why not. */
  offer: ExpiringCertificate | string;
  /** How often that was asked. */
  asked: number;
}

function start(first: ExpiringCertificate, interval = 60 * minute): Setting {
  const clock = new ManualClock(0);
  const log = new RecordedLog();
  const setting: Setting = {
    ...{ clock, log, used: [], offer: first, asked: 0 },
    [Symbol.dispose]: () => renewal[Symbol.dispose](),
  };
  const renewal = new CertificateRenewal({
    source: {
      current: first,
      newest: () => {
        setting.asked++;
        const { offer } = setting;
        return typeof offer === "string"
          ? Promise.reject(new VpnError(offer))
          : Promise.resolve(offer);
      },
      interval,
    },
    owner: "The portal",
    use: ({ serial }) => void setting.used.push(serial),
    ...{ log, clock },
  });
  return setting;
}

const warnings = ({ log }: Setting) => log.lines.filter((line) => /stays as it is/.test(line));

Deno.test("a certificate is replaced when it is due, and not before", async () => {
  using setting = start(certificate(1, 90 * minute));
  const { clock, log, used } = setting;
  await clock.step();
  assert.equal(clock.time, 60 * minute);
  assert.deepEqual(used, []);
  // What is to be had is looked at again when it is due, between two regular looks.
  assert.equal(clock.next, 90 * minute);
  setting.offer = certificate(2, 91 * day);
  await clock.step();
  assert.equal(clock.time, 90 * minute);
  assert.deepEqual(used, ["02"]);
  assert.match(log.lines.join("\n"), /The portal has a new certificate \(serial 02\)/);
  assert.equal(clock.next, 150 * minute);
});

Deno.test("one that is there before it is due is taken: the former was revoked", async () => {
  using setting = start(certificate(1, 90 * day));
  setting.offer = certificate(2, 90 * day);
  await setting.clock.step();
  assert.deepEqual(setting.used, ["02"]);
});

Deno.test("what can't be had is tried again; the old one stays, and that is said once a day", async () => {
  using setting = start(certificate(1, 30 * minute));
  const { clock, used } = setting;
  setting.offer = "ca.key is not here";
  for (let look = 0; look < 24; look++) await clock.step();
  assert.equal(clock.time, 30 * minute + 23 * 60 * minute);
  assert.equal(setting.asked, 24);
  assert.deepEqual(used, []);
  assert.deepEqual(warnings(setting).length, 1);
  assert.match(
    warnings(setting)[0],
    /The portal's certificate stays as it is: ca\.key is not here/,
  );
  await clock.step();
  assert.equal(warnings(setting).length, 2);
  setting.offer = "the disk is full";
  await clock.step();
  assert.equal(warnings(setting).length, 3);
  setting.offer = certificate(2, clock.time + 60 * day);
  await clock.step();
  assert.deepEqual(used, ["02"]);
  assert.equal(clock.next, clock.time + 60 * minute);
});

Deno.test("one that the listener refuses is not taken for its own", async () => {
  const clock = new ManualClock(0);
  const log = new RecordedLog();
  const source = {
    current: certificate(1, 0),
    newest: () => Promise.resolve(certificate(2, 90 * day)),
    interval: minute,
  };
  let used = 0;
  const use = () => {
    if (used++ === 0) throw new TypeError("no such key");
  };
  using _renewal = new CertificateRenewal({ source, owner: "The portal", use, log, clock });
  await clock.step();
  await clock.step();
  assert.equal(used, 2);
  assert.match(log.lines.join("\n"), /stays as it is: no such key\n[^]*new certificate/);
});

Deno.test("a certificate that is due at once makes no endless loop", async () => {
  using setting = start(certificate(1, 0), minute);
  const { clock } = setting;
  let number = 2;
  for (let look = 0; look < 5; look++) {
    setting.offer = certificate(number++, clock.time);
    await clock.step();
  }
  assert.ok(clock.time >= 5000, `${clock.time} ms`);
});

Deno.test("nothing is looked at after the end, and what was begun gives nothing out", async () => {
  const setting = start(certificate(1, 0));
  setting[Symbol.dispose]();
  assert.equal(setting.clock.next, undefined);
  const clock = new ManualClock(0);
  const asked = Promise.withResolvers<ExpiringCertificate>();
  const source = { current: certificate(1, 0), newest: () => asked.promise, interval: minute };
  let used = 0;
  const use = () => void used++;
  const log = new RecordedLog();
  const renewal = new CertificateRenewal({ source, owner: "The portal", use, log, clock });
  clock.after(2000, () => {
    renewal[Symbol.dispose]();
    asked.resolve(certificate(2, day));
  });
  clock.after(day, () => {});
  await clock.step();
  await clock.step();
  await asked.promise;
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(used, 0);
  assert.equal(clock.next, day);
});
