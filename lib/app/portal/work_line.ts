/**
 * Who comes next: work is begun as allowances permit, in turn by payer (a source address, or a
 * caller), and in turn by connection among a payer's.
 *
 * ```text
 * task ─► its connection's ─► its payer's turn ─► payer's allowance ─► allowance of all ─► begun
 * ```
 *
 * Pure: it has no clock and no timer. Who hammers waits behind their own tasks; others pass by.
 *
 * @module
 */

import type { WorkLimits } from "./portal_limits.ts";
import { WorkBalance } from "./work_balance.ts";

/** Something to do. */
export interface WorkTask {
  /** Who pays. */
  readonly payer: string;
  /** Whose turn it is among the payer's: one task of each, then the next. */
  readonly connection: object;
  /** ms of the processor. */
  readonly cost: number;
  /** Its turn has come. */
  readonly begin: () => void;
}

interface Payer {
  readonly balance: WorkBalance;
  /** Tasks by connection, the next connection first. */
  readonly waiting: Map<object, WorkTask[]>;
  /** Tasks that were begun and are not over. */
  working: number;
}

/** Payers that are remembered at most; the ones that were longest away are forgotten first. */
const capacity = 2048;

/** See the module's page. Times are ms of a monotonic clock. */
export class WorkLine {
  readonly #all: WorkBalance;
  /** In the order of their last task. */
  readonly #payers = new Map<string, Payer>();
  /** Those of them with tasks that wait; the next one first. */
  readonly #waiting = new Map<string, Payer>();

  constructor(readonly limits: WorkLimits, now: number) {
    this.#all = new WorkBalance(limits.all, now);
  }

  /** Payers that are remembered. */
  get size(): number {
    return this.#payers.size;
  }

  /** Puts a task at its connection's end. */
  add(task: WorkTask, now: number): void {
    const payer = this.#payer(task.payer, now);
    const tasks = payer.waiting.get(task.connection);
    if (tasks === undefined) payer.waiting.set(task.connection, [task]);
    else tasks.push(task);
    if (!this.#waiting.has(task.payer)) this.#waiting.set(task.payer, payer);
  }

  /** Takes a task out that waits. */
  remove(task: WorkTask): void {
    const payer = this.#waiting.get(task.payer);
    const tasks = payer?.waiting.get(task.connection);
    const at = tasks?.indexOf(task) ?? -1;
    if (payer === undefined || tasks === undefined || at < 0) return;
    tasks.splice(at, 1);
    if (tasks.length === 0) payer.waiting.delete(task.connection);
    if (payer.waiting.size === 0) this.#waiting.delete(task.payer);
  }

  /** The task whose turn it is, which has paid and counts as begun; undefined: not yet. */
  next(now: number): WorkTask | undefined {
    for (const [name, payer] of this.#waiting) {
      const [[connection, tasks]] = payer.waiting;
      const [task] = tasks;
      if (this.#wait(payer, task, now) > 0) continue;
      payer.balance.take(task.cost, now);
      this.#all.take(task.cost, now);
      payer.working++;
      tasks.shift();
      this.#waiting.delete(name);
      payer.waiting.delete(connection);
      if (tasks.length > 0) payer.waiting.set(connection, tasks);
      if (payer.waiting.size > 0) this.#waiting.set(name, payer);
      return task;
    }
    return undefined;
  }

  /** A task that was begun is over. */
  finished(task: WorkTask): void {
    const payer = this.#payers.get(task.payer);
    if (payer !== undefined) payer.working--;
  }

  /** ms until `next` may have one; Infinity: not before something is added or finished. */
  wait(now: number): number {
    let least = Infinity;
    for (const payer of this.#waiting.values()) {
      const [[, [task]]] = payer.waiting;
      least = Math.min(least, this.#wait(payer, task, now));
      if (least === 0) break;
    }
    return least;
  }

  #wait(payer: Payer, { cost }: WorkTask, now: number): number {
    if (payer.working >= this.limits.atOnce) return Infinity;
    return Math.max(payer.balance.wait(cost, now), this.#all.wait(cost, now));
  }

  #payer(name: string, now: number): Payer {
    const known = this.#payers.get(name);
    const payer = known ??
      { balance: new WorkBalance(this.limits.each, now), waiting: new Map(), working: 0 };
    this.#payers.delete(name);
    this.#payers.set(name, payer);
    if (known === undefined && this.#payers.size > capacity) this.#forget();
    return payer;
  }

  /** Those who wait or are worked for are as many as connections at most: there is another. */
  #forget(): void {
    for (const [name, { waiting, working }] of this.#payers) {
      if (waiting.size > 0 || working > 0) continue;
      this.#payers.delete(name);
      return;
    }
  }
}
