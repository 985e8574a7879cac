/** Evidence that an audit log has two histories: two checkpoints that its key signed and that can't both be of one log,
 * with all that it takes to check that without a relay (docs/evidence.md). */
import * as v from "valibot"
import { equalBytes, fromHex, fromUtf8, toHex, utf8 } from "../../bytes.ts"
import { certifyDirectory } from "../../conversation/evidence-signers.ts"
import { sha256, verify } from "../../crypto/index.ts"
import { isWardlineError, WardlineError } from "../../errors.ts"
import { clinicIdOf, decodePolicy, decodeRecord, recordPart, type Witness } from "../../protocol/index.ts"
import {
  auditOrigin,
  consistencyProof,
  type OpenedCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  type ReadTile,
  rootOf,
  verifyConsistency,
} from "../../tlog/index.ts"

export const LOG_EVIDENCE_FORMAT = "wardline-log-evidence/1"

const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/))
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))

/** Bytes are in hexadecimal. */
export interface LogEvidence {
  readonly format: typeof LOG_EVIDENCE_FORMAT
  /** The clinic's root key: to be compared with the one that its page pins. */
  readonly clinicKey: string
  /** Two signed checkpoints, as they came. */
  readonly notes: readonly [string, string]
  /** Where their sizes differ: the root that the larger tree has at the smaller size, and the consistency proof from that
   * root to the larger tree's. Null where the log gave none. */
  readonly bridge: { readonly root: string; readonly proof: readonly string[] } | null
  /** Directory records that certify the log's key and its witnesses: of administrators, and policies. */
  readonly directory: readonly string[]
}

const LogEvidenceSchema: v.GenericSchema<unknown, LogEvidence> = v.strictObject({
  format: v.literal(LOG_EVIDENCE_FORMAT),
  clinicKey: hash,
  notes: v.strictTuple([v.string(), v.string()]),
  bridge: v.nullable(v.strictObject({ root: hash, proof: v.array(hash) })),
  directory: v.array(hex),
})

export interface SignedCheckpoint {
  readonly size: number
  /** Hexadecimal. */
  readonly root: string
  /** The log key that signed it, hexadecimal. */
  readonly logKey: string
  /** The clinic's witnesses that cosigned it, and when: milliseconds since 1970. */
  readonly witnesses: readonly { readonly name: string; readonly at: number }[]
}

export interface LogEvidenceVerdict {
  /** Hexadecimal. Evidence is about the clinic of this key and no other. */
  readonly clinicKey: string
  /** `fork`: the log's key signed two logs. `unexplained`: both are signed, and the log didn't show that the larger
   * continues the smaller; ask it for the consistency proof between these sizes: an honest one has it. */
  readonly proves: "fork" | "unexplained"
  readonly checkpoints: readonly [SignedCheckpoint, SignedCheckpoint]
}

/** Puts a file of evidence together.
 * @param notes - signed checkpoints, in any order.
 * @param readTile - gives the larger tree's tiles, as the relay has them.
 * @param directory - the clinic's records; only those that certify are taken.
 * @throws {WardlineError} ERR_MALFORMED for notes that aren't checkpoints. */
export async function makeLogEvidence(parts: {
  readonly clinicKey: Uint8Array
  readonly notes: readonly [string, string]
  readonly readTile: ReadTile | undefined
  readonly directory: readonly Uint8Array[]
}): Promise<LogEvidence> {
  const [a, b] = [readTree(parts.notes[0]), readTree(parts.notes[1])]
  const [smaller, larger] = a.size <= b.size ? [a, b] : [b, a]
  return {
    format: LOG_EVIDENCE_FORMAT,
    clinicKey: toHex(parts.clinicKey),
    notes: [smaller.note, larger.note],
    bridge: await bridgeOf(smaller.size, larger, parts.readTile),
    directory: parts.directory.filter(isCertificate).map((record) => toHex(recordPart(record))),
  }
}

interface Tree {
  readonly note: string
  readonly size: number
  readonly root: Uint8Array
}

const readTree = (note: string): Tree => ({ note, ...parseCheckpoint(parseNote(note).body) })

/** What the larger tree began with, by the relay's own tiles; null if they don't say. */
async function bridgeOf(
  oldSize: number,
  { size, root }: Tree,
  readTile: ReadTile | undefined,
): Promise<LogEvidence["bridge"]> {
  if (readTile === undefined || oldSize === size || oldSize === 0) return null
  try {
    const oldRoot = await rootOf(sha256, readTile, oldSize)
    const proof = await consistencyProof(sha256, readTile, oldSize, size)
    if (!verifyConsistency(sha256, { oldSize, oldRoot, size, root, proof })) return null
    return { root: toHex(oldRoot), proof: proof.map((item) => toHex(item)) }
  } catch (error) {
    // A relay that gives wrong tiles, or none, is no reason to lose the two notes.
    if (isWardlineError(error)) return null
    throw error
  }
}

/** By these anybody sees whose the log's key is, and who witnesses. */
function isCertificate(bytes: Uint8Array): boolean {
  const { type, body } = decodeRecord(bytes)
  return type === "admin-add" || (type === "policy" && decodePolicy(body).logKey !== undefined)
}

export function encodeLogEvidence(evidence: LogEvidence): Uint8Array {
  return utf8(`${JSON.stringify(evidence, null, 1)}\n`)
}

