/** Roles' keys in life, over a real relay: what administrators' and keepers' clients do, and what they make of races,
 * strangers and mischief. Keepers are what a StaffClient is made of: a device, its directory, its seeds. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Relay, startRelay } from "@wardline/relay"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { AdminClient } from "../../src/client/admin-client.ts"
import { type CreatedClinic, createClinic } from "../../src/client/create-clinic.ts"
import { DirectoryAuthor, extendDirectory } from "../../src/client/directory-author.ts"
import { postDirectory } from "../../src/client/directory-http.ts"
import { DirectoryTracker } from "../../src/client/directory-tracker.ts"
import { enrolDevice } from "../../src/client/enrolment.ts"
import { type ClientContext, readOptions } from "../../src/client/options.ts"
import { mendRoles, tendDirectory } from "../../src/client/role-rotation.ts"
import { RoleSeeds } from "../../src/client/role-seeds.ts"
import { ClinicStorage } from "../../src/client/storage.ts"
import { type Device, deviceFromSeeds, signingKeyPair, signRootRecord } from "../../src/crypto/index.ts"
import { type DirectoryState, grantsFor, newestRoleKey, roleRuleAt } from "../../src/directory/index.ts"
import { asRole, idText, parseId } from "../../src/ids.ts"
import type { Keystore } from "../../src/keystore/keystore.ts"
import { memoryKeystore } from "../../src/keystore/memory.ts"
import {
  encodeAdminAdd,
  encodeDeviceAdd,
  encodeDeviceReference,
  encodePolicy,
  type RecordType,
} from "../../src/protocol/index.ts"
import { EMPTY_POLICY } from "../support/empty-policy.ts"
import { rejects } from "../support/errors.ts"

const test = suite("role keys in life")
const DAY = 24 * 60 * 60 * 1000

interface Keeper {
  readonly device: Device
  readonly deviceId: string
  readonly tracker: DirectoryTracker
  readonly seeds: RoleSeeds
  readonly context: ClientContext
  /** Fetches what is new and does what is due; whether anything was. */
  tend(): Promise<boolean>
  /** The generations of a role that it can open. */
  generations(role: string): number[]
}

interface Live {
  readonly created: CreatedClinic
  readonly admin: AdminClient
  readonly adminDevice: Device
  /** Milliseconds that every clock here is ahead. */
  aheadMs: number
  context(keystore?: Keystore): ClientContext
  keeper(role: string, options?: { keeper?: boolean; expiresMs?: number }): Promise<Keeper>
  /** Adds records as somebody's client would who does nothing else. */
  post(issuer: Device, compose: (author: DirectoryAuthor) => void): Promise<void>
}

