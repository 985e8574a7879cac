/** Fork evidence: two signed statements about one conversation that can't both be true, with all that it takes to check
 * them without a relay (docs/evidence.md). */
import * as v from "valibot"
import { equalBytes, fromHex, fromUtf8, toHex, utf8 } from "../bytes.ts"
import { sha256, verify } from "../crypto/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { Link } from "../ids.ts"
import { clinicIdOf, decodeMessage, decodeRecord, headNote, nextLink, startLink } from "../protocol/index.ts"
import { certifyDirectory, certifyMembers, isSignedBy, type Signers } from "./evidence-signers.ts"

export const EVIDENCE_FORMAT = "wardline-evidence/1"

const position = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER))
const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/))
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))

/** What somebody says of a conversation: that the link after `position` records is this one. A record says it of what
 * its sender had seen. `memory` is nobody's signature: the word of whoever exported the file. */
export type Statement =
  | { readonly kind: "record"; readonly record: string }
  | {
      readonly kind: "head"
      readonly position: number
      readonly link: string
      readonly time: number
      readonly signature: string
    }
  | { readonly kind: "memory"; readonly position: number; readonly link: string }

/** Bytes are in hexadecimal. */
export interface Evidence {
  readonly format: typeof EVIDENCE_FORMAT
  /** The clinic's root key: to be compared with the one that its page pins. */
  readonly clinicKey: string
  readonly conversation: string
  /** The later one, by position, is of the history below. */
  readonly statements: readonly [Statement, Statement]
  /** H(record) of each record of one history, from position 1 up to the position of the statement that it leads to. */
  readonly hashes: readonly string[]
  /** Directory records that certify the signers: of administrators, of their devices, of the relay's log key. */
  readonly directory: readonly string[]
  /** Consent and member records of that history which name the patient's devices. */
  readonly members: readonly { readonly position: number; readonly record: string }[]
}

const StatementSchema: v.GenericSchema<unknown, Statement> = v.variant("kind", [
  v.strictObject({ kind: v.literal("record"), record: hex }),
  v.strictObject({
    kind: v.literal("head"),
    position,
    link: hash,
    time: position,
    signature: v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/)),
  }),
  v.strictObject({ kind: v.literal("memory"), position, link: hash }),
])

const EvidenceSchema: v.GenericSchema<unknown, Evidence> = v.strictObject({
  format: v.literal(EVIDENCE_FORMAT),
  clinicKey: hash,
  conversation: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
  statements: v.strictTuple([StatementSchema, StatementSchema]),
  hashes: v.array(hash),
  directory: v.array(hex),
  members: v.array(v.strictObject({ position, record: hex })),
})

/** Who signed a statement. `nobody`: it isn't signed, and proves nothing to others. */
export type Signer =
  | { readonly kind: "relay"; readonly logKey: string }
  | { readonly kind: "staff"; readonly deviceId: string; readonly name: string }
  | { readonly kind: "patient"; readonly deviceId: string }
  | { readonly kind: "nobody" }

export interface SignedStatement {
  readonly signer: Signer
  readonly position: number
  /** Hexadecimal. */
  readonly link: string
  /** Milliseconds since 1970 by the signer's clock; undefined where nobody signed. */
  readonly atMs: number | undefined
}

export interface EvidenceVerdict {
  /** Hexadecimal. Evidence is about the clinic of this key and no other. */
  readonly clinicKey: string
  readonly conversation: string
  /** `fork`: the two name different histories. `rollback`: the relay signed for fewer records than before. */
  readonly proves: "fork" | "rollback"
  /** Only one of the two is signed: whoever signed it may have been right, and whoever exported the file wrong. */
  readonly isOneSided: boolean
  readonly statements: readonly [SignedStatement, SignedStatement]
}

export function encodeEvidence(evidence: Evidence): Uint8Array {
  return utf8(`${JSON.stringify(evidence, null, 1)}\n`)
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  let json: unknown
  try {
    json = JSON.parse(fromUtf8(bytes))
  } catch {
    throw malformed("not a file of evidence")
  }
  const checked = v.safeParse(EvidenceSchema, json)
  if (!checked.success) throw malformed("not a file of evidence of this version")
  return checked.output
}

/** Checks a file of evidence, with nothing but the file; `cryptoReady()` first. That a signer's key was in force when it signed isn't checked:
 * the certificates say whose key it is.
 * @param clinicKey - 64 hexadecimal characters: the key that the clinic's page pins, where it is known.
 * @returns who signed what.
 * @throws {WardlineError} ERR_MALFORMED for what is no evidence or shows no contradiction; ERR_SIGNATURE when a
 *   signature or a certificate is wrong, or nobody signed anything; ERR_CLINIC_KEY for another clinic's. */
