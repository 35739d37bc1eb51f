/**
 * A small assembler for WebAssembly: functions that return the bytes of instructions, nested like
 * the folded form of the text format. `i32.add(a.get, i32.const(1))` is `(i32.add (local.get $a)
 * (i32.const 1))`.
 *
 * Only the instructions that our modules use. Types are not checked here: the engine validates a
 * module before it runs.
 *
 * Source: WebAssembly Core Specification 2.0, section 5 (binary format) and appendix "Index of
 * Instructions"; the section numbers below are its.
 *
 * @module
 */

/** The bytes of instructions. */
export type Code = readonly number[];

/** A value type, 5.3.1 and 5.3.2. */
export const ValueType = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;

/** One of {@linkcode ValueType}. */
export type ValueType = typeof ValueType[keyof typeof ValueType];

/** An unsigned integer in LEB128, 5.2.2. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [value & 0x7f | 0x80, ...unsigned(value >>> 7)];
}

/** A signed integer of 32 bits in LEB128, 5.2.2. */
function signed(value: number): Code {
  const last = value >= -0x40 && value < 0x40;
  return last ? [value & 0x7f] : [value & 0x7f | 0x80, ...signed(value >> 7)];
}

/** An instruction that takes its operands from the stack. */
function operation(...opcode: number[]): (...operands: Code[]) => Code {
  return (...operands) => [...operands.flat(), ...opcode];
}

/** A load: any alignment is allowed (exponent 0), `offset` is added to the address. */
function load(...opcode: number[]): (address: Code, offset?: number) => Code {
  return (address, offset = 0) => [...address, ...opcode, 0, ...unsigned(offset)];
}

/** A store, as `load`. */
function store(...opcode: number[]): (address: Code, value: Code, offset?: number) => Code {
  return (address, value, offset = 0) => [...address, ...value, ...opcode, 0, ...unsigned(offset)];
}

/** A SIMD instruction: prefix and number, 5.4.8. */
const simd = (number: number): Code => [0xfd, ...unsigned(number)];

/** Instructions on 32-bit integers. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  eqz: operation(0x45),
  geU: operation(0x4f),
  add: operation(0x6a),
  sub: operation(0x6b),
  and: operation(0x71),
  or: operation(0x72),
  shl: operation(0x74),
  shrU: operation(0x76),
  wrapI64: operation(0xa7),
} as const;

/** Instructions on 64-bit integers. */
export const i64 = {
  /** A constant that fits 32 bits, signed. */
  const: (value: number): Code => [0x42, ...signed(value)],
  add: operation(0x7c),
  and: operation(0x83),
  shrU: operation(0x88),
  extendI32U: operation(0xad),
  load: load(0x29),
  load8U: load(0x31),
  load16U: load(0x33),
  load32U: load(0x35),
  store: store(0x37),
  store8: store(0x3c),
  store16: store(0x3d),
  store32: store(0x3e),
} as const;

/** Instructions on vectors of 128 bits. */
export const v128 = {
  load: load(...simd(0)),
  store: store(...simd(11)),
} as const;

/** Four lanes of 32 bits. */
export const i32x4 = {
  shl: operation(...simd(171)),
  shrU: operation(...simd(173)),
  add: operation(...simd(174)),
  sub: operation(...simd(177)),
} as const;

/** Two lanes of 64 bits. */
export const i64x2 = {
  extractLane: (lane: 0 | 1, vector: Code): Code => [...vector, ...simd(29), lane],
  extendLowI32x4U: operation(...simd(201)),
  extendHighI32x4U: operation(...simd(202)),
  add: operation(...simd(206)),
} as const;

/** A parameter or local variable by its index. */
export class Local {
  /** The instruction that reads it. */
  readonly get: Code;

  constructor(readonly index: number) {
    this.get = [0x20, ...unsigned(index)];
  }

  /** The instruction that sets it. */
  set(value: Code): Code {
    return [...value, 0x21, ...unsigned(this.index)];
  }
}

/** Without a result, 5.3.3 and 5.4.1. */
const noResult = 0x40;
const end = 0x0b;

/** Runs the body as long as the condition is not 0. */
export function whileLoop(condition: Code, ...body: Code[]): Code {
  return [
    ...[0x02, noResult], // block $done
    ...[0x03, noResult], // loop $again
    ...i32.eqz(condition),
    ...[0x0d, 1], // br_if $done
    ...body.flat(),
    ...[0x0c, 0], // br $again
    ...[end, end],
  ];
}

/** Runs the body once if the condition is not 0. */
export function when(condition: Code, ...body: Code[]): Code {
  return [...condition, 0x04, noResult, ...body.flat(), end];
}

/** A function that a module exports. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  /** Further local variables, whose indices follow the parameters'. All start as 0. */
  readonly locals: readonly ValueType[];
  readonly result: ValueType;
  readonly body: readonly Code[];
}

/** A vector: count and elements, 5.1.3. */
const vector = (elements: readonly Code[]): Code => [
  ...unsigned(elements.length),
  ...elements.flat(),
];

/** Bytes with their length in front. */
const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];

const text = (value: string): Code => sized([...new TextEncoder().encode(value)]);

const section = (id: number, content: Code): Code => [id, ...sized(content)];

/**
 * The bytes of a module, 5.5, that imports the memory `memory.memory` (one page or more) and
 * exports the functions.
 */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, result }): Code => [
    0x60,
    ...vector(parameters.map((type) => [type])),
    ...vector([[result]]),
  ]);
  const bodies = functions.map(({ locals, body }): Code =>
    sized([...vector(locals.map((type) => [1, type])), ...body.flat(), end])
  );
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d], // "\0asm"
    ...[1, 0, 0, 0], // version
    ...section(1, vector(types)),
    ...section(2, vector([[...text("memory"), ...text("memory"), 0x02, 0x00, 1]])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]))),
    ...section(10, vector(bodies)),
  ]);
}
