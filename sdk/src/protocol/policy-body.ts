/** The body of a policy record: encode and decode (docs/protocol.md, Directory). */
import { fromUtf8, type Reader, utf8, Writer } from "../bytes.ts"
import { decodeRole, encodeRole, type Role } from "../ids.ts"
import {
  decodeWhole,
  distinct,
  encodeLocalized,
  type LocalizedText,
  malformed,
  readCount,
  readLocalized,
  readName,
  readRole,
} from "./body-parts.ts"
import { SIGNING_KEY_BYTES } from "./keys.ts"
import { MAX_HOURS, MAX_NAME_BYTES, MAX_ROLES, MAX_TOPICS, MAX_WITNESSES } from "./limits.ts"

export interface OpeningHours {
  /** 0 = Sunday. */
  weekday: number
  /** Minutes of the day, in the policy's time zone. */
  opens: number
  closes: number
}

export interface Topic {
  /** A slug, as a role's. */
  id: string
  label: LocalizedText
  replyWithinMinutes: number
  roles: readonly Role[]
}

const HISTORY = ["none", "since", "all"] as const
/** What a device that joins a role may read of what came before: nothing, what is newer than a date, or everything. */
export type HistoryRule = (typeof HISTORY)[number]

export interface RoleRule {
  role: Role
  history: HistoryRule
  /** Milliseconds since 1970; 0 unless `history` is "since". */
  sinceMs: number
  /** How long a key of the role is used, days; 0: as long as it is valid. */
  rotationDays: number
  /** Whether the role's staff may bring another role into a conversation, or take one out. */
  mayChangeMembers: boolean
}

/** A witness of the audit log (docs/protocol.md, Witnesses). */
export interface Witness {
  /** As a C2SP key name: printable ASCII without space and plus. */
  name: string
  /** Ed25519, 32 bytes. */
  key: Uint8Array
}

export interface Policy {
  /** The relay's log key, 32 bytes, once known. */
  logKey?: Uint8Array
  /** Who else signs for the audit log; each name and each key once. */
  witnesses: readonly Witness[]
  /** How many of them must have signed a checkpoint. */
  quorum: number
  freshnessSeconds: number
  retentionDays: number
  minimumVersion: number
  clinicName: LocalizedText
  emergency: LocalizedText
  /** IANA name. */
  timeZone: string
  hours: readonly OpeningHours[]
  topics: readonly Topic[]
  /** Whose key closed conversations are archived to. */
  archiveRole?: Role
  /** Whose staff may read the clinic's audit log, beside its administrators. */
  auditRole?: Role
  /** At most one for each role; a role without one has the default (`roleRuleOf` in the directory). */
  roleRules: readonly RoleRule[]
}

export function encodePolicy(policy: Policy): Uint8Array {
  const writer = new Writer().flag(policy.logKey !== undefined)
  if (policy.logKey) writer.bytes(policy.logKey)
  return writer
    .u8(policy.witnesses.length)
    .list(policy.witnesses, (w, { name, key }) => w.lp16(utf8(name)).bytes(key))
    .u8(policy.quorum)
    .u32(policy.freshnessSeconds)
    .u32(policy.retentionDays)
    .u8(policy.minimumVersion)
    .bytes(encodeLocalized(policy.clinicName))
    .bytes(encodeLocalized(policy.emergency))
    .lp16(utf8(policy.timeZone))
    .u8(policy.hours.length)
    .list(policy.hours, (w, hours) => w.u8(hours.weekday).u16(hours.opens).u16(hours.closes))
    .u8(policy.topics.length)
    .list(policy.topics, writeTopic)
    .lp16(encodeOptionalRole(policy.archiveRole))
    .lp16(encodeOptionalRole(policy.auditRole))
    .u8(policy.roleRules.length)
    .list(policy.roleRules, writeRoleRule)
    .done()
}

