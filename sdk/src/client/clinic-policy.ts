/** A clinic's policy as administrators write it. */
import { fromHex, toHex } from "../bytes.ts"
import type { DirectoryPolicy } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { asRole, type Role } from "../ids.ts"
import { decodePolicy, encodePolicy, type LocalizedText, type Policy } from "../protocol/index.ts"
import type { ClinicInfo, Localized } from "./clinic-info.ts"

export interface ClinicPolicy extends ClinicInfo {
  /** The relay's log key, 64 hexadecimal characters, once known. */
  readonly logKey?: string
  /** How old the newest attest may be, seconds. */
  readonly freshnessSeconds: number
  readonly retentionDays: number
}

const DAY_SECONDS = 24 * 60 * 60
/** A directory that nobody vouched for within a week may be an old one. */
export const DEFAULT_FRESHNESS_SECONDS: number = 7 * DAY_SECONDS
/** Six years: 45 CFR 164.316(b)(2)(i). */
export const DEFAULT_RETENTION_DAYS = 2192
/** WL1 is the only version. */
const MINIMUM_VERSION = 1

/** @throws {WardlineError} ERR_CONFIG for what doesn't fit a policy record. */
export function policyBody(policy: ClinicPolicy): Uint8Array {
  try {
    const body = encodePolicy({
      ...(policy.logKey === undefined ? {} : { logKey: fromHex(policy.logKey) }),
      witnessKeys: [],
      quorum: 0,
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
    freshnessSeconds: policy.freshnessSeconds,
    retentionDays: policy.retentionDays,
    name: localizedOf(policy.clinicName),
    emergency: localizedOf(policy.emergency),
    timeZone: policy.timeZone,
    hours: policy.hours,
    topics: policy.topics.map((topic) => ({ ...topic, label: localizedOf(topic.label) })),
  }
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
