/** Checkpoints of a running relay: signed, kept, published, cosigned; proofs between them for anybody. */
import { randomBytes } from "node:crypto"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { sha256 } from "@wardline/sdk/crypto"
import { toHex, WardlineError } from "@wardline/sdk/protocol"
import {
  auditOrigin,
  EMPTY_ROOT,
  entryHash,
  parseNote,
  RightEdge,
  tilePath,
  verifyConsistency,
  verifyInclusion,
} from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Checkpoints } from "../../src/audit/checkpoints.ts"
import { openClinic } from "../../src/clinic.ts"
import type { Relay, RelayOptions } from "../../src/index.ts"
import { createLog } from "../../src/log.ts"
import { LOG_KEY_FILE, openLogKey } from "../../src/log-key.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import type { CheckpointKind, ClinicRef, SavedCheckpoint } from "../../src/store/store.ts"
import { codeOf } from "../store-conformance.ts"
import { TestLog, TestWitness } from "../support/audit-log.ts"
import { TestChat } from "../support/chat.ts"
import { logIn } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, post, removeFolder, start } from "../support/relay.ts"

const test = suite("checkpoints")
/** Looked at each second; so the next one comes as soon as something was noted. */
const SOON: Partial<RelayOptions> = { limits: { checkpointMs: 1, recordsBurst: 10_000 } }

async function inFolder(
  clinic: TestClinic,
  work: (
    log: TestLog,
    restart: (options?: Partial<RelayOptions>) => Promise<TestLog>,
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  const folder = newFolder()
  let relay: Relay = await start(clinic, { ...SOON, data: folder })
  const restart = async (options: Partial<RelayOptions> = {}): Promise<TestLog> => {
    await relay.close()
    relay = await start(clinic, { ...SOON, ...options, data: folder })
    return new TestLog(relay, clinic)
  }
  try {
    await work(new TestLog(relay, clinic), restart, folder)
  } finally {
    await relay.close()
    removeFolder(folder)
  }
}

/** Lets the log grow. */
async function grow(log: TestLog, messages = 1): Promise<void> {
  const device = newDevice()
  const chat = new TestChat(log.clinic, device)
  const client = await logIn(log.relay.url, log.clinic, device)
  await client.publishAll(chat.beginning())
  for (let sent = 0; sent < messages; sent += 500)
    await client.publishAll(Array.from({ length: Math.min(500, messages - sent) }, () => chat.message()))
  await client.close()
}

test("a relay has a checkpoint from its start on, by its log key, and another after each change", async () => {
  await inFolder(new TestClinic(), async (log) => {
    const first = await log.checkpoint()
    assert.is(first.origin, auditOrigin(log.clinic.id))
    assert.ok(first.size > 0)
    await grow(log)
    const second = await log.grownTo(first.size + 4)
    const { headers, text } = await log.fetch("checkpoint")
    assert.is(headers.get("content-type"), "text/plain; charset=utf-8")
    assert.is(headers.get("access-control-allow-origin"), "*")
    assert.is(parseNote(text).signatures.length, 1)
    const proof = await log.hashes(`consistency?from=${first.size}&to=${second.size}`)
    const claim = { oldSize: first.size, oldRoot: first.root, size: second.size, root: second.root, proof }
    assert.ok(verifyConsistency(sha256, claim))
  })
})

test("nothing new is signed while nothing happens, nor before its time", async () => {
  const witness = new TestWitness("witness.example")
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [witness], quorum: 1 })
  await inFolder(clinic, async (_, restart) => {
    const log = await restart({ limits: { checkpointMs: 60_000 } })
    const first = await log.fetch("checkpoint")
    await grow(log)
    await new Promise((resolve) => setTimeout(resolve, 1300))
    assert.is((await log.fetch("checkpoint")).text, first.text)
    const again = await restart()
    await again.post(witness.cosigned((await again.checkpoint()).body))
    const quiet = await again.fetch("checkpoint")
    assert.is(parseNote(quiet.text).signatures.length, 2)
    await new Promise((resolve) => setTimeout(resolve, 1300))
    assert.is((await again.fetch("checkpoint")).text, quiet.text)
  })
})