/** Whether a file says that it is evidence about a log, and not about a conversation. */
export function isLogEvidence(bytes: Uint8Array): boolean {
  try {
    const json: unknown = JSON.parse(fromUtf8(bytes))
    return (
      typeof json === "object" && json !== null && "format" in json && json.format === LOG_EVIDENCE_FORMAT
    )
  } catch {
    return false
  }
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodeLogEvidence(bytes: Uint8Array): LogEvidence {
  let json: unknown
  try {
    json = JSON.parse(fromUtf8(bytes))
  } catch {
    throw malformed("not a file of evidence")
  }
  const checked = v.safeParse(LogEvidenceSchema, json)
  if (!checked.success) throw malformed("not a file of evidence about a log, of this version")
  return checked.output
}

/** Checks a file of evidence about a log, with nothing but the file; `cryptoReady()` first.
 * @param clinicKey - 64 hexadecimal characters: the key that the clinic's page pins, where it is known.
 * @param logKey - the log's key, where it is known otherwise: a file without the directory's records certifies none.
 * @throws {WardlineError} ERR_MALFORMED for what is no evidence or shows no contradiction; ERR_SIGNATURE for a checkpoint
 *   or a certificate that isn't signed as it should be; ERR_CLINIC_KEY for another clinic's. */
export function verifyLogEvidence(
  bytes: Uint8Array,
  clinicKey?: string,
  logKey?: Uint8Array,
): LogEvidenceVerdict {
  const evidence = decodeLogEvidence(bytes)
  if (clinicKey !== undefined && clinicKey.toLowerCase() !== evidence.clinicKey)
    throw new WardlineError("ERR_CLINIC_KEY", "evidence about another clinic")
  try {
    return judge(evidence, logKey)
  } catch (error) {
    if (isWardlineError(error) && ["ERR_SIGNATURE", "ERR_MALFORMED"].includes(error.code)) throw error
    throw malformed("a part of it can't be read")
  }
}

function judge(evidence: LogEvidence, logKey: Uint8Array | undefined): LogEvidenceVerdict {
  const { clinicKey, notes, bridge } = evidence
  const rootKey = fromHex(clinicKey)
  const records = evidence.directory.map(fromHex)
  const certified = certifyDirectory(records, rootKey).logKeys
  const trusted = {
    logKeys: logKey === undefined ? certified : [...certified, logKey],
    witnesses: witnessesOf(records),
    origin: auditOrigin(clinicIdOf(sha256, rootKey)),
  }
  const [a, b] = [openSigned(notes[0], trusted), openSigned(notes[1], trusted)]
  const [smaller, larger] = a.opened.size <= b.opened.size ? [a.opened, b.opened] : [b.opened, a.opened]
  return {
    clinicKey,
    proves: contradiction(smaller, larger, bridge),
    checkpoints: [a.signed, b.signed],
  }
}

function contradiction(
  smaller: OpenedCheckpoint,
  larger: OpenedCheckpoint,
  bridge: LogEvidence["bridge"],
): LogEvidenceVerdict["proves"] {
  if (smaller.size === larger.size) {
    if (equalBytes(smaller.root, larger.root)) throw malformed("the two checkpoints are the same")
    return "fork"
  }
  if (bridge === null) return "unexplained"
  const root = fromHex(bridge.root)
  const claim = { oldSize: smaller.size, oldRoot: root, size: larger.size, root: larger.root }
  if (!verifyConsistency(sha256, { ...claim, proof: bridge.proof.map(fromHex) }))
    throw malformed("the proof isn't of the larger checkpoint's tree")
  if (equalBytes(root, smaller.root)) throw malformed("the larger checkpoint continues the smaller")
  return "fork"
}

interface Trusted {
  readonly logKeys: readonly Uint8Array[]
  readonly witnesses: readonly Witness[]
  readonly origin: string
}

/** @throws {WardlineError} ERR_SIGNATURE unless a known log key signed it. */
function openSigned(
  text: string,
  { logKeys, witnesses, origin }: Trusted,
): { opened: OpenedCheckpoint; signed: SignedCheckpoint } {
  for (const logKey of logKeys) {
    try {
      const opened = openCheckpoint(text, { origin, logKey, witnesses, hash: sha256, verify })
      const cosigned = opened.cosigned.map(({ name, timeSeconds }) => ({ name, at: timeSeconds * 1000 }))
      const { size, root } = opened
      return { opened, signed: { size, root: toHex(root), logKey: toHex(logKey), witnesses: cosigned } }
    } catch (error) {
      if (!isWardlineError(error, "ERR_SIGNATURE")) throw error
    }
  }
  throw new WardlineError(
    "ERR_SIGNATURE",
    logKeys.length === 0
      ? "the file doesn't certify the log's key: name the one that the clinic's policy names"
      : "a checkpoint isn't signed by the clinic's log, or a cosignature is wrong",
  )
}

/** Of the certified policies. One key is one witness. */
function witnessesOf(records: readonly Uint8Array[]): Witness[] {
  const byKey = new Map<string, Witness>()
  for (const record of records.map((bytes) => decodeRecord(bytes))) {
    if (record.type !== "policy") continue
    for (const witness of decodePolicy(record.body).witnesses) byKey.set(toHex(witness.key), witness)
  }
  return [...byKey.values()]
}

function malformed(what: string): WardlineError {
  return new WardlineError("ERR_MALFORMED", `the evidence can't be used: ${what}`)
}