let folder: string
let relays: Relay[] = []
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "wardline-roles-"))
})
test.after.each(async () => {
  for (const relay of relays) await relay.close()
  relays = []
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

async function live(policy: Partial<typeof EMPTY_POLICY> = {}): Promise<Live> {
  const created = await createClinic({
    adminName: "Ada",
    policy: { ...EMPTY_POLICY, ...policy },
    consent: { id: "chat", texts: { en: "I agree." } },
  })
  const { clinicKey } = created
  const scene = { aheadMs: 0 }
  const now = (): number => Date.now() + scene.aheadMs
  const data = mkdtempSync(join(folder, "relay-"))
  const relay = await startRelay({ data, clinicKeys: [clinicKey], port: 0, webRoot: data, now })
  relays.push(relay)
  const options = (keystore: Keystore) => ({ relay: relay.url, clinicKey, keystore, now })
  const context = (keystore: Keystore = memoryKeystore()): ClientContext => readOptions(options(keystore))
  await AdminClient.publish(options(memoryKeystore()), created.records)
  const keystore = memoryKeystore()
  await enrolDevice(keystore, clinicKey, created.admin)
  const admin = await AdminClient.connect(options(keystore))
  const keeperOf = async (device: Device, deviceId: string): Promise<Keeper> => {
    const own = context()
    const tracker = await DirectoryTracker.load(own, new ClinicStorage(own.keystore, own.clinicId), {
      device: device.id,
    })
    const seeds = new RoleSeeds(device)
    await tracker.refresh()
    return {
      device,
      deviceId,
      tracker,
      seeds,
      context: own,
      tend: async () => {
        await tracker.refresh()
        return await tendDirectory(own, tracker, device, seeds)
      },
      generations: (role) => {
        seeds.update(tracker.state)
        return seeds.generationsOf(role).map(({ generation }) => generation)
      },
    }
  }
  return Object.assign(scene, {
    created,
    admin,
    adminDevice: deviceFromSeeds(created.admin.signingSeed, created.admin.wrappingSeed),
    context,
    keeper: async (
      role: string,
      { keeper = true, ...more }: { keeper?: boolean; expiresMs?: number } = {},
    ) => {
      const added = await admin.addStaff({ name: `A ${role}`, roles: [{ role, keeper }], ...more })
      assert.ok(added.seeds)
      const device = deviceFromSeeds(added.seeds.signingSeed, added.seeds.wrappingSeed)
      return await keeperOf(device, added.deviceId)
    },
    post: async (issuer: Device, compose: (author: DirectoryAuthor) => void) => {
      const own = context()
      const tracker = await DirectoryTracker.load(own, new ClinicStorage(own.keystore, own.clinicId))
      await tracker.refresh()
      const author = new DirectoryAuthor(issuer, tracker.state, own.now())
      compose(author)
      await postDirectory(own, author.records)
    },
  })
}

const generationOf = (state: DirectoryState, role = "nursing"): number =>
  newestRoleKey(state, role)?.generation ?? 0

/** Who was granted a generation, in hexadecimal. */
function receivers(state: DirectoryState, role: string, generation: number): string[] {
  return [...state.devices.values()]
    .filter(({ id }) => grantsFor(state, id).some((g) => g.role === role && g.generation === generation))
    .map(({ id }) => Buffer.from(id).toString("hex"))
    .sort()
}

for (const { history, reads } of [
  { history: "all" as const, reads: [1, 2] },
  { history: "none" as const, reads: [3] },
]) {
  test(`a newcomer under the history rule "${history}" gets the keys ${reads.join(", ")}`, async () => {
    const clinic = await live({
      roleRules: { nursing: { history, rotationDays: 90, mayChangeMembers: true } },
    })
    await clinic.admin.rotateRole("nursing")
    const nurse = await clinic.keeper("nursing")
    assert.equal(nurse.generations("nursing"), reads)
    assert.is(generationOf(nurse.tracker.state), reads.at(-1))
  })
}

test('a newcomer under "since" gets the key in use on that day and those after it', async () => {
  const clinic = await live()
  await clinic.admin.rotateRole("nursing")
  clinic.aheadMs = 3 * DAY
  await clinic.admin.rotateRole("nursing")
  const rule = { history: "since", rotationDays: 90, mayChangeMembers: true } as const
  await clinic.admin.setPolicy({ roleRules: { nursing: { ...rule, sinceMs: Date.now() + DAY } } })
  const nurse = await clinic.keeper("nursing")
  assert.equal(nurse.generations("nursing"), [2, 3])
})

test("when a stricter rule is lifted, naming the device's roles again gives it what it may read now", async () => {
  const rule = { rotationDays: 90, mayChangeMembers: true }
  const clinic = await live({ roleRules: { nursing: { ...rule, history: "none" } } })
  const nurse = await clinic.keeper("nursing")
  assert.equal(nurse.generations("nursing"), [2])
  await clinic.admin.setPolicy({ roleRules: { nursing: { ...rule, history: "all" } } })
  await clinic.admin.setRoles(nurse.deviceId, [{ role: "nursing", keeper: true }])
  await nurse.tracker.refresh()
  assert.equal(
    nurse.generations("nursing").sort((a, b) => a - b),
    [1, 2],
  )
})

test("a rotation's key goes to every live member and administrator, and to nobody else", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing")
  const colleague = await clinic.keeper("nursing", { keeper: false })
  await clinic.keeper("billing")
  const temp = await clinic.keeper("nursing", { keeper: false, expiresMs: Date.now() + DAY })
  clinic.aheadMs = 2 * DAY
  assert.ok(await nurse.tend(), "somebody has expired who holds the key")
  assert.is(generationOf(nurse.tracker.state), 2)
  const everybody = [clinic.admin.deviceId, nurse.deviceId, colleague.deviceId].sort()
  assert.equal(receivers(nurse.tracker.state, "nursing", 2), everybody)
  assert.equal(nurse.generations("nursing"), [1, 2])
  await temp.tracker.refresh()
  assert.equal(temp.generations("nursing"), [1], "whoever has expired opens nothing new")
  assert.not.ok(await nurse.tend(), "it is done")
})

test("on schedule: a keeper's client renews what is old enough, and vouches for it", async () => {
  const clinic = await live({
    roleRules: { nursing: { history: "all", rotationDays: 2, mayChangeMembers: true } },
  })
  const nurse = await clinic.keeper("nursing")
  assert.not.ok(await nurse.tend())
  clinic.aheadMs = 2 * DAY
  assert.ok(await nurse.tend())
  const { state } = nurse.tracker
  assert.is(generationOf(state), 2)
  assert.is(state.attested?.position, state.position)
  assert.is(generationOf(state, "billing"), 1, "only the roles that it keeps")
  const key = newestRoleKey(state, "nursing")
  assert.is((key?.validUntil ?? 0) - (key?.validFrom ?? 0), 2 * DAY)
})

test("a revocation by an administrator renews every role of the device, in one step", async () => {
  const clinic = await live()
  const added = await clinic.admin.addStaff({
    name: "Both",
    roles: [{ role: "nursing" }, { role: "billing" }],
  })
  const before = clinic.admin.directory.position
  await clinic.admin.revokeDevice(added.deviceId)
  const { directory } = clinic.admin
  const revokedAt = directory.devices.get(added.deviceId)?.revokedAt
  assert.is(revokedAt, before + 1)
  for (const role of ["nursing", "billing"]) {
    const key = newestRoleKey(directory, role)
    assert.is(key?.generation, 2)
    assert.ok((key?.position ?? 0) > before && (key?.position ?? 0) < directory.position)
    assert.not(receivers(directory, role, 2).includes(added.deviceId))
  }
  assert.is(directory.attested?.position, directory.position)
})

test("a revocation without rotation is mended by the next keeper's client, and by an administrator's", async () => {
  for (const mender of ["keeper", "admin"] as const) {
    const clinic = await live()
    const nurse = await clinic.keeper("nursing")
    const leaver = await clinic.keeper("nursing")
    await clinic.post(clinic.adminDevice, (author) =>
      author.add("device-revoke", encodeDeviceReference(leaver.device.id)),
    )
    if (mender === "keeper") assert.ok(await nurse.tend())
    else {
      await clinic.admin.refresh()
      await clinic.admin.attest()
    }
    await nurse.tracker.refresh()
    assert.is(generationOf(nurse.tracker.state), 2, mender)
    assert.not(receivers(nurse.tracker.state, "nursing", 2).includes(leaver.deviceId))
    await leaver.tracker.refresh()
    assert.equal(leaver.generations("nursing"), [1], "what it could read it still can, and nothing more")
  }
})

test("a device that loses a role: the role is renewed in the same step, what it gains it can open", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing")
  await clinic.admin.setRoles(nurse.deviceId, [{ role: "billing" }])
  await nurse.tracker.refresh()
  assert.is(generationOf(nurse.tracker.state), 2)
  assert.is(generationOf(nurse.tracker.state, "billing"), 1)
  assert.equal(nurse.generations("nursing"), [1])
  assert.equal(nurse.generations("billing"), [1])
  await rejects(clinic.admin.setRoles("00".repeat(16), [{ role: "billing" }]), "ERR_NOT_FOUND")
  await rejects(clinic.admin.setRoles(nurse.deviceId, []), "ERR_MALFORMED")
})