test("the tree is that over the entries stored, each provable, whatever restarts lie between", async () => {
  await inFolder(new TestClinic(), async (first, restart, folder) => {
    await grow(first, 700)
    const log = await restart()
    await grow(log, 3)
    await log.relay.close()
    const store = new SqliteStore(folder, { isReadOnly: true })
    const [ref] = store.clinics()
    assert.ok(ref)
    const leaves: Uint8Array[] = []
    const edge = new RightEdge(sha256)
    const roots = new Map<number, Uint8Array>([[0, EMPTY_ROOT]])
    for (;;) {
      const entry = store.readEntry(ref, leaves.length + 1)
      if (entry === undefined) break
      leaves.push(entryHash(sha256, entry))
      edge.append(leaves.at(-1) as Uint8Array)
      roots.set(edge.size, edge.root())
    }
    const kept = log.open(store.checkpoint(ref, "newest") as string)
    store.close()
    // The stop itself is under the last checkpoint.
    assert.is(kept.size, leaves.length)
    assert.is(toHex(kept.root), toHex(roots.get(kept.size) as Uint8Array))

    const again = await restart()
    const { size, root } = await again.checkpoint()
    for (const index of [0, 255, 256, 511, leaves.length - 1]) {
      const proof = await again.hashes(`inclusion?index=${index}&size=${size}`)
      assert.ok(
        verifyInclusion(sha256, { index, size, leafHash: leaves[index] as Uint8Array, root, proof }),
        `entry ${index}`,
      )
    }
    for (const oldSize of [0, 1, 256, 600, kept.size]) {
      const proof = await again.hashes(`consistency?from=${oldSize}&to=${size}`)
      const oldRoot = roots.get(oldSize) as Uint8Array
      assert.ok(verifyConsistency(sha256, { oldSize, oldRoot, size, root, proof }), `from ${oldSize}`)
    }
  })
})

test("tiles are served by their C2SP paths, whole and in part, for caches to keep", async () => {
  await inFolder(new TestClinic(), async (log) => {
    await grow(log, 600)
    const get = async (level: number, index: number, width: number): Promise<Buffer | number> => {
      const response = await fetch(log.url(`tile/${tilePath({ level, index, width })}`))
      if (response.status !== 200) return response.status
      assert.match(response.headers.get("cache-control") ?? "", /immutable/)
      assert.is(response.headers.get("content-type"), "application/octet-stream")
      return Buffer.from(await response.arrayBuffer())
    }
    const whole = (await get(0, 0, 256)) as Buffer
    assert.is(whole.length, 8192)
    assert.equal(await get(0, 0, 100), whole.subarray(0, 3200))
    assert.is(((await get(1, 0, 2)) as Buffer).length, 64)
    assert.is(((await get(0, 2, 50)) as Buffer).length, 1600)
    for (const [level, index, width] of [
      [0, 2, 256],
      [0, 3, 1],
      [1, 0, 3],
      [1, 1, 1],
      [2, 0, 1],
    ] as const)
      assert.is(await get(level, index, width), 404, `${level}/${index}/${width}`)
  })
})

test("two witnesses of three make a checkpoint witnessed, and it stays so over a restart", async () => {
  const witnesses = ["a.example", "b.example", "c.example"].map((name) => new TestWitness(name))
  const [a, b, c] = witnesses as [TestWitness, TestWitness, TestWitness]
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses, quorum: 2 })
  await inFolder(clinic, async (log, restart) => {
    const { body, size } = await log.checkpoint()
    assert.is((await log.fetch("witnessed")).status, 404)
    assert.is((await log.post(a.cosigned(body, 100))).status, 200)
    assert.is((await log.fetch("witnessed")).status, 404)
    // Twice the same is one.
    assert.is((await log.post(a.cosigned(body, 200))).status, 200)
    assert.is((await log.fetch("witnessed")).status, 404)
    assert.is((await log.post(c.cosigned(body))).status, 200)
    const opened = log.open((await log.fetch("witnessed")).text, witnesses)
    assert.equal(
      opened.cosigned.map(({ name }) => name),
      ["a.example", "c.example"],
    )
    assert.is(opened.cosigned[0]?.timeSeconds, 200)

    // Newer ones without a quorum don't take its place.
    await grow(log)
    const newer = await log.grownTo(size + 4)
    assert.is((await log.post(b.cosigned(newer.body))).status, 200)
    assert.is(log.open((await log.fetch("witnessed")).text, witnesses).size, size)
    const again = await restart()
    const kept = again.open((await again.fetch("witnessed")).text, witnesses)
    assert.is(kept.size, size)
    assert.is(kept.cosigned.length, 2)
  })
})

test("a witness that is slower than the next checkpoint isn't too late", async () => {
  const witness = new TestWitness("slow.example")
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [witness], quorum: 1 })
  await inFolder(clinic, async (log) => {
    const older = await log.checkpoint()
    await grow(log)
    const newer = await log.grownTo(older.size + 4)
    assert.is((await log.post(witness.cosigned(newer.body))).status, 200)
    assert.is((await log.post(witness.cosigned(older.body))).status, 200)
    assert.is(log.open((await log.fetch("witnessed")).text, [witness]).size, newer.size)
  })
})

