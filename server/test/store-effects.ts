/** What every store must do beside keeping records: what they change. Part of the suite in store-conformance.ts. */
import { randomBytes } from "node:crypto"
import { asRole, attachSignature, encodeUnsigned, recordPart } from "@wardline/sdk/protocol"
import type { Test } from "uvu"
import * as assert from "uvu/assert"
import type {
  ChangeEffects,
  ClinicRef,
  NewRecord,
  PatientChange,
  ScopeRef,
  Store,
} from "../src/store/store.ts"
import { codeOf, EMPTY, newChange, newRecord, plain, type WithStore } from "./store-conformance.ts"

export function testEffects(test: Test, withStore: WithStore): void {
  /** An epoch record with its wraps: only the layout counts. */
  const wrapped = (scope: ScopeRef, position: number): NewRecord => {
    const unsigned = encodeUnsigned(
      { type: "epoch", scope: scope.id, issuer: randomBytes(16), issued: 1 },
      randomBytes(80),
    )
    const bytes = Buffer.concat([attachSignature(unsigned, randomBytes(64)), randomBytes(500)])
    return { ...newRecord(scope, position, true), bytes }
  }

  const effects = (changes: Partial<ChangeEffects>): ChangeEffects => ({
    patients: [],
    dropped: [],
    isUnused: false,
    uses: [],
    ...changes,
  })

  test("what is dropped leaves the record, its link and its hash; a failed batch drops nothing", async () => {
    await withStore(async (store, clinic, harness) => {
      const scope = store.newConversation(clinic, randomBytes(16))
      const records = [newRecord(scope, 1), wrapped(scope, 2), wrapped(scope, 3), newRecord(scope, 4)]
      const directory = { ...wrapped(clinic, 1) }
      const changes = [newChange(scope, { position: 4 })]
      await store.commit({ ...EMPTY, newConversations: [scope], records: [...records, directory], changes })
      const change = newChange(scope, {
        position: 4,
        previousMs: 1000,
        effects: effects({ dropped: [2, 4] }),
      })
      const failing = { ...EMPTY, changes: [change], records: [newRecord(scope, 1)] }
      assert.is(await codeOf(() => store.commit(failing)), "ERR_STORE")
      const read = async (from: Store, ref: ScopeRef): Promise<string[]> =>
        (await from.read(ref, 0, 10, 1e9)).map(({ bytes }) => plain(bytes))
      assert.equal(
        await read(store, scope),
        records.map(({ bytes }) => plain(bytes)),
      )
      await store.commit({ ...EMPTY, changes: [change], drops: [{ clinic, positions: [1] }] })
      const left = records.map(({ bytes, position }) => plain(position === 2 ? recordPart(bytes) : bytes))
      await store.close()
      const again = await harness.open()
      const loaded = await again.loadConversation(scope.id)
      assert.equal(await read(again, loaded?.ref as ScopeRef), left)
      const known = (await again.clinics())[0] as ClinicRef
      assert.equal(await read(again, known), [plain(recordPart(directory.bytes))])
      assert.is(await again.scrub(), true)
      await again.close()
    })
  })

  test("a patient's device has the conversations that it came to, until it went or its time was over", async () => {
    await withStore(async (store, clinic) => {
      const other = await store.openClinic(randomBytes(16), randomBytes(32))
      const device = randomBytes(16)
      const scopes: ScopeRef[] = []
      const begin = async (
        of: ClinicRef,
        patient: Partial<PatientChange>,
        updatedMs: number,
        count = 2,
      ): Promise<void> => {
        const scope = store.newConversation(of, randomBytes(16))
        scopes.push(scope)
        const patients = [{ device, untilMs: 0, isRemoved: false, ...patient }]
        const change = newChange(scope, { position: count, updatedMs, effects: effects({ patients }) })
        const records = [1, 2].slice(0, count).map((position) => newRecord(scope, position))
        await store.commit({ ...EMPTY, newConversations: [scope], records, changes: [change] })
      }
      await begin(clinic, {}, 1000)
      await begin(clinic, { untilMs: 5000 }, 2000)
      await begin(other, {}, 3000)
      await begin(clinic, { device: randomBytes(16) }, 4000)
      await begin(clinic, {}, 5000)
      // Not opened yet.
      await begin(clinic, {}, 6000, 1)
      const listed = async (nowMs: number, beforeMs = 0, limit = 10): Promise<number[]> =>
        (await store.listOf(clinic, { device, beforeMs, nowMs, limit })).map(({ id }) =>
          scopes.findIndex((scope) => plain(scope.id) === plain(id)),
        )
      assert.equal(await listed(4999), [4, 1, 0])
      assert.equal(await listed(5000), [4, 0])
      assert.equal(await listed(4999, 2001), [1, 0])
      assert.equal(await listed(4999, 0, 2), [4, 1])
      const removed = effects({ patients: [{ device, untilMs: 0, isRemoved: true }] })
      const last = scopes[4] as ScopeRef
      await store.commit({
        ...EMPTY,
        changes: [newChange(last, { position: 2, updatedMs: 7000, previousMs: 5000, effects: removed })],
      })
      assert.equal(await listed(4999), [1, 0])
    })
  })

  test("uses of role keys: the oldest that is left, each clinic's its own", async () => {
    await withStore(async (store, clinic) => {
      const other = await store.openClinic(randomBytes(16), randomBytes(32))
      const nursing = asRole("nursing")
      const scopes = [0, 1].map(() => store.newConversation(clinic, randomBytes(16)))
      const use = async (at: number, changes: Partial<ChangeEffects>): Promise<number> => {
        const scope = scopes[at] as ScopeRef
        await store.commit({
          ...EMPTY,
          changes: [newChange(scope, { roles: [], previousRoles: [], effects: effects(changes) })],
        })
        return store.oldestUse(clinic, "nursing")
      }
      await store.commit({ ...EMPTY, newConversations: scopes })
      assert.is(await store.oldestUse(clinic, "nursing"), 0)
      assert.is(await use(0, { uses: [{ role: nursing, generation: 2 }] }), 2)
      assert.is(
        await use(1, {
          uses: [
            { role: nursing, generation: 4 },
            { role: asRole("billing"), generation: 1 },
          ],
        }),
        2,
      )
      assert.is(
        await use(0, {
          uses: [
            { role: nursing, generation: 2 },
            { role: nursing, generation: 5 },
          ],
        }),
        2,
      )
      assert.is(await store.oldestUse(other, "nursing"), 0)
      assert.is(await use(0, { isUnused: true, uses: [{ role: nursing, generation: 6 }] }), 4)
      assert.is(await use(1, { isUnused: true }), 6)
      assert.is(await use(0, { isUnused: true }), 0)
    })
  })

  test("a conversation leaves the lists of roles that it was taken from", async () => {
    await withStore(async (store, clinic) => {
      const scope = store.newConversation(clinic, randomBytes(16))
      const records = [newRecord(scope, 1), newRecord(scope, 2)]
      const first = newChange(scope, { position: 2, roles: ["billing", "nursing"], previousRoles: [] })
      await store.commit({ ...EMPTY, newConversations: [scope], records, changes: [first] })
      const second = newChange(scope, {
        position: 2,
        updatedMs: 2000,
        previousMs: 1000,
        roles: ["nursing", "records"],
        previousRoles: ["billing", "nursing"],
      })
      await store.commit({ ...EMPTY, changes: [second] })
      for (const [role, count] of [
        ["nursing", 1],
        ["records", 1],
        ["billing", 0],
      ] as const)
        assert.is(
          (await store.list(clinic, { roles: [role], beforeMs: 0, sinceMs: 0, limit: 9 })).length,
          count,
          role,
        )
    })
  })

  test("destructions are unfinished until they are said to be finished", async () => {
    await withStore(async (store, clinic, harness) => {
      const scope = store.newConversation(clinic, randomBytes(16))
      await store.commit({ ...EMPTY, newConversations: [scope], records: [newRecord(scope, 1)] })
      assert.is(await store.hasConversation(scope.id), true)
      assert.is(await store.hasConversation(clinic.id), false)
      assert.is(await store.hasConversation(randomBytes(16)), false)
      assert.equal(await store.unfinishedShreds(), [])
      await store.commit({ ...EMPTY, shreds: [scope] })
      await store.close()
      const again = await harness.open()
      const unfinished = await again.unfinishedShreds()
      assert.equal(
        unfinished.map(({ id }) => plain(id)),
        [plain(scope.id)],
      )
      await again.finishShred(unfinished[0] as ScopeRef)
      assert.equal(await again.unfinishedShreds(), [])
      await again.close()
    })
  })
}