for (const { out, put, renewed } of [
  { out: "revoked", put: ({ admin }: Live, id: string) => admin.revokeDevice(id), renewed: [2, 2] },
  {
    out: "out of a role",
    put: ({ admin }: Live, id: string) => admin.setRoles(id, [{ role: "billing" }]),
    renewed: [1, 2],
  },
  {
    out: "removed",
    put: ({ admin, created }: Live, deviceId: string) =>
      admin.removeAdmin({ rootSeed: created.rootSeed, deviceId }),
    renewed: [2, 2],
  },
]) {
  test(`who is ${out} may know a key though no record says so: it is renewed all the same`, async () => {
    const clinic = await live()
    const stranger = deviceFromSeeds(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2))
    const keys = keysOf(stranger)
    const roles = ["nursing", "billing"].map((role) => ({ role: asRole(role), keeper: false }))
    const root = signingKeyPair(clinic.created.rootSeed)
    await clinic.post(clinic.adminDevice, (author) => {
      if (out !== "removed") {
        author.add("device-add", encodeDeviceAdd({ keys, name: "Kim", roles, expires: 0 }))
        return
      }
      const body = encodeAdminAdd({ keys, name: "Kim" })
      author.take(signRootRecord(root, { type: "admin-add", issued: author.nowMs }, body))
    })
    await clinic.admin.refresh()
    await put(clinic, idText(stranger.id))
    const generations = ["billing", "nursing"].map((role) => generationOf(clinic.admin.directory, role))
    assert.equal(generations, renewed)
  })
}