test("a policy decides from its change on: whose cosignatures count, and how many", async () => {
  const [a, b] = [new TestWitness("a.example"), new TestWitness("b.example")]
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [a, b], quorum: 1 })
  await inFolder(clinic, async (log) => {
    const { body } = await log.checkpoint()
    assert.is((await log.post(a.cosigned(body))).status, 200)
    assert.is((await log.fetch("witnessed")).status, 200)
    const change = async (record: Uint8Array): Promise<void> => {
      assert.is((await post(log.relay.url, clinic.name, [record])).status, 200)
    }
    await change(clinic.setPolicy({ witnesses: [a, b], quorum: 2 }))
    assert.is((await log.fetch("witnessed")).status, 404)
    assert.is((await log.post(b.cosigned(body))).status, 200)
    assert.is((await log.fetch("witnessed")).status, 200)
    await change(clinic.setPolicy({ witnesses: [b], quorum: 1 }))
    assert.equal(
      log.open((await log.fetch("witnessed")).text, [a, b]).cosigned.map(({ name }) => name),
      ["b.example"],
    )
    await change(clinic.setPolicy({ witnesses: [], quorum: 0 }))
    assert.is((await log.fetch("witnessed")).text, (await log.fetch("checkpoint")).text)
  })
})

test("with another log key a relay says so and begins anew", async () => {
  await inFolder(new TestClinic(), async (first, restart, folder) => {
    const before = await first.checkpoint()
    await first.relay.close()
    rmSync(join(folder, LOG_KEY_FILE))
    const said: string[] = []
    const error = (event: string): unknown => said.push(event)
    const log = await restart({ log: { debug: () => {}, info: () => {}, warn: () => {}, error } })
    assert.match(said.join("\n"), /isn't by this log key/)
    assert.ok((await log.checkpoint()).size > before.size)
  })
})

test("what couldn't be stored isn't published, and is signed once it can be", async () => {
  const own = new TestClinic()
  const folder = newFolder()
  await (await start(own, { data: folder })).close()
  const store = new SqliteStore(folder)
  const clinic = await openClinic(store, own.id, own.root.publicKey, 0)
  let isFull = true
  const failing = {
    checkpoint: () => undefined,
    saveCheckpoints: (checkpoints: readonly SavedCheckpoint[]): void => {
      if (isFull) throw new WardlineError("ERR_READ_ONLY", "the disk is full")
      store.saveCheckpoints(checkpoints)
    },
  }
  const options = {
    clinics: [clinic],
    logKey: openLogKey(folder),
    intervalMs: 1000,
    log: createLog("silent"),
  }
  const checkpoints = await Checkpoints.open({ ...options, store: failing })
  assert.is(await codeOf(() => checkpoints.sweep(1000)), "ERR_READ_ONLY")
  assert.is(checkpoints.newest(clinic), undefined)
  isFull = false
  // Not at each look: a disk that is full is tried at the pace of checkpoints.
  await checkpoints.sweep(1999)
  assert.is(checkpoints.newest(clinic), undefined)
  await checkpoints.sweep(2000)
  assert.is(checkpoints.newest(clinic)?.size, clinic.tree.size)
  store.close()
  removeFolder(folder)
})

test("a cosignature that comes again isn't written again", async () => {
  const witness = new TestWitness("witness.example")
  const own = new TestClinic()
  own.setPolicy({ witnesses: [witness], quorum: 1 })
  const folder = newFolder()
  await (await start(own, { data: folder })).close()
  const store = new SqliteStore(folder)
  const clinic = await openClinic(store, own.id, own.root.publicKey, 0)
  let writes = 0
  const counting = {
    checkpoint: (ref: ClinicRef, kind: CheckpointKind) => store.checkpoint(ref, kind),
    saveCheckpoints: (checkpoints: readonly SavedCheckpoint[]): void => {
      writes++
      store.saveCheckpoints(checkpoints)
    },
  }
  const log = createLog("silent")
  const logKey = openLogKey(folder)
  const checkpoints = await Checkpoints.open({
    store: counting,
    clinics: [clinic],
    logKey,
    intervalMs: 1000,
    log,
  })
  const { body } = checkpoints.newest(clinic) ?? { body: "" }
  for (const time of [200, 200, 100, 200])
    assert.equal(await checkpoints.cosign(clinic, witness.cosigned(body, time)), ["witness.example"])
  assert.is(writes, 1)
  await checkpoints.cosign(clinic, witness.cosigned(body, 300))
  assert.is(writes, 2)
  assert.is(checkpoints.witnessed(clinic)?.cosigned[0]?.timeSeconds, 300)
  store.close()
  removeFolder(folder)
})

test("a clinic that isn't served has no log here", async () => {
  await inFolder(new TestClinic(), async (log) => {
    const response = await fetch(log.url("checkpoint").replace(log.clinic.name, toHex(randomBytes(16))))
    assert.is(response.status, 404)
  })
})

test.run()
