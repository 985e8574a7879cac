/** The directory over HTTP: read by everybody, changed by those whose signatures count, all or nothing. */
import { type Device, signRecord } from "@wardline/sdk/crypto"
import { applyRecords, applySnapshot, createDirectory } from "@wardline/sdk/directory"
import {
  decodeRecord,
  encodeAttest,
  encodeDeviceReference,
  equalBytes,
  Reader,
  toHex,
} from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { sha256, verify } from "../src/hashing.ts"
import { logIn } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { newFolder, post, removeFolder, start, withRelay } from "./support/relay.ts"

const test = suite("directory")

async function get(url: string, name: string, query = "", headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/v1/clinics/${name}/directory${query}`, { headers })
  return {
    status: response.status,
    headers: response.headers,
    body: new Uint8Array(await response.arrayBuffer()),
  }
}

function recordsOf(body: Uint8Array): { from: number; records: Uint8Array[] } {
  const reader = new Reader(body)
  const from = reader.u64()
  const records: Uint8Array[] = []
  while (reader.remaining > 0) records.push(reader.lp32(100_000))
  return { from, records }
}

test("what was posted comes back and replays from the root key", async () => {
  const clinic = new TestClinic()
  await withRelay(clinic, async ({ url }) => {
    const { status, headers, body } = await get(url, clinic.name)
    assert.is(status, 200)
    const { from, records } = recordsOf(body)
    assert.is(from, 0)
    const state = applyRecords(createDirectory(clinic.root.publicKey, sha256), records, {
      hash: sha256,
      verify,
    })
    assert.ok(equalBytes(state.link, clinic.directory.link))
    assert.is(headers.get("etag"), `"${toHex(state.link)}"`)
    assert.is(headers.get("access-control-allow-origin"), "*")
    assert.is(headers.get("x-content-type-options"), "nosniff")

    const rest = recordsOf((await get(url, clinic.name, "?from=5")).body)
    assert.is(rest.from, 5)
    assert.equal(rest.records, records.slice(5))
    assert.is(recordsOf((await get(url, clinic.name, "?from=1000")).body).records.length, 0)
    const etag = headers.get("etag") ?? ""
    assert.is((await get(url, clinic.name, "", { "If-None-Match": etag })).status, 304)
    assert.is((await get(url, clinic.name, "", { "If-None-Match": '"x", *' })).status, 200)
  })
})

test("wraps travel to the device that they are for, or to whoever asks for all; to visitors none", async () => {
  const clinic = new TestClinic()
  clinic.grant("nursing", 1, clinic.nurse)
  clinic.grant("billing", 1, clinic.biller)
  clinic.rotate("nursing", 2)
  clinic.grant("nursing", 2, clinic.nurse)
  clinic.addStaff(newDevice(), "nursing")
  await withRelay(clinic, async ({ url }) => {
    const grants = [8, 9, 11].map((position) => clinic.records[position] as Uint8Array)
    assert.ok(grants.every((record) => decodeRecord(record).detached.length === 1168))
    const bare = clinic.records.map((record) => decodeRecord(record).bytes)
    const fetched = async (query: string) => recordsOf((await get(url, clinic.name, query)).body).records
    assert.equal(await fetched(""), bare)
    assert.equal(await fetched("?wraps=all"), clinic.records)
    const own = (device: Device): Uint8Array[] =>
      bare.map((record, i) => {
        const whole = clinic.records[i] as Uint8Array
        const isFor = whole.length > record.length && equalBytes(record.subarray(-112, -96), device.id)
        return isFor ? whole : record
      })
    assert.is(own(clinic.nurse).filter((record, i) => record !== bare[i]).length, 2)
    assert.equal(await fetched(`?wraps=${toHex(clinic.nurse.id)}`), own(clinic.nurse))
    assert.equal(await fetched(`?wraps=${toHex(clinic.biller.id)}`), own(clinic.biller))
    assert.equal(await fetched(`?wraps=${toHex(newDevice().id)}`), bare)
    for (const from of [7, 8, 9, 10, 11, 12, 13, 99]) {
      const query = `?from=${from}&wraps=${toHex(clinic.nurse.id)}`
      assert.equal(await fetched(query), own(clinic.nurse).slice(from), query)
      assert.equal(await fetched(`?from=${from}&wraps=all`), clinic.records.slice(from))
    }
    // A wrap that isn't there, or another one, isn't taken: nobody could make up for it later.
    const grant = clinic.grant("nursing", 2, clinic.nurse)
    const without = decodeRecord(grant).bytes
    assert.is((await post(url, clinic.name, [without])).body.code, "ERR_MALFORMED")
    const other = grant.slice()
    other[other.length - 1] = (other.at(-1) ?? 0) ^ 1
    assert.is((await post(url, clinic.name, [other])).body.code, "ERR_MALFORMED")
    assert.is((await post(url, clinic.name, [grant])).status, 200)
  })
})

test("a first visitor gets the snapshot, its attest and what follows, and can begin from it", async () => {
  const clinic = new TestClinic()
  clinic.grant("nursing", 1, clinic.nurse)
  clinic.attest(clinic.nurse)
  const attested = clinic.directory
  clinic.grant("nursing", 1, clinic.admin)
  clinic.setConsentText(2)
  await withRelay(clinic, async ({ url }) => {
    const { status, headers, body } = await get(url, `${clinic.name}`, "/snapshot")
    assert.is(status, 200)
    assert.is(headers.get("access-control-allow-origin"), "*")
    const reader = new Reader(body)
    const snapshot = reader.lp32(1_000_000)
    const attest = reader.lp32(1000)
    const tail: Uint8Array[] = []
    while (reader.remaining > 0) tail.push(reader.lp32(100_000))
    assert.equal(attest, clinic.records[attested.position - 1])
    assert.equal(
      tail,
      clinic.records.slice(attested.position).map((record) => decodeRecord(record).bytes),
    )
    const empty = createDirectory(clinic.root.publicKey, sha256)
    const visitor = applySnapshot(empty, snapshot, attest, { hash: sha256, verify })
    assert.ok(equalBytes(visitor.link, attested.link))
    const tip = applyRecords(visitor, tail, { hash: sha256, verify })
    assert.ok(equalBytes(tip.link, clinic.directory.link))
    assert.is(tip.consentText?.version, 2)
    const etag = headers.get("etag") ?? ""
    assert.is((await get(url, clinic.name, "/snapshot", { "If-None-Match": etag })).status, 304)
    // The newest attest is the one that counts.
    assert.is((await post(url, clinic.name, [clinic.attest()])).status, 200)
    const newer = new Reader((await get(url, clinic.name, "/snapshot")).body)
    newer.lp32(1_000_000)
    assert.equal(newer.lp32(1000), clinic.records.at(-1))
    assert.is(newer.remaining, 0)
  })
})

test("without an attest there is no snapshot", async () => {
  const clinic = new TestClinic()
  clinic.records.length = clinic.directory.attested?.position ?? 0
  const unattested = clinic.records.slice(0, -1)
  const folder = newFolder()
  const relay = await start([], { data: folder, clinicKeys: [clinic.key] })
  assert.is((await get(relay.url, clinic.name, "/snapshot")).status, 404)
  assert.is((await post(relay.url, clinic.name, unattested)).status, 200)
  assert.is((await get(relay.url, clinic.name, "/snapshot")).status, 404)
  assert.is((await get(relay.url, clinic.name)).status, 200)
  await relay.close()
  removeFolder(folder)
})

test("an attest of another snapshot than the relay's own isn't taken", async () => {
  const clinic = new TestClinic()
  await withRelay(clinic, async ({ url }) => {
    const { position, link } = clinic.directory
    const body = encodeAttest({ position, link, snapshotHash: sha256(new Uint8Array(0)) })
    const header = { type: "attest", scope: clinic.id, issued: Date.now() } as const
    const record = signRecord(clinic.admin, header, body)
    assert.is((await post(url, clinic.name, [record])).body.code, "ERR_FORK")
  })
})

test("a change is announced to the clinic's sessions, and to no other clinic's", async () => {
  const [clinic, other] = [new TestClinic(), new TestClinic()]
  await withRelay([clinic, other], async ({ url }) => {
    const patient = await logIn(url, clinic, newDevice())
    const foreign = await logIn(url, other, newDevice())
    const answer = await post(url, clinic.name, [clinic.addStaff(newDevice(), "nursing")])
    assert.is(answer.status, 200)
    assert.is(answer.body.position, clinic.directory.position)
    assert.is(answer.body.link, toHex(clinic.directory.link))
    const frame = await patient.nextOf("directory")
    assert.is(frame.position, clinic.directory.position)
    assert.ok(equalBytes(frame.link, clinic.directory.link))
    foreign.send({ kind: "ping", id: 1 })
    await foreign.nextOf("pong", 1)
    assert.is(foreign.frames.length, 0)
    assert.is(recordsOf((await get(url, clinic.name)).body).records.length, clinic.directory.position)
    await Promise.all([patient.close(), foreign.close()])
  })
})

test("one wrong record refuses all of them", async () => {
  const clinic = new TestClinic()
  await withRelay(clinic, async ({ url }) => {
    const before = clinic.directory
    const good = clinic.addStaff(newDevice(), "nursing")
    const bad = Buffer.from(clinic.addStaff(newDevice(), "nursing"))
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
    assert.equal((await post(url, clinic.name, [good, bad])).body.code, "ERR_SIGNATURE")
    const { headers } = await get(url, clinic.name)
    assert.is(headers.get("etag"), `"${toHex(before.link)}"`)
    assert.is((await post(url, clinic.name, [good])).status, 200)
  })
})

test("the same post again answers the same, and adds nothing", async () => {
  const clinic = new TestClinic()
  await withRelay(clinic, async ({ url }) => {
    const records = [clinic.addStaff(newDevice(), "nursing"), clinic.addStaff(newDevice(), "billing")]
    const first = await post(url, clinic.name, records)
    assert.equal(await post(url, clinic.name, records), first)
    assert.is((await post(url, clinic.name, records.slice(0, 1))).status, 403)
    const all = await post(url, clinic.name, clinic.records)
    assert.equal(all.body, first.body)
  })
})

test("ten changes at once: each is refused or in the chain, which has no gap", async () => {
  const clinic = new TestClinic()
  await withRelay(clinic, async ({ url }) => {
    const records = Array.from({ length: 10 }, () => clinic.addStaff(newDevice(), "nursing"))
    const answers = await Promise.all(records.map((record) => post(url, clinic.name, [record])))
    assert.ok(answers.every(({ status }) => status === 200))
    assert.is(recordsOf((await get(url, clinic.name)).body).records.length, clinic.directory.position)
  })
})

for (const { name, make, code } of [
  {
    name: "by staff who may not",
    make: (clinic: TestClinic) => [
      signRecord(
        clinic.nurse,
        { type: "device-revoke", scope: clinic.id, issued: Date.now() },
        encodeDeviceReference(clinic.biller.id),
      ),
    ],
    code: "ERR_FORBIDDEN",
  },
  { name: "of another clinic", make: () => new TestClinic().records, code: "ERR_CLINIC_KEY" },
  {
    name: "by a revoked administrator",
    make: (clinic: TestClinic) => {
      const outsider = newDevice()
      return [
        signRecord(
          outsider,
          { type: "device-revoke", scope: clinic.id, issued: Date.now() },
          encodeDeviceReference(clinic.biller.id),
        ),
      ]
    },
    code: "ERR_FORBIDDEN",
  },
  { name: "that are no records", make: () => [Buffer.from("DROP TABLE records; --")], code: "ERR_MALFORMED" },
  { name: "that are empty", make: () => [], code: "ERR_MALFORMED" },
  {
    name: "from the future",
    make: (clinic: TestClinic) => [
      signRecord(
        clinic.admin,
        { type: "device-revoke", scope: clinic.id, issued: Date.now() + 1e9 },
        encodeDeviceReference(clinic.biller.id),
      ),
    ],
    code: "ERR_CLOCK",
  },
])
  test(`refuses records ${name}`, async () => {
    const clinic = new TestClinic()
    await withRelay(clinic, async ({ url }) => {
      assert.is((await post(url, clinic.name, make(clinic))).body.code, code)
    })
  })

test("refuses a signature whose nonce is a point of small order, as clients do", async () => {
  // With a keeper's own key anybody can make one; OpenSSL alone would take it, and no client would get past it.
  const { verify: libsodium } = await import("@wardline/sdk/crypto")
  const { createHash, createPrivateKey, createPublicKey } = await import("node:crypto")
  const seed = Buffer.alloc(32, 7)
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed])
  const publicKey = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }))
    .export({ type: "spki", format: "der" })
    .subarray(-32)
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const little = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`)
  const expanded = createHash("sha512").update(seed).digest().subarray(0, 32)
  expanded[0] = (expanded[0] ?? 0) & 248
  expanded[31] = ((expanded[31] ?? 0) & 127) | 64
  const message = Buffer.from("any record")
  const nonce = Buffer.alloc(32)
  nonce[0] = 1
  const k = little(createHash("sha512").update(nonce).update(publicKey).update(message).digest()) % order
  const s = (k * little(expanded)) % order
  const scalar = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse()
  const signature = Buffer.concat([nonce, scalar])
  assert.is(libsodium(publicKey, message, signature), false)
  assert.is(verify(publicKey, message, signature), false)
})

