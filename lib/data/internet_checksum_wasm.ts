/**
 * The Internet checksum in WebAssembly with SIMD, which works in place on packet memory: about a
 * fifth of the time that JavaScript needs.
 *
 * The sum doesn't depend on the byte order that it is made in, but for a swap of the result (RFC
 * 1071, section 2 (B)): so the words are added up as the machine has them, little-endian, eight at
 * a time.
 *
 * @module
 */

import type { PacketMemory } from "../crypto/engine.ts";
import { type InternetChecksum, ScalarChecksum } from "./internet_checksum.ts";
import {
  assembleModule,
  type Code,
  i32,
  i32x4,
  i64,
  i64x2,
  Local,
  v128,
  ValueType,
  type WasmFunction,
  when,
  whileLoop,
} from "./wasm_assembler.ts";

const vectorLength = 16;
/** Vectors per turn of the main loop. */
const unrolled = 4;

/** `(source, length, initial)`, or `(target, source, length, initial)` where it copies too. */
function checksumFunction(name: string, copies: boolean): WasmFunction {
  const parameters = copies ? 4 : 3;
  let next = 0;
  const target = copies ? new Local(next++) : undefined;
  const [source, length, initial] = [new Local(next++), new Local(next++), new Local(next++)];
  const [words, highs] = [new Local(next++), new Local(next++)];
  const vector = new Local(next++);
  const word = new Local(next++);
  const total = new Local(next++);
  const result = new Local(next++);

  const advance = (bytes: number): Code => [
    ...source.set(i32.add(source.get, i32.const(bytes))),
    ...target === undefined ? [] : target.set(i32.add(target.get, i32.const(bytes))),
  ];
  // Four lanes of 32 bits hold two words each. Instead of taking them apart, the lanes are added as
  // they are, modulo 2^32, and their high words beside: the low ones are the difference.
  const addVector = (offset: number): Code => [
    ...vector.set(v128.load(source.get, offset)),
    ...target === undefined ? [] : v128.store(target.get, vector.get, offset),
    ...words.set(i32x4.add(words.get, vector.get)),
    ...highs.set(i32x4.add(highs.get, i32x4.shrU(vector.get, i32.const(16)))),
  ];
  /** Adds `1 << bit` bytes to the total, if the length has that bit. */
  const addTail = (
    bit: number,
    load: typeof i64.load,
    store: typeof i64.store,
  ): Code =>
    when(
      i32.and(length.get, i32.const(1 << bit)),
      word.set(load(source.get)),
      target === undefined ? [] : store(target.get, word.get),
      total.set(i64.add(total.get, lowWord(word.get))),
      bit < 3 ? [] : total.set(i64.add(total.get, i64.shrU(word.get, i64.const(32)))),
      advance(1 << bit),
    );
  /** Carries go round: ones' complement. */
  const fold = total.set(
    i64.add(i64.shrU(total.get, i64.const(16)), i64.and(total.get, i64.const(0xffff))),
  );
  const foldResult = result.set(
    i32.add(i32.shrU(result.get, i32.const(16)), i32.and(result.get, i32.const(0xffff))),
  );

  return {
    name,
    parameters: new Array(parameters).fill(ValueType.i32),
    locals: [
      ...[ValueType.v128, ValueType.v128, ValueType.v128],
      ...[ValueType.i64, ValueType.i64, ValueType.i32],
    ],
    result: ValueType.i32,
    body: [
      // A lane's high or low words, one in 16 bytes, stay below 2^32 up to 1 MiB.
      whileLoop(
        i32.geU(length.get, i32.const(unrolled * vectorLength)),
        ...Array.from({ length: unrolled }, (_, i) => addVector(i * vectorLength)),
        advance(unrolled * vectorLength),
        length.set(i32.sub(length.get, i32.const(unrolled * vectorLength))),
      ),
      whileLoop(
        i32.geU(length.get, i32.const(vectorLength)),
        addVector(0),
        advance(vectorLength),
        length.set(i32.sub(length.get, i32.const(vectorLength))),
      ),
      words.set(i32x4.sub(words.get, i32x4.shl(highs.get, i32.const(16)))),
      total.set(i64.add(sumLanes(words), sumLanes(highs))),
      addTail(3, i64.load, i64.store),
      addTail(2, i64.load32U, i64.store32),
      addTail(1, i64.load16U, i64.store16),
      addTail(0, i64.load8U, i64.store8), // the low byte here, the high one in network order
      // The total is of 8 lanes and a tail: below 2^36. Three times leave 16 bits.
      fold,
      fold,
      fold,
      // Into network order.
      result.set(i32.wrapI64(total.get)),
      result.set(i32.or(
        i32.shrU(result.get, i32.const(8)),
        i32.shl(i32.and(result.get, i32.const(0xff)), i32.const(8)),
      )),
      result.set(i32.add(result.get, initial.get)),
      foldResult,
      foldResult,
      result.get,
    ],
  };
}

/** The lower 32 bits of an i64. */
function lowWord(value: Code): Code {
  return i64.extendI32U(i32.wrapI64(value));
}

/** All four lanes of 32 bits together, as i64. */
function sumLanes({ get }: Local): Code {
  const pairs = i64x2.add(i64x2.extendLowI32x4U(get), i64x2.extendHighI32x4U(get));
  return i64.add(i64x2.extractLane(0, pairs), i64x2.extractLane(1, pairs));
}

let compiled: WebAssembly.Module | undefined;

/** The checksum with SIMD. */
export class SimdChecksum implements InternetChecksum {
  /** See `InternetChecksum.sum`. Throws where it leaves the memory. */
  readonly sum: InternetChecksum["sum"];
  /** See `InternetChecksum.copyAndSum`. Throws where it leaves the memory. */
  readonly copyAndSum: InternetChecksum["copyAndSum"];

  /** @throws {WebAssembly.CompileError} where the processor has no SIMD that V8 can use. */
  constructor(memory: PacketMemory) {
    compiled ??= new WebAssembly.Module(assembleModule([
      checksumFunction("sum", false),
      checksumFunction("copyAndSum", true),
    ]));
    const { exports } = new WebAssembly.Instance(compiled, { memory: { memory: memory.memory } });
    // Their types are those that `checksumFunction` gives them.
    this.sum = exports.sum as InternetChecksum["sum"];
    this.copyAndSum = exports.copyAndSum as InternetChecksum["copyAndSum"];
  }
}

/** The fastest checksum that works here, over that memory. */
export function createInternetChecksum(memory: PacketMemory): InternetChecksum {
  try {
    return new SimdChecksum(memory);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return new ScalarChecksum(memory);
    throw error;
  }
}
