/** Whatever somebody makes of a file: two verifiers that share no code agree on whether it is whole, and where it isn't. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { cryptoReady, type Device } from "../../src/crypto/index.ts"
import { applyRecords } from "../../src/directory/index.ts"
import { encodeDeviceReference, encodeRecovery } from "../../src/protocol/index.ts"
import {
  adminAdd,
  BILLING,
  consentText,
  DAY_MS,
  device,
  deviceAdd,
  deviceRoles,
  NURSING,
  options,
  policy,
  roleKey,
  rolePublicKey,
  T0,
} from "../directory/clinic.ts"
import { AuditLog, editedEntry, fileOf, textOf } from "../tlog/audit-log.ts"
import { judgeByBoth } from "../tlog/both-verifiers.ts"

const test = suite("a file against two verifiers")
await cryptoReady()

const SIZE = 40
const log = new AuditLog().work(SIZE, 2)
const lines = textOf(log.lines())
const stranger = textOf(new AuditLog(3).work(SIZE, 2).lines())

/** A step of somebody who edits a file without a plan. */
type Step = (changed: string[], random: (below: number) => number) => string[]
const STEPS: readonly Step[] = [
  (changed, random) => changed.toSpliced(random(changed.length), 1),
  (changed, random) => changed.toSpliced(random(changed.length), 0, changed[random(changed.length)] ?? ""),
  (changed, random) => {
    const [a, b] = [random(changed.length), random(changed.length)]
    return changed.with(a, changed[b] ?? "").with(b, changed[a] ?? "")
  },
  (changed, random) => changed.slice(0, random(changed.length)),
  (changed, random) => {
    const i = random(changed.length)
    const line = changed[i] ?? ""
    const cut = random(line.length + 1)
    return changed.with(
      i,
      line.slice(0, cut) + '0fA9="}{,\\é \r'.charAt(random(13)) + line.slice(cut + random(2)),
    )
  },
  (changed, random) => {
    const i = random(changed.length)
    if (changed[i]?.startsWith('{"entry"') !== true) return changed
    try {
      return changed.with(i, editedEntry(changed[i], random(212), 1 + random(255)))
    } catch {
      return changed
    }
  },
  (changed, random) => {
    const i = random(changed.length)
    return changed.with(i, (changed[i] ?? "").replace(/\d+/, String(random(400))))
  },
  (changed, random) => {
    const kind = random(2) === 0 ? "checkpoint" : "witnessed"
    const size = 1 + random(SIZE)
    const note =
      random(3) === 0 ? log.sign(log.bodyAt(size).replace(/[0-9]\n/, "1\n")) : log.noteAt(size, random(3))
    const clinic = JSON.parse(lines[1] as string) as Record<string, unknown>
    return changed.with(1, JSON.stringify({ ...clinic, [kind]: random(5) === 0 ? undefined : note }))
  },
  (changed, random) => changed.with(random(changed.length), stranger[random(stranger.length)] as string),
]

test("the two agree on whatever somebody makes of a file", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(STEPS.length - 1), fc.nat()), { minLength: 1, maxLength: 4 }),
      (steps) => {
        let changed = [...lines]
        for (const [step, seed] of steps) {
          let state = seed
          const random = (below: number): number => {
            state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
            return below === 0 ? 0 : (state >>> 8) % below
          }
          changed = (STEPS[step] as Step)(changed, random)
          if (changed.length < 2) changed = ["", ...changed, ""]
        }
        judgeByBoth([fileOf(changed)])
      },
    ),
    { numRuns: 1500 },
  )
})

