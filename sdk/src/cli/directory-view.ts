/** A directory in words and as JSON. */
import { equalBytes, toHex } from "../bytes.ts"
import {
  adminsOf,
  type DirectoryDevice,
  type DirectoryState,
  deviceAt,
  isExpired,
  membersOf,
  newestRoleKey,
} from "../directory/index.ts"
import { idText, type Role } from "../ids.ts"
import { table } from "./output.ts"

export type DeviceStatus = "active" | "expired" | "revoked"

export function statusOf(device: DirectoryDevice, nowMs: number): DeviceStatus {
  if (device.revokedAt !== undefined) return "revoked"
  return isExpired(device, nowMs) ? "expired" : "active"
}

/** Staff devices in the order in which they were added. */
export function staffOf(state: DirectoryState): DirectoryDevice[] {
  return [...state.devices.values()]
    .filter(({ kind }) => kind === "staff")
    .sort((a, b) => a.position - b.position)
}

export function staffJson(device: DirectoryDevice, nowMs: number): Record<string, unknown> {
  return {
    device: idText(device.id),
    name: device.name,
    roles: device.roles.map(({ role, keeper }) => ({ role, keeper })),
    status: statusOf(device, nowMs),
    expires: device.expires === 0 ? null : new Date(device.expires).toISOString(),
  }
}

export function staffLines(devices: readonly DirectoryDevice[], nowMs: number): string[] {
  if (devices.length === 0) return ["No staff yet. Add somebody with: wardline staff add --help"]
  return table([
    ["NAME", "ROLES", "STATUS", "LAST DAY", "DEVICE"],
    ...devices.map((device) => [
      device.name,
      device.roles.map(({ role, keeper }) => (keeper ? `${role} (keeper)` : role)).join(", "),
      statusOf(device, nowMs),
      device.expires === 0 ? "never" : dateText(device.expires - 1),
      idText(device.id),
    ]),
  ])
}

export interface RoleView {
  readonly role: Role
  readonly generation: number
  readonly validUntil: number
  /** Names of the staff who hold it now. */
  readonly members: readonly string[]
  readonly topics: readonly string[]
}

export function rolesOfDirectory(state: DirectoryState, nowMs: number): RoleView[] {
  return [...state.roleKeys.keys()].sort().flatMap((role) => {
    const key = newestRoleKey(state, role)
    if (key === undefined) return []
    const members = membersOf(state, role).filter((device) => !isExpired(device, nowMs))
    const topics = state.policy?.topics.filter((topic) => topic.roles.includes(role)) ?? []
    return [
      {
        role,
        generation: key.generation,
        validUntil: key.validUntil,
        members: members.map(({ name }) => name),
        topics: topics.map(({ id }) => id),
      },
    ]
  })
}

export function roleLines(roles: readonly RoleView[]): string[] {
  if (roles.length === 0) return ["No roles yet."]
  return table([
    ["ROLE", "GENERATION", "KEY VALID UNTIL", "TOPICS", "MEMBERS"],
    ...roles.map((view) => [
      view.role,
      String(view.generation),
      dateText(view.validUntil),
      view.topics.join(", ") || "none",
      view.members.join(", ") || "nobody",
    ]),
  ])
}

/** When somebody last vouched for the directory, and until when clients accept that. */
export function freshnessOf(
  state: DirectoryState,
  nowMs: number,
): { readonly attestedMs: number; readonly untilMs: number; readonly isFresh: boolean } | undefined {
  if (state.attested === undefined || state.policy === undefined) return undefined
  const attestedMs = state.attested.issued
  const untilMs = attestedMs + state.policy.freshnessSeconds * 1000
  return { attestedMs, untilMs, isFresh: nowMs <= untilMs }
}

export function directoryJson(state: DirectoryState, nowMs: number): Record<string, unknown> {
  const fresh = freshnessOf(state, nowMs)
  return {
    clinicKey: toHex(state.rootKey),
    clinicId: idText(state.clinicId),
    name: state.policy?.clinicName[0]?.text ?? null,
    position: state.position,
    link: toHex(state.link),
    freshUntil: fresh === undefined ? null : new Date(fresh.untilMs).toISOString(),
    isFresh: fresh?.isFresh ?? false,
    consent:
      state.consentText === undefined
        ? null
        : {
            id: state.consentText.id,
            version: state.consentText.version,
            languages: state.consentText.texts.map(({ language }) => language),
          },
    topics: state.policy?.topics.map(({ id, roles }) => ({ id, roles })) ?? [],
    admins: adminsOf(state).map(({ id, name }) => ({ device: idText(id), name })),
    staff: staffOf(state).map((device) => staffJson(device, nowMs)),
    roles: rolesOfDirectory(state, nowMs),
    recoveries: state.recoveries.map(({ keyName, reason, issuer, issued, position }) => ({
      key: keyName,
      reason,
      by: issuerName(state, issuer),
      at: new Date(issued).toISOString(),
      position,
    })),
  }
}

export function directoryLines(state: DirectoryState, nowMs: number): string[] {
  const { policy, consentText } = state
  return [
    ...table([
      ["Clinic", policy?.clinicName[0]?.text ?? "(no policy yet)"],
      ["Clinic key", toHex(state.rootKey)],
      ["Clinic id", idText(state.clinicId)],
      ["Records", `${state.position}, the newest link is ${toHex(state.link).slice(0, 16)}…`],
      ["Vouched for", freshnessText(state, nowMs)],
      [
        "Consent text",
        consentText === undefined
          ? "none: no patient can write yet"
          : `${consentText.id}, version ${consentText.version} (${consentText.texts.map(({ language }) => language).join(", ")})`,
      ],
      ["Emergency line", policy?.emergency[0]?.text ?? "none"],
      [
        "Administrators",
        adminsOf(state)
          .map(({ name }) => name)
          .join(", ") || "none",
      ],
    ]),
    "",
    ...roleLines(rolesOfDirectory(state, nowMs)),
    "",
    ...staffLines(staffOf(state), nowMs),
    ...recoveryLines(state),
  ]
}

/** Split keys that were put together: nobody should be able to do that unseen. */
function recoveryLines(state: DirectoryState): string[] {
  if (state.recoveries.length === 0) return []
  return [
    "",
    ...table([
      ["RECOVERED", "WHEN", "BY", "WHY"],
      ...state.recoveries.map(({ keyName, reason, issuer, issued }) => [
        keyName,
        timeText(issued),
        issuerName(state, issuer),
        reason,
      ]),
    ]),
  ]
}

function issuerName(state: DirectoryState, issuer: Uint8Array): string {
  return equalBytes(issuer, state.clinicId)
    ? "the root key"
    : (deviceAt(state, issuer)?.name ?? idText(issuer))
}

function freshnessText(state: DirectoryState, nowMs: number): string {
  const fresh = freshnessOf(state, nowMs)
  if (fresh === undefined) return "never: no patient can write yet. Run: wardline directory attest"
  const until = timeText(fresh.untilMs)
  return fresh.isFresh
    ? `${timeText(fresh.attestedMs)}, which counts until ${until}`
    : `too long ago: patients can't write since ${until}. Run: wardline directory attest`
}

/** A day, in UTC so that two people who compare read the same. */
export function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** A minute, in UTC. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`
}
