/** A clinic's policy as administrators write it. */
import { fromHex, toHex } from "../bytes.ts"
import type { DirectoryPolicy } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { asRole, type Role } from "../ids.ts"
import {
  decodePolicy,
  encodePolicy,
  type HistoryRule,
  type LocalizedText,
  type Policy,
} from "../protocol/index.ts"
import type { ClinicInfo, Localized } from "./clinic-info.ts"

/** What a clinic decides about one role; what isn't given is as in {@link DEFAULT_ROLE_RULE}. */
export interface ClinicRoleRule {
  /** What somebody who joins the role may read of what came before. */
  readonly history: HistoryRule
  /** For the history "since": milliseconds since 1970; keys that were in use then, or later, are granted. */
  readonly sinceMs?: number
  /** The role gets a new key at least this often, days. */
  readonly rotationDays: number
  /** Whether its staff may bring another role into a conversation, or take one out. */
  readonly mayChangeMembers: boolean
}

/** Somebody beside the relay who signs for the audit log's state. */
export interface ClinicWitness {
  /** As a C2SP key name; of a staff device, {@link deviceWitnessName}. */
  readonly name: string
  /** Ed25519, 64 hexadecimal characters. */
  readonly key: string
}

export interface ClinicPolicy extends Omit<ClinicInfo, "witnesses"> {
  /** The relay's log key, 64 hexadecimal characters, once known. */
  readonly logKey?: string
  readonly witnesses: readonly ClinicWitness[]
  /** How old the newest attest may be, seconds. */
  readonly freshnessSeconds: number
  readonly retentionDays: number
  /** By role. */
  readonly roleRules: Readonly<Record<string, ClinicRoleRule>>
}

const DAY_SECONDS = 24 * 60 * 60
/** A directory that nobody vouched for within a week may be an old one. */
export const DEFAULT_FRESHNESS_SECONDS: number = 7 * DAY_SECONDS
/** Six years: 45 CFR 164.316(b)(2)(i). */
export const DEFAULT_RETENTION_DAYS = 2192
/** Who joins a role takes over its work, and that began before; what leaks with a key is a season's, not a year's. */
export const DEFAULT_ROLE_RULE: ClinicRoleRule = { history: "all", rotationDays: 90, mayChangeMembers: true }
/** WL1 is the only version. */
const MINIMUM_VERSION = 1

/** @throws {WardlineError} ERR_CONFIG for what doesn't fit a policy record. */
export function policyBody(policy: ClinicPolicy): Uint8Array {
  try {
    const body = encodePolicy({
      ...(policy.logKey === undefined ? {} : { logKey: fromHex(policy.logKey) }),
      witnesses: policy.witnesses.map(({ name, key }) => ({ name, key: fromHex(key) })),
      quorum: policy.quorum,
      freshnessSeconds: policy.freshnessSeconds,
      retentionDays: policy.retentionDays,
      minimumVersion: MINIMUM_VERSION,
      clinicName: localizedText(policy.name),
      emergency: localizedText(policy.emergency),
      timeZone: policy.timeZone,
      hours: policy.hours,
      topics: policy.topics.map(({ id, label, replyWithinMinutes, roles }) => ({
        id,
        label: localizedText(label),
        replyWithinMinutes,
        roles: roles.map(asRole),
      })),
      ...(policy.archiveRole === undefined ? {} : { archiveRole: asRole(policy.archiveRole) }),
      ...(policy.auditRole === undefined ? {} : { auditRole: asRole(policy.auditRole) }),
      roleRules: Object.entries(policy.roleRules).map(([role, { sinceMs = 0, ...rule }]) => ({
        role: asRole(role),
        ...rule,
        sinceMs,
      })),
    })
    decodePolicy(body)
    assertShowable(policy)
    return body
  } catch (cause) {
    throw new WardlineError("ERR_CONFIG", `the policy can't be used: ${reasonOf(cause)}`, { cause })
  }
}

/** A typing error in a time zone or a language tag would break every page that shows it.
 * @throws {RangeError} */
function assertShowable({ name, emergency, topics, timeZone }: ClinicPolicy): void {
  const texts = [name, emergency, ...topics.map(({ label }) => label)]
  const languages = texts.flatMap((text) => Object.keys(text))
  new Intl.DateTimeFormat(languages, { timeZone }).format(0)
}

/** The policy in force, to be changed and set again. */
export function policyOf(policy: DirectoryPolicy): ClinicPolicy {
  return {
    ...(policy.logKey === undefined ? {} : { logKey: toHex(policy.logKey) }),
    witnesses: policy.witnesses.map(({ name, key }) => ({ name, key: toHex(key) })),
    quorum: policy.quorum,
    ...(policy.auditRole === undefined ? {} : { auditRole: policy.auditRole }),
    freshnessSeconds: policy.freshnessSeconds,
    retentionDays: policy.retentionDays,
    name: localizedOf(policy.clinicName),
    emergency: localizedOf(policy.emergency),
    timeZone: policy.timeZone,
    hours: policy.hours,
    topics: policy.topics.map((topic) => ({ ...topic, label: localizedOf(topic.label) })),
    ...(policy.archiveRole === undefined ? {} : { archiveRole: policy.archiveRole }),
    roleRules: Object.fromEntries(
      policy.roleRules.map(({ role, sinceMs, ...rule }) => [
        role,
        rule.history === "since" ? { ...rule, sinceMs } : rule,
      ]),
    ),
  }
}

/** The policy with the default rule for those of `roles` that it has none for. */
export function withRoleRules(policy: ClinicPolicy, roles: Iterable<Role>): ClinicPolicy {
  const defaults = [...roles].map((role) => [role, DEFAULT_ROLE_RULE] as const)
  return { ...policy, roleRules: { ...Object.fromEntries(defaults), ...policy.roleRules } }
}

/** Every role that a policy names: in its topics, for the archive, for the audit log, or in a rule. */
export function rolesOfPolicy({ topics, archiveRole, auditRole, roleRules }: ClinicPolicy): Role[] {
  const special = [archiveRole, auditRole].filter((role) => role !== undefined)
  const others = [...Object.keys(roleRules), ...special].map(asRole)
  return [...new Set([...rolesOfTopics(topics), ...others])].sort()
}

/** The name under which a staff device is a witness; its signing key is the witness's key.
 * @param deviceId - hexadecimal. */
export function deviceWitnessName(deviceId: string): string {
  return `wardline/device/${deviceId}`
}

/** Every role that a policy's topics address. */
export function rolesOfTopics(topics: Policy["topics"] | ClinicInfo["topics"]): Role[] {
  return [...new Set(topics.flatMap(({ roles }) => roles.map(asRole)))].sort()
}

export function localizedText(texts: Localized): LocalizedText {
  return Object.entries(texts).map(([language, text]) => ({ language, text }))
}

function localizedOf(texts: LocalizedText): Localized {
  return Object.fromEntries(texts.map(({ language, text }) => [language, text]))
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "unknown"
}
