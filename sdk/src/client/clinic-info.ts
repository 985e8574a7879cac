/** What a clinic says of itself in its signed directory, in the form that applications show. */
import { utf8 } from "../bytes.ts"
import { sha256 } from "../crypto/hash.ts"
import type { DirectoryConsentText, DirectoryState } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import type { LocalizedText, OpeningHours } from "../protocol/index.ts"

/** A text by language; the first key is the default. */
export type Localized = Readonly<Record<string, string>>

export interface TopicInfo {
  readonly id: string
  readonly label: Localized
  readonly replyWithinMinutes: number
  readonly roles: readonly string[]
}

export interface ClinicInfo {
  readonly name: Localized
  readonly emergency: Localized
  readonly topics: readonly TopicInfo[]
  /** Minutes of the day in `timeZone`; weekday 0 is Sunday. */
  readonly hours: readonly Readonly<OpeningHours>[]
  /** IANA name. */
  readonly timeZone: string
  /** The role that closed conversations go to; absent where they stay with those who had them. */
  readonly archiveRole?: string
  /** The role that may read the clinic's audit log, beside administrators; absent where there is none. */
  readonly auditRole?: string
  /** Who watches the audit log, by the policy's names, and how many of them have to sign each state of it. */
  readonly witnesses: readonly string[]
  readonly quorum: number
}

/** That a person has agreed to a certain text in a certain language. */
export interface Agreement {
  readonly consentId: string
  readonly version: number
  readonly language: string
  /** SHA-256 of the text, in hexadecimal, as the consent record will name it. */
  readonly textHash: Uint8Array
  readonly agreedAtMs: number
}

export interface ConsentText {
  readonly id: string
  readonly version: number
  readonly language: string
  readonly text: string
  /** In which it can be had. */
  readonly languages: readonly string[]
  /** To be called when the person agrees, not before. */
  agree(): Agreement
}

/** @throws {WardlineError} ERR_NOT_FOUND for a clinic that has published no policy yet. */
export function clinicInfo(directory: DirectoryState): ClinicInfo {
  const { policy } = directory
  if (policy === undefined) throw new WardlineError("ERR_NOT_FOUND", "the clinic has no policy yet")
  return {
    name: localized(policy.clinicName),
    emergency: localized(policy.emergency),
    topics: policy.topics.map(({ id, label, replyWithinMinutes, roles }) => ({
      id,
      label: localized(label),
      replyWithinMinutes,
      roles: [...roles],
    })),
    hours: policy.hours.map((hours) => ({ ...hours })),
    timeZone: policy.timeZone,
    ...(policy.archiveRole === undefined ? {} : { archiveRole: policy.archiveRole }),
    ...(policy.auditRole === undefined ? {} : { auditRole: policy.auditRole }),
    witnesses: policy.witnesses.map(({ name }) => name),
    quorum: policy.quorum,
  }
}

/** The current consent text.
 * @param wanted - a language tag; `es-MX` finds `es`. The default language stands in for one that isn't there.
 * @throws {WardlineError} ERR_NOT_FOUND for a clinic that has published none. */
export function consentText(
  directory: DirectoryState,
  wanted: string | undefined,
  now: () => number,
): ConsentText {
  const { id, version, texts } = currentConsent(directory)
  const languages = texts.map(({ language }) => language)
  const language = pickLanguage(languages, wanted)
  const text = texts.find((item) => item.language === language)?.text ?? ""
  return {
    id,
    version,
    language,
    text,
    languages,
    agree: () => ({ consentId: id, version, language, textHash: sha256(utf8(text)), agreedAtMs: now() }),
  }
}

export function currentConsent(directory: DirectoryState): DirectoryConsentText {
  const text = directory.consentText
  if (text === undefined) throw new WardlineError("ERR_NOT_FOUND", "the clinic has no consent text yet")
  return text
}

/** The wanted language, its base language, or the first. */
export function pickLanguage(languages: readonly string[], wanted: string | undefined): string {
  const tag = wanted?.toLowerCase()
  const base = tag?.split("-")[0]
  const found =
    languages.find((language) => language.toLowerCase() === tag) ??
    languages.find((language) => language.toLowerCase() === base) ??
    languages.find((language) => language.toLowerCase().split("-")[0] === base)
  return found ?? (languages[0] as string)
}

function localized(texts: LocalizedText): Localized {
  return Object.fromEntries(texts.map(({ language, text }) => [language, text]))
}