for (const { name, path, method, status } of [
  { name: "an unknown clinic", path: `/v1/clinics/${"0".repeat(32)}/directory`, method: "GET", status: 404 },
  { name: "an injection for an id", path: "/v1/clinics/'%20OR%201=1/directory", method: "GET", status: 404 },
  { name: "a path out of it", path: "/v1/clinics/../../etc/passwd", method: "GET", status: 404 },
  { name: "an upper-case id", path: `/v1/clinics/${"A".repeat(32)}/directory`, method: "GET", status: 404 },
  { name: "another method", path: "", method: "DELETE", status: 405 },
  { name: "a change of the snapshot", path: "/snapshot", method: "POST", status: 405 },
  { name: "wraps of no device", path: "?wraps=nurse", method: "GET", status: 400 },
  {
    name: "wraps of a device with more behind it",
    path: `?wraps=${"0".repeat(33)}`,
    method: "GET",
    status: 400,
  },
  { name: "a position that is none", path: "?from=-1", method: "GET", status: 400 },
  { name: "a position in another notation", path: "?from=1e1", method: "GET", status: 400 },
  { name: "a position with SQL in it", path: "?from=1;DROP%20TABLE%20records", method: "GET", status: 400 },
  { name: "a position over 2^53", path: "?from=9999999999999999", method: "GET", status: 400 },
])
  test(`answers ${status} to ${name}`, async () => {
    const clinic = new TestClinic()
    await withRelay(clinic, async ({ url }) => {
      const own = `/v1/clinics/${clinic.name}/directory`
      const response = await fetch(url + (path.startsWith("/v1") ? path : own + path), { method })
      assert.is(response.status, status)
      const body = (await response.json()) as { code: string; message: string; retryable: boolean }
      assert.match(body.code, /^ERR_/)
      assert.type(body.retryable, "boolean")
    })
  })

