/**
 * Paths as clients send them: what a tolerant parser would turn into another path is refused before
 * anything reads it.
 *
 * @module
 */

/** Longest target, octets. */
const maximumLength = 2048;

/**
 * Whether a request's target (RFC 9112, section 3.2.1: origin form) means what it says: no dot
 * segments, no empty ones, nothing encoded that separates or ends paths elsewhere.
 */
export function isPlainTarget(target: string): boolean {
  if (!target.startsWith("/") || target.length > maximumLength) return false;
  if (!/^[\x21-\x7e]+$/.test(target)) return false;
  const [path] = target.split("?", 1);
  if (/[\\#]/.test(target) || path.includes("//")) return false;
  // %2F, %5C, and control characters.
  if (/%(?:2f|5c|[01][0-9a-f]|7f)/i.test(path)) return false;
  if (/%(?![0-9a-f]{2})/i.test(path)) return false;
  return !path.split("/").some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
}
