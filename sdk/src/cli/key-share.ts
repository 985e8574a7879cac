/** Shares of a split key: k of n by Shamir's scheme, each bound to its clinic, its key and its split.
 *
 * A share is 44 bytes: `version and kind u8 ‖ needed and shares u8 (4 bits each) ‖ number u8 ‖ split 4 ‖ key tag 2 ‖ x u8 ‖
 * y 32 ‖ check 2`. The library that does the mathematics can't know whether shares belong together; here the result is
 * checked against the public key, and nothing else counts as success. */
import { combine, split } from "shamir-secret-sharing"
import { copyBytes, equalBytes, Reader, utf8, Writer } from "../bytes.ts"
import { randomBytes, sha256, signingKeyPair, wipe, wrappingKeyPair } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import { usage } from "./arguments.ts"
import { encodeLines, joinLines, parseLine, SHARE_BYTES, SHARE_LINES } from "./share-words.ts"

/** More holders than this are no ceremony, and fewer than two are no split. */
export const MAX_SHARES = 15
export const MIN_NEEDED = 2

const VERSION = 1
const SPLIT_BYTES = 4
const TAG_BYTES = 2
const CHECK_BYTES = 2
const SEED_BYTES = 32

interface AnyKey {
  readonly clinicId: Uint8Array
  readonly publicKey: Uint8Array
}

export interface RootSplitKey extends AnyKey {
  readonly kind: "root"
}

export interface RoleSplitKey extends AnyKey {
  readonly kind: "role"
  readonly role: string
  readonly generation: number
}

/** Which key is split. */
export type SplitKey = RootSplitKey | RoleSplitKey

export interface Share {
  readonly kind: SplitKey["kind"]
  /** How many put the key together. */
  readonly needed: number
  readonly shares: number
  /** From 1. */
  readonly number: number
  /** The same in all shares of one split. */
  readonly split: Uint8Array
  readonly tag: Uint8Array
  /** What the library made: y ‖ x, 33 bytes. Secret. */
  readonly point: Uint8Array
}

/** @throws {WardlineError} ERR_CONFIG for numbers that make no split. */
export function checkNumbers(needed: number, shares: number): void {
  const isCount = (n: number): boolean => Number.isInteger(n) && n >= MIN_NEEDED && n <= MAX_SHARES
  if (!isCount(shares)) throw usage(`--shares must be ${MIN_NEEDED} to ${MAX_SHARES}`)
  if (!isCount(needed))
    throw usage(`--needed must be ${MIN_NEEDED} or more: one share alone must never be the key`)
  if (needed > shares) throw usage("--needed is more than --shares: the key could never be put together")
}

/** Splits a key's 32-byte seed, and puts it together again once to see that it can be done.
 * @throws {WardlineError} ERR_CONFIG, ERR_CLINIC_KEY for a seed of another key. */
export async function splitKey(
  seed: Uint8Array,
  key: SplitKey,
  { needed, shares }: { readonly needed: number; readonly shares: number },
): Promise<Share[]> {
  checkNumbers(needed, shares)
  if (!isSeedOf(key, seed))
    throw new WardlineError("ERR_CLINIC_KEY", "the key to split isn't the one it is said to be")
  // The library takes nothing but plain arrays, and its own are wiped with ours.
  const own = copyBytes(seed)
  const points = await split(own, shares, needed)
  wipe(own)
  const common = { kind: key.kind, needed, shares, split: randomBytes(SPLIT_BYTES), tag: tagOf(key) }
  const made = points.map((point, i): Share => ({ ...common, number: i + 1, point }))
  wipe(await combineShares(made.slice(-needed), key))
  return made
}

/** The seed of a key from its shares.
 * @returns 32 bytes; the caller wipes them.
 * @throws {WardlineError} ERR_CLINIC_KEY for a share of another clinic or key; ERR_CONFLICT for one given twice;
 *   ERR_FORBIDDEN for too few; ERR_KEYSTORE for shares that don't belong together. */
export async function combineShares(shares: readonly Share[], key: SplitKey): Promise<Uint8Array> {
  for (const [i, share] of shares.entries()) checkFits(share, shares.slice(0, i), [key])
  const needed = shares[0]?.needed ?? MIN_NEEDED
  if (shares.length < needed)
    throw new WardlineError(
      "ERR_FORBIDDEN",
      `${needed} shares are needed and ${shares.length} given; nothing was made`,
    )
  const seed = await combine(shares.map(({ point }) => copyBytes(point)))
  if (!isSeedOf(key, seed)) {
    wipe(seed)
    throw new WardlineError(
      "ERR_KEYSTORE",
      "these shares don't belong together: one is damaged or false, or they are of two splits; no key was made",
    )
  }
  return seed
}

/** Whether a share can go with the others; asked as each is entered, so that a wrong one is named at once.
 * @param keys - those that it could be of, such as a role's generations.
 * @returns which one it is of, as far as can be told before there are enough.
 * @throws {WardlineError} ERR_CLINIC_KEY, ERR_KEYSTORE, ERR_CONFLICT. */