test("a foreign page may read the directory and not change it", async () => {
  const clinic = new TestClinic()
  await withRelay(
    clinic,
    async ({ url }) => {
      const origin = { origin: "https://evil.example" }
      assert.is((await get(url, clinic.name, "", origin)).status, 200)
      assert.is((await post(url, clinic.name, clinic.records, origin)).body.code, "ERR_FORBIDDEN")
      const allowed = await post(url, clinic.name, clinic.records, { origin: "https://clinic.example" })
      assert.is(allowed.status, 200)
      const preflight = await fetch(`${url}/v1/clinics/${clinic.name}/directory`, { method: "OPTIONS" })
      assert.is(preflight.status, 204)
      assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /POST/)
    },
    { allowOrigins: ["https://clinic.example"] },
  )
})

test("a relay begins without a directory, and says so by an empty one", async () => {
  const clinic = new TestClinic()
  const folder = newFolder()
  const relay = await start([], { data: folder, clinicKeys: [clinic.key] })
  const { from, records } = recordsOf((await get(relay.url, clinic.name)).body)
  assert.equal([from, records.length], [0, 0])
  assert.is((await post(relay.url, clinic.name, clinic.records.slice(1))).body.code, "ERR_FORBIDDEN")
  assert.is((await post(relay.url, clinic.name, clinic.records)).status, 200)
  await relay.close()
  removeFolder(folder)
})

test("health and readiness", async () => {
  await withRelay(new TestClinic(), async ({ url }) => {
    for (const path of ["/healthz", "/readyz"]) {
      const response = await fetch(url + path)
      assert.is(response.status, 200)
      assert.equal(await response.json(), { ok: true })
    }
    assert.is((await fetch(`${url}/healthz`, { method: "POST" })).status, 405)
  })
})

test.run()
