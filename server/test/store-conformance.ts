/** What every store must do: one suite, run on each backend. */
import { randomBytes } from "node:crypto"
import { isWardlineError, startLink } from "@wardline/sdk/protocol"
import { EMPTY_AUDIT, ENTRY_BYTES, encodeEntry, entryHash } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { sha256 } from "../src/hashing.ts"
import type {
  Batch,
  BrokenGlass,
  ClinicRef,
  ConversationChange,
  GlassChange,
  NewRecord,
  ScopeRef,
  Store,
} from "../src/store/store.ts"
import { testAudit } from "./store-audit.ts"
import { testEffects } from "./store-effects.ts"

/** Opens the same store again and again. */
export interface StoreHarness {
  open(): Promise<Store>
  /** Removes everything. */
  remove(): Promise<void>
}

export const EMPTY: Batch = {
  newConversations: [],
  records: [],
  changes: [],
  noted: [],
  audit: [],
  shreds: [],
  drops: [],
  glass: [],
}

export function newRecord(scope: ScopeRef, position: number, isControl = false): NewRecord {
  return {
    scope,
    position,
    auditSequence: 1000 + position,
    timeMs: 1_790_000_000_000 + position,
    link: randomBytes(32),
    bytes: randomBytes(100 + position),
    isControl,
  }
}

export function newChange(scope: ScopeRef, changes: Partial<ConversationChange> = {}): ConversationChange {
  return {
    scope,
    position: 1,
    entry: 1,
    updatedMs: 1000,
    previousMs: 0,
    isClosed: false,
    lastBy: "patient",
    roles: ["nursing"],
    previousRoles: ["nursing"],
    senders: new Uint8Array(0),
    effects: undefined,
    ...changes,
  }
}

/** `count` entries that continue each other, from `first`. */
export function newEntries(first: number, count: number, previous = EMPTY_AUDIT.leafHash): Uint8Array {
  const entries = new Uint8Array(count * ENTRY_BYTES)
  let last = previous
  for (let i = 0; i < count; i++) {
    const bytes = encodeEntry({
      action: "login",
      outcome: "success",
      purpose: 0,
      sequence: first + i,
      time: 1,
      actor: randomBytes(16),
      actorRole: "",
      scope: randomBytes(16),
      position: 0,
      recordHash: new Uint8Array(32),
      link: new Uint8Array(32),
      salt: randomBytes(16),
      before: 0,
      previous: last,
    })
    entries.set(bytes, i * ENTRY_BYTES)
    last = entryHash(sha256, bytes)
  }
  return entries
}

export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return "done"
  } catch (error) {
    return isWardlineError(error) ? error.code : String(error)
  }
}

export const plain = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex")

/** Gives a new store with a clinic to `work`, and removes it. */
export type WithStore = (
  work: (store: Store, clinic: ClinicRef, harness: StoreHarness) => Promise<void>,
) => Promise<void>