test("two keepers at once make one rotation between them", async () => {
  const clinic = await live()
  const keepers = [await clinic.keeper("nursing"), await clinic.keeper("nursing")] as const
  const leaver = await clinic.keeper("nursing", { keeper: false })
  await clinic.post(clinic.adminDevice, (author) =>
    author.add("device-revoke", encodeDeviceReference(leaver.device.id)),
  )
  for (const { tracker } of keepers) await tracker.refresh()
  const both = keepers.map(({ context, tracker, device, seeds }) =>
    tendDirectory(context, tracker, device, seeds),
  )
  await Promise.all(both)
  for (const keeper of keepers) {
    await keeper.tracker.refresh()
    assert.is(generationOf(keeper.tracker.state), 2)
    assert.equal(keeper.generations("nursing"), [1, 2])
    assert.not.ok(await keeper.tend())
  }
})

test("all or nothing: a rotation that is refused in part leaves no key that nobody has", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing")
  const outsider = await clinic.keeper("billing")
  await nurse.tracker.refresh()
  const author = new DirectoryAuthor(nurse.device, nurse.tracker.state, Date.now())
  const key = author.addRoleKey("nursing")
  author.grant(key, { id: nurse.device.id, keys: keysOf(nurse.device) })
  assert.throws(() => author.grant(key, { id: outsider.device.id, keys: keysOf(outsider.device) }))
  // A keeper whose client doesn't mind is refused by the relay, and by everybody who reads the directory.
  const careless = new DirectoryAuthor(nurse.device, nurse.tracker.state, Date.now())
  careless.addRoleKey("nursing")
  const colleague = new DirectoryAuthor(outsider.device, nurse.tracker.state, Date.now())
  colleague.addRoleKey("billing")
  const mixed = [
    ...careless.records,
    ...colleague.records.map((record) => record.with(-64, (record.at(-64) ?? 0) ^ 1)),
  ]
  await rejects(postDirectory(nurse.context, mixed), "ERR_SIGNATURE")
  await nurse.tracker.refresh()
  assert.is(generationOf(nurse.tracker.state), 1)
})

test("a keeper that hands its new key to nobody: the next keeper makes one that everybody has", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing")
  const selfish = await clinic.keeper("nursing")
  await clinic.post(selfish.device, (author) => void author.addRoleKey("nursing"))
  assert.ok(await nurse.tend())
  assert.is(generationOf(nurse.tracker.state), 3)
  assert.equal(nurse.generations("nursing"), [1, 3])
})

test("a member whom nobody gave the key gets it from a keeper", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing")
  const forgotten = await clinic.keeper("billing", { keeper: false })
  await clinic.post(clinic.adminDevice, (author) =>
    author.add(
      "device-roles",
      Buffer.concat([forgotten.device.id, Buffer.from([1, 0, 7]), Buffer.from("nursing"), Buffer.from([0])]),
    ),
  )
  await nurse.tend()
  await forgotten.tracker.refresh()
  assert.equal(forgotten.generations("nursing"), [1])
  assert.is(generationOf(nurse.tracker.state), 1, "that is no reason to rotate")
})

test("an administrator whom the root key made alone gets every key from the roles' keepers", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing")
  await clinic.admin.rotateRole("nursing")
  const grace = deviceFromSeeds(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2))
  const body = encodeAdminAdd({ keys: keysOf(grace), name: "Grace" })
  const root = signingKeyPair(clinic.created.rootSeed)
  await postDirectory(clinic.context(), [
    signRootRecord(root, { type: "admin-add", issued: Date.now() }, body),
  ])
  assert.ok(await nurse.tend())
  const { state } = nurse.tracker
  assert.is(generationOf(state), 2, "that is no reason to rotate")
  for (const generation of [1, 2])
    assert.ok(receivers(state, "nursing", generation).includes(idText(grace.id)), `${generation}`)
  assert.not(receivers(state, "billing", 1).includes(idText(grace.id)))
})

test("a clock that is a day ahead makes two keepers take turns at most once", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing")
  const fast = await clinic.keeper("nursing")
  const temp = await clinic.keeper("nursing", { keeper: false, expiresMs: Date.now() + DAY / 2 })
  await fast.tracker.refresh()
  const ahead = { ...fast.context, now: () => Date.now() + DAY }
  assert.ok(
    await tendDirectory(ahead, fast.tracker, fast.device, fast.seeds),
    "by its clock somebody expired",
  )
  for (let i = 0; i < 3; i++) {
    assert.not.ok(await nurse.tend())
    await fast.tracker.refresh()
    assert.not.ok(await tendDirectory(ahead, fast.tracker, fast.device, fast.seeds))
  }
  assert.is(generationOf(nurse.tracker.state), 2)
  await temp.tracker.refresh()
  assert.equal(temp.generations("nursing"), [1])
})

