/**
 * The runs that may still grow: at most one for each flow, a few flows at a time.
 *
 * @module
 */

import type { Candidate } from "./coalesce_candidate.ts";

/** How many flows may be open at the same time; one more takes the place of another, in turn. */
export const maxOpenFlows = 8;

const unknownStep = -1;

/** Open flows as parallel arrays, by number: 0 to `count` - 1. */
export class OpenFlows {
  /** How many there are. */
  count = 0;
  /** The run that the flow's next packet may join. */
  readonly run = new Int32Array(maxOpenFlows);
  /** Offset of the run's first packet. */
  readonly head = new Int32Array(maxOpenFlows);
  /** Whether that one's checksums have been found right. */
  readonly headValid = new Uint8Array(maxOpenFlows);
  /** TCP: the sequence number that continues the run. */
  readonly sequence = new Int32Array(maxOpenFlows);
  /** IPv4: the id of the run's last packet. */
  readonly identification = new Int32Array(maxOpenFlows);
  /** IPv4: what ids grow by, 0 or 1; -1 before the second packet. */
  readonly step = new Int8Array(maxOpenFlows);
  readonly #ports = new Int32Array(maxOpenFlows);
  readonly #ipVersion = new Uint8Array(maxOpenFlows);
  readonly #protocol = new Uint8Array(maxOpenFlows);
  #victim = 0;
  /** The flow that was found last: most often it is the next one as well. */
  #recent = 0;

  /** The number of the candidate's flow; -1 when it is not open. */
  find(candidate: Candidate): number {
    const { count } = this;
    let flow = this.#recent < count ? this.#recent : 0;
    for (let i = 0; i < count; i++) {
      if (
        this.#ports[flow] === candidate.ports && this.#protocol[flow] === candidate.protocol &&
        this.#ipVersion[flow] === candidate.ipVersion && candidate.sameAddresses(this.head[flow])
      ) return this.#recent = flow;
      if (++flow === count) flow = 0;
    }
    return -1;
  }

  /** Opens the candidate's flow, which is not open, with a run that begins with it. */
  open(candidate: Candidate, run: number): void {
    let flow = this.count;
    if (flow < maxOpenFlows) this.count++;
    else {
      flow = this.#victim;
      this.#victim = (flow + 1) % maxOpenFlows;
    }
    this.#ports[flow] = candidate.ports;
    this.#ipVersion[flow] = candidate.ipVersion;
    this.#protocol[flow] = candidate.protocol;
    this.restart(flow, candidate, run);
    this.#recent = flow;
  }

  /** Goes on with another run, which begins with the candidate. */
  restart(flow: number, candidate: Candidate, run: number): void {
    this.run[flow] = run;
    this.head[flow] = candidate.packet;
    this.headValid[flow] = 0;
    this.sequence[flow] = candidate.sequence + candidate.payloadLength | 0;
    this.identification[flow] = candidate.identification;
    this.step[flow] = unknownStep;
  }

  /**
   * Whether the candidate's IPv4 id continues the run: one more than the last one; or, where DF
   * makes it meaningless (RFC 6864, section 4.1), the same one in all packets.
   */
  continuesIdentification(flow: number, candidate: Candidate): boolean {
    if (candidate.ipVersion === 6) return true;
    const step = candidate.identification - this.identification[flow] & 0xffff;
    const expected = this.step[flow];
    if (expected !== unknownStep) return step === expected;
    return step === 1 || step === 0 && candidate.dontFragment;
  }

  /** Takes note of a candidate that has joined the flow's run. */
  advance(flow: number, candidate: Candidate): void {
    this.sequence[flow] = this.sequence[flow] + candidate.payloadLength | 0;
    this.step[flow] = candidate.identification - this.identification[flow] & 0xffff;
    this.identification[flow] = candidate.identification;
  }

  /** Closes a flow: its run stays as it is. The last one takes its number. */
  close(flow: number): void {
    const last = --this.count;
    this.run[flow] = this.run[last];
    this.head[flow] = this.head[last];
    this.headValid[flow] = this.headValid[last];
    this.sequence[flow] = this.sequence[last];
    this.identification[flow] = this.identification[last];
    this.step[flow] = this.step[last];
    this.#ports[flow] = this.#ports[last];
    this.#ipVersion[flow] = this.#ipVersion[last];
    this.#protocol[flow] = this.#protocol[last];
  }

  /** Closes all. */
  closeAll(): void {
    this.count = 0;
    this.#victim = 0;
  }
}