export function checkFits<K extends SplitKey>(share: Share, before: readonly Share[], keys: readonly K[]): K {
  const name = `share ${share.number}`
  const key = keys.find((of) => share.kind === of.kind && equalBytes(share.tag, tagOf(of)))
  if (key === undefined)
    throw new WardlineError(
      "ERR_CLINIC_KEY",
      `${name} is of another clinic, another key, or another generation of it`,
    )
  const [first] = before
  if (first === undefined) return key
  if (!equalBytes(share.split, first.split) || share.needed !== first.needed || share.shares !== first.shares)
    throw new WardlineError(
      "ERR_KEYSTORE",
      `${name} doesn't belong with share ${first.number}: the key was split more than once, and only shares of one split go together`,
    )
  if (before.some(({ number, point }) => number === share.number || point.at(-1) === share.point.at(-1)))
    throw new WardlineError("ERR_CONFLICT", `${name} was given before; another holder's is needed`)
  return key
}

/** A share as eight lines of words. */
export function shareLines(share: Share): string[] {
  const { kind, needed, shares, number, split, tag, point } = share
  const writer = new Writer()
    .u8((VERSION << 4) | (kind === "root" ? 1 : 2))
    .u8((needed << 4) | shares)
    .u8(number)
    .bytes(split)
    .bytes(tag)
    .bytes(point.subarray(SEED_BYTES))
    .bytes(point.subarray(0, SEED_BYTES))
  const bytes = writer.done()
  return encodeLines(writer.bytes(checkOf(bytes)).done())
}

/** Reads a share from what {@link parseLine} made of its lines.
 * @throws {WardlineError} ERR_MALFORMED, ERR_UNSUPPORTED */
export function shareOfLines(lines: readonly (readonly number[])[]): Share {
  const bytes = joinLines(lines)
  const reader = new Reader(bytes)
  const form = reader.u8()
  const counts = reader.u8()
  const number = reader.u8()
  const split = reader.bytes(SPLIT_BYTES)
  const tag = reader.bytes(TAG_BYTES)
  const x = reader.bytes(1)
  const y = reader.bytes(SEED_BYTES)
  if (!equalBytes(reader.bytes(CHECK_BYTES), checkOf(bytes.subarray(0, SHARE_BYTES - CHECK_BYTES))))
    throw new WardlineError("ERR_MALFORMED", "the lines are not all of the same sheet, or one has a slip")
  const kind = form & 15
  if (form >> 4 !== VERSION || (kind !== 1 && kind !== 2))
    throw new WardlineError("ERR_UNSUPPORTED", "the share was made by a newer version of wardline")
  const [needed, shares] = [counts >> 4, counts & 15]
  if (needed < MIN_NEEDED || needed > shares || number < 1 || number > shares || x[0] === 0)
    throw new WardlineError("ERR_MALFORMED", "this is no share that wardline made")
  const point = new Writer().bytes(y).bytes(x).done()
  return { kind: kind === 1 ? "root" : "role", needed, shares, number, split, tag, point }
}

const NUMBERED_LINE = /^\s*([1-8])[.)]?\s+([a-z]{3,8}(?:[ ,]+[a-z]{3,8}){4})\s*$/gim

/** Reads a share from the text of its file; what stands around the numbered lines doesn't matter.
 * @throws {WardlineError} ERR_MALFORMED: every line that is wrong or missing. */
export function parseShareText(text: string): Share {
  const found = new Map(
    [...text.matchAll(NUMBERED_LINE)].map(([, line, words]) => [Number(line), words ?? ""]),
  )
  const lines: number[][] = []
  const problems: string[] = []
  for (let line = 1; line <= SHARE_LINES; line++) {
    try {
      const words = found.get(line)
      if (words === undefined) problems.push(`line ${line}: it is missing, or doesn't have five words`)
      else lines.push(parseLine(words, line))
    } catch (error) {
      if (!(error instanceof WardlineError)) throw error
      problems.push(error.message)
    }
  }
  if (problems.length > 0) throw new WardlineError("ERR_MALFORMED", problems.join("; "))
  return shareOfLines(lines)
}

/** Whether a seed is this key's: the only proof that shares were put together rightly. */
function isSeedOf(key: SplitKey, seed: Uint8Array): boolean {
  const { publicKey } = key.kind === "root" ? signingKeyPair(seed) : wrappingKeyPair(seed)
  return equalBytes(publicKey, key.publicKey)
}

/** Two bytes that tell keys apart before anything is put together; no proof. */
function tagOf(key: SplitKey): Uint8Array {
  const [name, generation] = key.kind === "root" ? ["root", 0] : [key.role, key.generation]
  const writer = new Writer()
    .bytes(utf8("wl1/share-key"))
    .bytes(key.clinicId)
    .lp16(utf8(`${key.kind}/${name}`))
  return sha256(writer.u32(Number(generation)).bytes(key.publicKey).done()).slice(0, TAG_BYTES)
}

function checkOf(bytes: Uint8Array): Uint8Array {
  return sha256(new Writer().bytes(utf8("wl1/share")).bytes(bytes).done()).slice(0, CHECK_BYTES)
}