test("who keeps nothing does nothing", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing", { keeper: false })
  const leaver = await clinic.keeper("nursing", { keeper: false })
  await clinic.post(clinic.adminDevice, (author) =>
    author.add("device-revoke", encodeDeviceReference(leaver.device.id)),
  )
  assert.not.ok(await nurse.tend())
  assert.is(generationOf(nurse.tracker.state), 1)
})

test("a keeper vouches again after eight records by others, not before", async () => {
  const clinic = await live()
  const nurse = await clinic.keeper("nursing")
  const policy = clinic.admin.directory.policy
  assert.ok(policy)
  const add = (count: number): Promise<void> =>
    clinic.post(clinic.adminDevice, (author) => {
      for (let i = 0; i < count; i++)
        author.add("policy", encodePolicy({ ...policy, retentionDays: 100 + i }))
    })
  await add(8)
  assert.not.ok(await nurse.tend())
  await add(1)
  assert.ok(await nurse.tend())
  const { state } = nurse.tracker
  assert.is(state.attested?.position, state.position)
})

test("an administrator who was removed knows no key any more", async () => {
  const clinic = await live()
  const { rootSeed } = clinic.created
  const added = await clinic.admin.addAdmin({ rootSeed, name: "Grace" })
  await clinic.admin.removeAdmin({ rootSeed, deviceId: added.deviceId })
  for (const role of clinic.admin.directory.roleKeys.keys()) {
    assert.is(generationOf(clinic.admin.directory, role), 2)
    assert.equal(receivers(clinic.admin.directory, role, 2), [clinic.admin.deviceId])
  }
  await rejects(clinic.admin.removeAdmin({ rootSeed, deviceId: clinic.admin.deviceId }), "ERR_FORBIDDEN")
})

test("a removal of an administrator without rotation is mended by keepers, each for its role", async () => {
  const clinic = await live()
  const { rootSeed } = clinic.created
  const nurse = await clinic.keeper("nursing")
  const added = await clinic.admin.addAdmin({ rootSeed, name: "Grace" })
  const body = encodeDeviceReference(parseId(added.deviceId))
  const header = { type: "admin-remove", issued: Date.now() } as const satisfies {
    type: RecordType
    issued: number
  }
  await postDirectory(clinic.context(), [signRootRecord(signingKeyPair(rootSeed), header, body)])
  assert.ok(await nurse.tend())
  assert.is(generationOf(nurse.tracker.state), 2)
  assert.is(generationOf(nurse.tracker.state, "billing"), 1)
})

test("roles that are new get the default rule; what a policy says of others stays", async () => {
  const rule = { history: "none", rotationDays: 7, mayChangeMembers: false } as const
  const clinic = await live({ roleRules: { nursing: rule } })
  const { admin } = clinic
  assert.equal(admin.policy.roleRules.nursing, rule)
  assert.is(admin.policy.roleRules.billing?.rotationDays, 90)
  await admin.addRole("triage")
  await admin.setPolicy({ archiveRole: "vault" })
  assert.is(roleRuleAt(admin.directory, "triage").rotationDays, 90)
  assert.is(generationOf(admin.directory, "vault"), 1)
  await admin.setPolicy(({ archiveRole: _, ...policy }) => policy)
  assert.is(admin.policy.archiveRole, undefined)
  assert.equal(admin.policy.roleRules.nursing, rule)
})

test("what an administrator's client mends by the way is in the same step as the change", async () => {
  const clinic = await live()
  const leaver = await clinic.keeper("nursing")
  await clinic.post(clinic.adminDevice, (author) =>
    author.add("device-revoke", encodeDeviceReference(leaver.device.id)),
  )
  await clinic.admin.refresh()
  const author = new DirectoryAuthor(clinic.adminDevice, clinic.admin.directory, Date.now())
  const seeds = new RoleSeeds(clinic.adminDevice)
  seeds.update(author.state)
  mendRoles(author, seeds, clinic.adminDevice)
  assert.is(author.records.length, 2, "a key, and its one receiver")
  const tracker = await DirectoryTracker.load(
    clinic.context(),
    new ClinicStorage(memoryKeystore(), clinic.context().clinicId),
  )
  await tracker.refresh()
  await extendDirectory(clinic.context(), tracker, clinic.adminDevice, () => {})
  assert.is(tracker.state.position, clinic.admin.directory.position, "nothing to do is nothing sent")
})

function keysOf(device: Device): { signing: Uint8Array; wrapping: Uint8Array } {
  return { signing: device.signing.publicKey, wrapping: device.wrapping.publicKey }
}

test.run()