/** @throws {WardlineError} ERR_MALFORMED */
export function decodePolicy(body: Uint8Array): Policy {
  return decodeWhole(body, (reader) => {
    const logKey = reader.flag() ? reader.bytes(SIGNING_KEY_BYTES) : undefined
    const witnesses = reader.list(readCount(reader, 0, MAX_WITNESSES), readWitness)
    const names = witnesses.map(({ name }) => name)
    distinct(names, "witness twice")
    const quorum = reader.u8()
    if (quorum > witnesses.length) throw malformed("quorum over the number of witnesses")
    const policy: Omit<Policy, "logKey" | "archiveRole" | "auditRole" | "roleRules"> = {
      witnesses,
      quorum,
      freshnessSeconds: reader.u32(),
      retentionDays: reader.u32(),
      minimumVersion: reader.u8(),
      clinicName: readLocalized(reader),
      emergency: readLocalized(reader),
      timeZone: readName(reader),
      hours: reader.list(readCount(reader, 0, MAX_HOURS), readHours),
      topics: reader.list(readCount(reader, 0, MAX_TOPICS), readTopic),
    }
    const ids = policy.topics.map((topic) => topic.id)
    distinct(ids, "topic twice")
    const archiveRole = readOptionalRole(reader)
    const auditRole = readOptionalRole(reader)
    const roleRules = reader.list(readCount(reader, 0, MAX_ROLES), readRoleRule)
    const ruled = roleRules.map(({ role }) => role)
    distinct(ruled, "two rules for one role")
    return {
      ...policy,
      roleRules,
      ...(logKey && { logKey }),
      ...(archiveRole && { archiveRole }),
      ...(auditRole && { auditRole }),
    }
  })
}

function readHours(reader: Reader): OpeningHours {
  const hours = { weekday: reader.u8(), opens: reader.u16(), closes: reader.u16() }
  if (hours.weekday > 6 || hours.opens >= hours.closes || hours.closes > 1440)
    throw malformed("opening hours")
  return hours
}

function writeTopic(writer: Writer, topic: Topic): void {
  writer
    .lp16(encodeRole(topic.id))
    .bytes(encodeLocalized(topic.label))
    .u16(topic.replyWithinMinutes)
    .u8(topic.roles.length)
    .list(topic.roles, (w, role) => w.lp16(encodeRole(role)))
}

function readTopic(reader: Reader): Topic {
  return {
    id: readRole(reader),
    label: readLocalized(reader),
    replyWithinMinutes: reader.u16(),
    roles: distinct(reader.list(readCount(reader, 1, MAX_ROLES), readRole), "role twice in a topic"),
  }
}

/** @throws {WardlineError} ERR_MALFORMED */
function readWitness(reader: Reader): Witness {
  const name = fromUtf8(reader.lp16(MAX_NAME_BYTES))
  if (!/^[!-*,-~]+$/.test(name)) throw malformed("not a witness's name")
  return { name, key: reader.bytes(SIGNING_KEY_BYTES) }
}

function encodeOptionalRole(role: Role | undefined): Uint8Array {
  return role === undefined ? new Uint8Array(0) : encodeRole(role)
}

function readOptionalRole(reader: Reader): Role | undefined {
  const bytes = reader.lp16(32)
  return bytes.length === 0 ? undefined : decodeRole(bytes)
}

function writeRoleRule(writer: Writer, rule: RoleRule): void {
  writer
    .lp16(encodeRole(rule.role))
    .u8(HISTORY.indexOf(rule.history))
    .u64(rule.sinceMs)
    .u32(rule.rotationDays)
    .flag(rule.mayChangeMembers)
}

function readRoleRule(reader: Reader): RoleRule {
  const role = readRole(reader)
  const history = HISTORY[reader.u8()]
  if (history === undefined) throw malformed("unknown history rule")
  const sinceMs = reader.u64()
  if (sinceMs !== 0 && history !== "since") throw malformed("a date without its history rule")
  return { role, history, sinceMs, rotationDays: reader.u32(), mayChangeMembers: reader.flag() }
}