/** Runs the suite on one backend. */
export function testStore(name: string, makeHarness: () => StoreHarness): void {
  const test = suite(`store: ${name}`)

  const withStore: WithStore = async (work) => {
    const harness = makeHarness()
    const store = await harness.open()
    try {
      await work(store, await store.openClinic(randomBytes(16), randomBytes(32)), harness)
    } finally {
      await store.close()
      await harness.remove()
    }
  }

  test("the relay's id is made once", async () => {
    const harness = makeHarness()
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      const store = await harness.open()
      ids.push(plain(store.relayId))
      await store.close()
    }
    await harness.remove()
    assert.is(ids[0]?.length, 32)
    assert.is(ids[0], ids[1])
  })

  test("clinics are registered once and stay", async () => {
    await withStore(async (store, clinic, harness) => {
      const again = await store.openClinic(clinic.id, clinic.rootKey)
      assert.is(plain(again.id), plain(clinic.id))
      await store.openClinic(randomBytes(16), randomBytes(32))
      assert.is((await store.clinics()).length, 2)
      await store.close()
      const reopened = await harness.open()
      const known = await reopened.clinics()
      assert.is(plain(known[0]?.rootKey), plain(clinic.rootKey))
      assert.is(known.length, 2)
      await reopened.close()
    })
  })

  test("records come back in order, in pages, from any cursor, after reopening too", async () => {
    await withStore(async (store, clinic, harness) => {
      const scope = store.newConversation(clinic, randomBytes(16))
      const records = Array.from({ length: 10 }, (_, i) => newRecord(scope, i + 1))
      await store.commit({ ...EMPTY, newConversations: [scope], records: records.slice(0, 4) })
      await store.commit({ ...EMPTY, records: records.slice(4) })
      const check = async (from: Store, ref: ScopeRef): Promise<void> => {
        const all = await from.read(ref, 0, 100, 1e9)
        assert.equal(
          all.map(({ position, auditSequence, timeMs, link, bytes }) => [
            position,
            auditSequence,
            timeMs,
            plain(link),
            plain(bytes),
          ]),
          records.map(({ position, auditSequence, timeMs, link, bytes }) => [
            position,
            auditSequence,
            timeMs,
            plain(link),
            plain(bytes),
          ]),
        )
        assert.equal(
          (await from.read(ref, 3, 2, 1e9)).map(({ position }) => position),
          [4, 5],
        )
        assert.equal((await from.read(ref, 10, 100, 1e9)).length, 0)
        assert.equal((await from.read(ref, 99, 100, 1e9)).length, 0)
        // The first comes whatever its size; then as many as fit.
        assert.equal(
          (await from.read(ref, 0, 100, 1)).map(({ position }) => position),
          [1],
        )
        assert.equal(
          (await from.read(ref, 0, 100, 205)).map(({ position }) => position),
          [1, 2],
        )
      }
      await check(store, scope)
      await store.commit({ ...EMPTY, changes: [newChange(scope, { position: 10 })] })
      await store.close()
      const reopened = await harness.open()
      const loaded = await reopened.loadConversation(scope.id)
      assert.ok(loaded)
      if (loaded) await check(reopened, loaded.ref)
      await reopened.close()
    })
  })

  test("a conversation loads with its head, its control records and its senders", async () => {
    await withStore(async (store, clinic) => {
      const scope = store.newConversation(clinic, randomBytes(16))
      const records = [1, 2, 3, 4, 5, 6].map((position) => newRecord(scope, position, position % 2 === 1))
      const senders = randomBytes(40)
      const change = newChange(scope, { position: 6, updatedMs: 77, senders })
      await store.commit({ ...EMPTY, newConversations: [scope], records, changes: [change] })
      const loaded = await store.loadConversation(scope.id)
      assert.is(plain(loaded?.clinic), plain(clinic.id))
      assert.is(loaded?.position, 6)
      assert.is(plain(loaded?.link), plain(records[5]?.link))
      assert.is(loaded?.updatedMs, 77)
      assert.is(plain(loaded?.senders), plain(senders))
      assert.equal(
        loaded?.control.map(({ position }) => position),
        [1, 3, 5],
      )
      assert.is(plain(loaded?.control[1]?.bytes), plain(records[2]?.bytes))
    })
  })

  test("an unknown id loads nothing, nor does a directory's; neither can become a conversation", async () => {
    await withStore(async (store, clinic) => {
      assert.is(await store.loadConversation(randomBytes(16)), undefined)
      await store.commit({ ...EMPTY, records: [newRecord(clinic, 1)] })
      assert.is(await store.loadConversation(clinic.id), undefined)
      assert.is(await codeOf(() => store.newConversation(clinic, clinic.id)), "ERR_NOT_FOUND")
      assert.equal(
        (await store.read(clinic, 0, 10, 1e9)).map(({ position }) => position),
        [1],
      )
    })
  })

  test("conversations don't see each other's records", async () => {
    await withStore(async (store, clinic) => {
      const scopes = [0, 1, 2].map(() => store.newConversation(clinic, randomBytes(16)))
      const records = scopes.flatMap((scope) => [1, 2, 3].map((position) => newRecord(scope, position)))
      await store.commit({ ...EMPTY, newConversations: scopes, records })
      for (const [i, scope] of scopes.entries()) {
        const read = await store.read(scope, 0, 100, 1e9)
        assert.equal(
          read.map(({ bytes }) => plain(bytes)),
          records.slice(3 * i, 3 * i + 3).map(({ bytes }) => plain(bytes)),
        )
      }
    })
  })

  test("a batch is stored whole or not at all", async () => {
    await withStore(async (store, clinic) => {
      const scope = store.newConversation(clinic, randomBytes(16))
      await store.commit({
        ...EMPTY,
        newConversations: [scope],
        records: [newRecord(scope, 1)],
        changes: [newChange(scope)],
      })
      const twice = [newRecord(scope, 2), newRecord(scope, 1)]
      const entries = newEntries(1, 3)
      const code = await codeOf(() =>
        store.commit({
          ...EMPTY,
          records: twice,
          changes: [newChange(scope, { position: 2, updatedMs: 5000, previousMs: 1000 })],
          audit: [{ clinic, first: 1, entries, tiles: [] }],
        }),
      )
      assert.is(code, "ERR_STORE")
      assert.is((await store.read(scope, 0, 10, 1e9)).length, 1)
      assert.is((await store.loadConversation(scope.id))?.updatedMs, 1000)
      assert.is(await store.lastAudit(clinic), undefined)
      await store.commit({ ...EMPTY, records: [newRecord(scope, 2)] })
      assert.is((await store.read(scope, 0, 10, 1e9)).length, 2)
    })
  })

  test("bytes are only bytes", async () => {
    await withStore(async (store, clinic) => {
      for (const text of ["'); DROP TABLE records; --", "\0", "../../etc/passwd", "\u202e"]) {
        const id = Buffer.alloc(16)
        id.write(text.slice(0, 12), "utf8")
        const scope = store.newConversation(clinic, id)
        const record = { ...newRecord(scope, 1), bytes: Buffer.from(text) }
        const roles = [text]
        await store.commit({
          ...EMPTY,
          newConversations: [scope],
          records: [record, newRecord(scope, 2)],
          changes: [newChange(scope, { position: 2, roles })],
        })
        assert.is(Buffer.from((await store.read(scope, 0, 1, 1e9))[0]?.bytes ?? []).toString(), text)
        const listed = await store.list(clinic, { roles, beforeMs: 0, sinceMs: 0, limit: 10 })
        assert.is(plain(listed[0]?.id), plain(id))
      }
    })
  })

  test("lists are by role, newest first, each conversation once, in pages that skip none of one time", async () => {
    await withStore(async (store, clinic) => {
      const make = async (roles: readonly string[], updatedMs: number): Promise<ScopeRef> => {
        const scope = store.newConversation(clinic, randomBytes(16))
        const records = [newRecord(scope, 1, true), newRecord(scope, 2, true)]
        await store.commit({
          ...EMPTY,
          newConversations: [scope],
          records,
          changes: [newChange(scope, { position: 2, roles, updatedMs })],
        })
        return scope
      }
      const a = await make(["nursing"], 10)
      const b = await make(["billing", "nursing"], 20)
      const c = await make(["billing"], 30)
      const sames = [await make(["nursing"], 40), await make(["nursing"], 40), await make(["nursing"], 40)]
      await make([], 50)
      const list = async (
        roles: readonly string[],
        limit: number,
        beforeMs = 0,
        sinceMs = 0,
      ): Promise<string[]> =>
        (await store.list(clinic, { roles, beforeMs, sinceMs, limit })).map(({ id }) => plain(id))
      const ids = (scopes: readonly ScopeRef[]): string[] => scopes.map(({ id }) => plain(id))
      assert.equal((await list(["nursing"], 10)).slice(3), ids([b, a]))
      assert.equal((await list(["nursing", "billing"], 10)).slice(3), ids([c, b, a]))
      assert.equal(new Set(await list(["nursing"], 1)), new Set(ids(sames)))
      assert.equal(await list(["nursing"], 10, 40), ids([b, a]))
      assert.equal(await list(["billing"], 1), ids([c]))
      assert.equal(await list(["billing"], 10, 30), ids([b]))
      assert.equal(await list(["nursing"], 10, 40, 15), ids([b]))
      assert.equal(await list(["surgery"], 10), [])
      assert.equal(await list([], 10), [])

      // It moves when it changes, and isn't listed twice.
      await store.commit({
        ...EMPTY,
        records: [newRecord(a, 3)],
        changes: [
          newChange(a, { position: 3, updatedMs: 60, previousMs: 10, isClosed: true, lastBy: "staff" }),
        ],
      })
      const [first, ...rest] = await store.list(clinic, {
        roles: ["nursing"],
        beforeMs: 0,
        sinceMs: 0,
        limit: 10,
      })
      assert.equal(
        [plain(first?.id), first?.position, first?.updatedMs, first?.isClosed, first?.lastBy],
        [plain(a.id), 3, 60, true, "staff"],
      )
      assert.is(rest.length, 4)
      assert.ok(first && first.consent.length === 101 && first.open.length === 102)
      const other = await store.openClinic(randomBytes(16), randomBytes(32))
      assert.equal(await store.list(other, { roles: ["nursing"], beforeMs: 0, sinceMs: 0, limit: 10 }), [])
    })
  })

  test("audit entries come back in order from any sequence, each clinic's its own", async () => {
    await withStore(async (store, clinic, harness) => {
      const other = await store.openClinic(randomBytes(16), randomBytes(32))
      const entries = newEntries(1, 9)
      const foreign = newEntries(1, 2)
      const part = (from: number, to: number): Uint8Array =>
        entries.subarray(from * ENTRY_BYTES, to * ENTRY_BYTES)
      await store.commit({ ...EMPTY, audit: [{ clinic, first: 1, entries: part(0, 4), tiles: [] }] })
      await store.commit({
        ...EMPTY,
        audit: [
          { clinic: other, first: 1, entries: foreign, tiles: [] },
          { clinic, first: 5, entries: part(4, 5), tiles: [] },
        ],
      })
      await store.commit({ ...EMPTY, audit: [{ clinic, first: 6, entries: part(5, 9), tiles: [] }] })
      const check = async (from: Store): Promise<void> => {
        for (let after = 0; after <= 9; after++) {
          let read = Buffer.alloc(0)
          for (;;) {
            const page = await from.readAudit(clinic, after + read.length / ENTRY_BYTES)
            if (page.length === 0) break
            read = Buffer.concat([read, page])
          }
          assert.is(plain(read), plain(part(after, 9)), `after ${after}`)
        }
        assert.is(plain(await from.readAudit(other, 0)), plain(foreign))
        assert.is(plain(await from.lastAudit(clinic)), plain(part(8, 9)))
      }
      await check(store)
      await store.close()
      const reopened = await harness.open()
      await check(reopened)
      await reopened.close()
    })
  })

  test("a scope's newest audit entry is kept, a conversation's and a clinic's, all or nothing", async () => {
    await withStore(async (store, clinic, harness) => {
      const scope = store.newConversation(clinic, randomBytes(16))
      const other = await store.openClinic(randomBytes(16), randomBytes(32))
      const records = [newRecord(scope, 1)]
      assert.is(await store.newestEntry(clinic), 0)
      const begun = { newConversations: [scope], records, changes: [newChange(scope, { entry: 7 })] }
      await store.commit({ ...EMPTY, ...begun, noted: [{ scope: clinic, entry: 5 }] })
      const ends = async (from: Store): Promise<(number | undefined)[]> => [
        (await from.loadConversation(scope.id))?.entry,
        await from.newestEntry(clinic),
        await from.newestEntry(other),
      ]
      assert.equal(await ends(store), [7, 5, 0])
      await store.commit({ ...EMPTY, noted: [{ scope, entry: 9 }] })
      assert.equal(await ends(store), [9, 5, 0])
      // The same record again: nothing of the batch is stored.
      const failing = { ...EMPTY, records, noted: [scope, clinic].map((ref) => ({ scope: ref, entry: 99 })) }
      assert.not(await codeOf(() => store.commit(failing)).then((code) => code === "done"))
      assert.equal(await ends(store), [9, 5, 0])
      await store.close()
      const reopened = await harness.open()
      assert.equal(await ends(reopened), [9, 5, 0])
      await reopened.close()
    })
  })

  test("emergencies are kept until they are over, one for each device in a conversation", async () => {
    await withStore(async (store, clinic, harness) => {
      const scopes = [1, 2].map(() => store.newConversation(clinic, randomBytes(16))) as [ScopeRef, ScopeRef]
      const records = scopes.map((scope) => newRecord(scope, 1))
      await store.commit({
        ...EMPTY,
        newConversations: scopes,
        records,
        changes: scopes.map((s) => newChange(s)),
      })
      const device = randomBytes(16)
      const broken = (scope: ScopeRef, untilMs: number): BrokenGlass => {
        return { scope, device, role: "nursing", purpose: 3, position: 4, untilMs }
      }
      const begins = (scope: ScopeRef, untilMs: number): GlassChange => {
        return { scope, device, broken: broken(scope, untilMs) }
      }
      const [one, two] = scopes
      await store.commit({ ...EMPTY, glass: [begins(one, 10), begins(two, 20), begins(one, 30)] })
      await store.close()
      const reopened = await harness.open()
      const kept = await reopened.brokenGlass()
      const plainly = ({ scope, device: by, role, purpose, position, untilMs }: BrokenGlass): unknown[] => [
        plain(scope.id),
        plain(by),
        role,
        purpose,
        position,
        untilMs,
      ]
      assert.equal(
        [...kept].sort((a, b) => b.untilMs - a.untilMs).map(plainly),
        [broken(one, 30), broken(two, 20)].map(plainly),
      )
      // By the references that came back.
      const [{ scope } = { scope: one }] = kept
      await reopened.commit({ ...EMPTY, glass: [{ scope, device, broken: undefined }] })
      assert.is((await reopened.brokenGlass()).length, 1)
      await reopened.close()
    })
  })

  test("what is noted of the settings stays until it is noted anew", async () => {
    await withStore(async (store, _clinic, harness) => {
      assert.is(await store.settings(), undefined)
      for (const settings of [randomBytes(32), randomBytes(32)]) {
        await store.saveSettings(settings)
        assert.is(plain(await store.settings()), plain(settings))
      }
      const settings = plain(await store.settings())
      await store.close()
      const reopened = await harness.open()
      assert.is(plain(await reopened.settings()), settings)
      await reopened.close()
    })
  })

  test("for an audit: every scope with its count and last link, and each record", async () => {
    await withStore(async (store, clinic) => {
      const scopes = Array.from({ length: 5 }, () => store.newConversation(clinic, randomBytes(16)))
      const records = scopes.flatMap((scope, i) =>
        Array.from({ length: i + 1 }, (_, k) => newRecord(scope, k + 1)),
      )
      await store.commit({ ...EMPTY, newConversations: scopes, records })
      const seen = new Map<string, [number, string]>()
      let after: ScopeRef | undefined
      for (;;) {
        const page = await store.scopes(clinic, after, 2)
        for (const { ref, records: count, link } of page) seen.set(plain(ref.id), [count, plain(link)])
        after = page.at(-1)?.ref
        if (after === undefined) break
      }
      assert.is(seen.size, 6)
      assert.equal(seen.get(plain(clinic.id)), [0, ""])
      for (const [i, scope] of scopes.entries()) {
        const last = records.filter((record) => record.scope === scope).at(-1)
        assert.equal(seen.get(plain(scope.id)), [i + 1, plain(last?.link)])
      }
      const third = scopes[2] as ScopeRef
      assert.is((await store.find(clinic, third.id, 3))?.position, 3)
      assert.is(await store.find(clinic, third.id, 4), undefined)
      assert.is(await store.find(clinic, startLink(sha256, third.id).subarray(0, 16), 1), undefined)
    })
  })

  test("the reserve is held, given up and taken back", async () => {
    await withStore(async (store) => {
      assert.is(await store.holdReserve(true), true)
      assert.is(await store.holdReserve(false), false)
      assert.is(await store.holdReserve(true), true)
    })
  })

  testEffects(test, withStore)
  testAudit(test, withStore)
  test.run()
}