export function verifyEvidence(bytes: Uint8Array, clinicKey?: string): EvidenceVerdict {
  const evidence = decodeEvidence(bytes)
  if (clinicKey !== undefined && clinicKey.toLowerCase() !== evidence.clinicKey)
    throw new WardlineError("ERR_CLINIC_KEY", "evidence about another clinic")
  try {
    return judge(evidence)
  } catch (error) {
    // Such as a record inside that can't be decoded.
    if (isWardlineError(error) && ["ERR_SIGNATURE", "ERR_MALFORMED"].includes(error.code)) throw error
    throw malformed("a part of it can't be read")
  }
}

function judge(evidence: Evidence): EvidenceVerdict {
  const conversation = fromHex(evidence.conversation)
  const rootKey = fromHex(evidence.clinicKey)
  const clinic = clinicIdOf(sha256, rootKey)
  const hashes = evidence.hashes.map(fromHex)
  const signers = {
    ...certifyDirectory(evidence.directory.map(fromHex), rootKey),
    patients: certifyMembers(
      evidence.members.map((member) => ({ position: member.position, record: fromHex(member.record) })),
      hashes,
      { clinic, conversation },
    ),
  }
  const read = (statement: Statement): SignedStatement =>
    readStatement(statement, clinic, conversation, signers)
  const statements = [read(evidence.statements[0]), read(evidence.statements[1])] as const
  const unsigned = statements.filter(({ signer }) => signer.kind === "nobody").length
  if (unsigned === 2) throw new WardlineError("ERR_SIGNATURE", "nobody signed either of the statements")
  const proves = contradiction(statements, linksOf(conversation, hashes))
  const { clinicKey } = evidence
  return { clinicKey, conversation: evidence.conversation, proves, isOneSided: unsigned === 1, statements }
}

/** Why both can't be true. A link commits to every link before it, so that a statement about a later position says what
 * the link was at each earlier one: the hashes show which. */
function contradiction(
  [a, b]: readonly [SignedStatement, SignedStatement],
  links: readonly Link[],
): EvidenceVerdict["proves"] {
  const isOf = ({ position: at, link }: SignedStatement): boolean => {
    const own = links[at]
    return own !== undefined && toHex(own) === link
  }
  const [earlier, later] = a.position <= b.position ? [a, b] : [b, a]
  if (earlier.position === later.position && earlier.link !== later.link) return "fork"
  if (isOf(later) && links.length === later.position + 1 && !isOf(earlier)) return "fork"
  const isByRelay = earlier.signer.kind === "relay" && later.signer.kind === "relay"
  const isShrunk = (earlier.atMs as number) > (later.atMs as number) && earlier.position < later.position
  if (isByRelay && isShrunk) return "rollback"
  throw malformed("the two statements don't contradict each other")
}

function linksOf(conversation: Uint8Array, hashes: readonly Uint8Array[]): Link[] {
  const links = [startLink(sha256, conversation)]
  for (const [i, recorded] of hashes.entries())
    links.push(nextLink(sha256, links[i] as Link, i + 1, recorded))
  return links
}

/** @throws {WardlineError} ERR_SIGNATURE unless a certified signer signed it. */
function readStatement(
  statement: Statement,
  clinic: Uint8Array,
  conversation: Uint8Array,
  signers: Signers,
): SignedStatement {
  switch (statement.kind) {
    case "memory":
      return {
        signer: { kind: "nobody" },
        position: statement.position,
        link: statement.link,
        atMs: undefined,
      }
    case "head": {
      const { position: at, link, time } = statement
      const note = headNote(clinic, { conversation, position: at, link: fromHex(link), time })
      const logKey = signers.logKeys.find((key) => verify(key, note, fromHex(statement.signature)))
      if (logKey === undefined) throw wrong("a head isn't signed by the clinic's relay")
      return { signer: { kind: "relay", logKey: toHex(logKey) }, position: at, link, atMs: time }
    }
    case "record":
      return readRecord(fromHex(statement.record), conversation, signers)
  }
}

function readRecord(bytes: Uint8Array, conversation: Uint8Array, signers: Signers): SignedStatement {
  const record = decodeRecord(bytes)
  if (record.type !== "message") throw malformed("only messages say what their senders have seen")
  if (!equalBytes(record.scope, conversation)) throw malformed("a record of another conversation")
  const { seenPosition, seenLink } = decodeMessage(record.body)
  const deviceId = toHex(record.issuer)
  const staff = signers.staff.get(deviceId)
  const key = staff?.signing ?? signers.patients.get(deviceId)
  if (key === undefined || !isSignedBy(record, key))
    throw wrong("a record isn't signed by a certified device")
  const signer: Signer = staff ? { kind: "staff", deviceId, name: staff.name } : { kind: "patient", deviceId }
  return { signer, position: seenPosition, link: toHex(seenLink), atMs: record.issued }
}

function wrong(what: string): WardlineError {
  return new WardlineError("ERR_SIGNATURE", `the evidence is wrong: ${what}`)
}

function malformed(what: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", `the evidence can't be used: ${what}`)
}