/** Signed records of one clinic's directory, each right at some place, many wrong at most. */
function directoryPool(log: AuditLog): Uint8Array[] {
  const { clinic } = log
  const { admin, keeper, nurse, biller, issue, issueAsRoot, grant } = clinic
  const fresh = device(77)
  const nursing = (keeps: boolean) => [{ role: NURSING, keeper: keeps }]
  const since = {
    role: NURSING,
    history: "since",
    sinceMs: T0 + 5,
    rotationDays: 0,
    mayChangeMembers: false,
  } as const
  const later = T0 + 3 * DAY_MS
  return [
    issue(admin, "policy", policy({ roleRules: [since] })),
    issue(admin, "policy", policy({ roleRules: [{ ...since, history: "none", sinceMs: 0 }] })),
    issue(admin, "policy", policy({ freshnessSeconds: 0 })),
    issue(nurse, "policy", policy()),
    issueAsRoot("policy", policy({ logKey: log.logKey.publicKey, witnesses: log.witnesses, quorum: 1 })),
    issue(admin, "consent-text", consentText(2)),
    issue(admin, "consent-text", consentText(3)),
    issue(admin, "consent-text", consentText(1, "other")),
    issueAsRoot("admin-add", adminAdd(device(78))),
    issue(admin, "admin-add", adminAdd(device(79))),
    issueAsRoot("admin-remove", encodeDeviceReference(admin.id)),
    issueAsRoot("admin-remove", encodeDeviceReference(nurse.id)),
    issue(device(78), "device-revoke", encodeDeviceReference(biller.id)),
    issue(admin, "device-revoke", encodeDeviceReference(keeper.id)),
    issue(admin, "device-revoke", encodeDeviceReference(device(78).id)),
    issue(admin, "device-add", deviceAdd(fresh, nursing(true), T0 + DAY_MS)),
    issue(admin, "device-add", deviceAdd(device(80), nursing(false))),
    issue(admin, "device-roles", deviceRoles(nurse, nursing(true))),
    issue(admin, "device-roles", deviceRoles(biller, nursing(false))),
    issue(admin, "device-roles", deviceRoles(admin, nursing(false))),
    issue(keeper, "role-key", roleKey(NURSING, 2), T0 + 10),
    issue(fresh, "role-key", roleKey(NURSING, 2)),
    issue(fresh, "role-key", roleKey(NURSING, 3), later),
    issue(keeper, "role-key", roleKey(NURSING, 2, rolePublicKey(NURSING, 1))),
    issue(keeper, "role-key", roleKey(BILLING, 2)),
    issue(keeper, "role-grant", grant(NURSING, 1, fresh)),
    issue(keeper, "role-grant", grant(NURSING, 2, nurse)),
    issue(admin, "role-grant", grant(NURSING, 1, device(80))),
    issue(admin, "role-grant", grant(BILLING, 1, nurse)),
    issue(admin, "role-grant", grant(BILLING, 1, admin)),
    issueAsRoot("recovery", encodeRecovery({ keyName: "root", reason: "a drill" })),
    issue(keeper, "recovery", encodeRecovery({ keyName: "root", reason: "a drill" })),
  ]
}

test("the two agree on what a directory takes, whoever signs what in whichever order", () => {
  let refused = 0
  let taken = 0
  fc.assert(
    fc.property(fc.array(fc.nat(35), { minLength: 1, maxLength: 7 }), (picks) => {
      const small = new AuditLog(0, null)
      const pool = directoryPool(small)
      let state = small.clinic.state
      for (const pick of picks) {
        // An attest is of the directory as it stands, by somebody who may or may not.
        const attester = [small.clinic.keeper, small.clinic.nurse, small.clinic.admin, device(77)][
          pick % 4
        ] as Device
        const isAttest = pick >= pool.length
        const record = isAttest
          ? small.clinic.issue(attester, "attest", small.clinic.attest(state, attester), T0 + 2 * DAY_MS)
          : (pool[pick] as Uint8Array)
        small.directory(record)
        try {
          state = applyRecords(state, [record], options)
        } catch {
          // The log goes on all the same.
        }
      }
      if (judgeByBoth([fileOf(textOf(small.lines()))]).ok) taken++
      else refused++
    }),
    { numRuns: 400 },
  )
  assert.ok(refused > 50 && taken > 10, `${refused} refused, ${taken} taken`)
})

const ODD_LINES: Readonly<Record<string, string>> = {
  "nested a hundred thousand deep": `{"log":${"[".repeat(100_000)}${"]".repeat(100_000)},"head":"00"}`,
  "never closed": `{"log":${"[".repeat(100_000)}`,
  "with a prototype": '{"__proto__":{"clinic":1},"clinic":"aa"}',
  "with a constructor": '{"constructor":1}',
  "of numbers as names": '{"1":1,"0":0}',
  "with a number in another spelling": '{"log":1e0,"head":"00"}',
  "with minus zero": '{"end":true,"clinics":-0}',
  "with half a surrogate pair": '{"end":"\\ud800","clinics":0}',
  "with a note of half a surrogate pair": JSON.stringify({
    ...(JSON.parse(lines[1] as string) as object),
    checkpoint: "\ud800\n\n— a b\n",
  }),
  empty: "",
  "of nothing": "null",
}
for (const [name, line] of Object.entries(ODD_LINES))
  test(`the two agree on a line ${name}`, () => {
    for (const i of [0, 1, 2, SIZE, SIZE + 2, lines.length - 1]) judgeByBoth([fileOf(lines.with(i, line))])
  })

test("the two agree on a line of more than 4 MiB, whole and in pieces", () => {
  const long = fileOf(lines.with(5, `{"log":${"1".repeat(5 * 1024 * 1024)}`))
  const pieces = Array.from({ length: Math.ceil(long.length / 999_999) }, (_, i) =>
    long.subarray(i * 999_999, (i + 1) * 999_999),
  )
  assert.equal(judgeByBoth([long]).place, judgeByBoth(pieces).place)
})

test("the two agree on bytes that are no text", () => {
  const file = fileOf(textOf(new AuditLog().work(20, 1).lines()))
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.integer({ min: 0, max: 255 }), (offset, byte) => {
      const changed = Buffer.from(file)
      changed[offset] = byte
      judgeByBoth([changed.subarray(0, offset), changed.subarray(offset)])
    }),
    { numRuns: 1500 },
  )
})

test.run()
