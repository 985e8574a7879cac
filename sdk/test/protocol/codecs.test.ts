/** Every codec of the wire format: round trip, every truncation, every trailing byte, every bit flip. */
import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import * as p from "../../src/protocol/index.ts"

const test = suite("codecs")

interface Codec<T> {
  name: string
  values: fc.Arbitrary<T>
  encode: (value: T) => Uint8Array
  decode: (bytes: Uint8Array) => unknown
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const someBytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })
const u8 = fc.integer({ min: 0, max: 0xff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u64 = fc.maxSafeNat()
const role = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/).map(p.asRole)
const name = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => p.utf8(text).length <= 100)
const language = fc.constantFrom("en", "es", "fr", "ar", "zh-Hant", "ht")
const keys = fc.record({ signing: bytes(32), wrapping: bytes(1216) })
const reference = fc.record({ position: u64, link: bytes(32) })
const localized = fc.uniqueArray(
  fc.record({ language, text: fc.string({ unit: "grapheme", maxLength: 40 }) }),
  {
    selector: (item) => item.language,
    minLength: 1,
    maxLength: 4,
  },
)
const uniqueRoles = (minLength: number, maxLength: number) => fc.uniqueArray(role, { minLength, maxLength })

const hours = fc
  .record({
    weekday: fc.integer({ min: 0, max: 6 }),
    a: fc.integer({ min: 0, max: 1440 }),
    b: fc.integer({ min: 0, max: 1440 }),
  })
  .filter(({ a, b }) => a !== b)
  .map(({ weekday, a, b }) => ({ weekday, opens: Math.min(a, b), closes: Math.max(a, b) }))

const policy: fc.Arbitrary<p.Policy> = fc
  .record({
    logKey: fc.option(bytes(32), { nil: undefined }),
    witnesses: fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z./]{1,40}$/), key: bytes(32) }), {
      maxLength: 3,
      selector: ({ name }) => name,
    }),
    freshnessSeconds: u32,
    retentionDays: u32,
    minimumVersion: u8,
    clinicName: localized,
    emergency: localized,
    timeZone: name,
    hours: fc.array(hours, { maxLength: 3 }),
    topics: fc.uniqueArray(
      fc.record({ id: role, label: localized, replyWithinMinutes: u16, roles: uniqueRoles(1, 3) }),
      { selector: (topic) => topic.id, maxLength: 3 },
    ),
    archiveRole: fc.option(role, { nil: undefined }),
    auditRole: fc.option(role, { nil: undefined }),
    roleRules: fc.uniqueArray(
      fc
        .record({
          role,
          history: fc.constantFrom("none" as const, "since" as const, "all" as const),
          sinceMs: u64,
          rotationDays: u32,
          mayChangeMembers: fc.boolean(),
        })
        .map((rule) => (rule.history === "since" ? rule : { ...rule, sinceMs: 0 })),
      { selector: (rule) => rule.role, maxLength: 3 },
    ),
  })
  .map(({ logKey, archiveRole, auditRole, ...rest }) => ({
    ...rest,
    quorum: rest.witnesses.length,
    ...(logKey ? { logKey } : {}),
    ...(archiveRole ? { archiveRole } : {}),
    ...(auditRole ? { auditRole } : {}),
  }))

const memberships = uniqueRoles(1, 3).chain((roles) =>
  fc.tuple(...roles.map((r) => fc.record({ role: fc.constant(r), keeper: fc.boolean() }))),
)

const slots = fc
  .uniqueArray(
    fc.oneof(
      fc.record({
        kind: fc.constant("device" as const),
        id: bytes(16),
        generation: fc.constant(0),
        keyHash: bytes(32),
      }),
      fc.record({
        kind: fc.constant("role" as const),
        id: role.map(p.utf8),
        generation: u32,
        keyHash: bytes(32),
      }),
    ),
    { selector: (slot) => p.toHex(p.slotKey(slot)), minLength: 1, maxLength: 3 },
  )
  .map((items) => items.sort((a, b) => p.compareBytes(p.slotKey(a), p.slotKey(b))))

const epoch = fc
  .record({
    suite: fc.constant(p.SUITE_WL1),
    number: u32,
    parent: bytes(32),
    directory: reference,
    commitment: bytes(32),
    slots,
    wrapsHash: bytes(32),
  })
  .map(({ wrapsHash, ...head }) => ({ head: p.encodeEpochHead(head), committed: wrapsHash }))

const grant = fc
  .record({
    slot: slots.map((list) => list[0] as p.Slot),
    directory: reference,
    epochs: fc.array(bytes(32), { minLength: 1, maxLength: 4 }),
    wrapHash: bytes(32),
  })
  .map(({ wrapHash, ...head }) => ({ head: p.encodeGrantHead(head), committed: wrapHash }))

const memberSubject = fc.oneof(
  fc.record({ change: fc.constantFrom("add-role", "remove-role"), role, directory: reference }),
  fc.record({
    change: fc.constant("add-device"),
    keys,
    kind: fc.constantFrom("device", "recovery", "pairing"),
    until: u64,
    directory: reference,
  }),
  fc.record({ change: fc.constant("remove-device"), device: bytes(16), directory: reference }),
)

/** A body's head and the hash of the detached part that it commits to. */
const committing = (decodeHead: (body: Uint8Array) => { head: Uint8Array }) => (body: Uint8Array) => ({
  head: decodeHead(body).head,
  committed: body.slice(-32),
})
const committed = ({ head, committed: hash }: { head: Uint8Array; committed: Uint8Array }): Uint8Array =>
  p.concat(head, hash)

const message = fc.record({
  quiet: fc.boolean(),
  epoch: bytes(32),
  sequence: u32,
  seenPosition: u64,
  seenLink: bytes(32),
  salt: bytes(32),
  ciphertext: someBytes(528, 600),
})

const record = fc
  .record({
    type: fc.constantFrom<p.RecordType>("policy", "attest", "consent", "message", "close"),
    scope: bytes(16),
    issuer: bytes(16),
    issued: u64,
    body: someBytes(0, 80),
    signature: bytes(64),
  })
  .map(({ body, signature, ...header }) => ({ header, body, signature }))

const CODECS: Codec<never>[] = [
  {
    name: "record",
    values: record,
    encode: (r: { header: p.RecordHeader; body: Uint8Array; signature: Uint8Array }) =>
      p.attachSignature(p.encodeUnsigned(r.header, r.body), r.signature),
    decode: (b: Uint8Array) => {
      const { type, scope, issuer, issued, body, signature } = p.decodeRecord(b)
      return { header: { type, scope, issuer, issued }, body, signature }
    },
  },
  { name: "policy", values: policy, encode: p.encodePolicy, decode: p.decodePolicy },
  {
    name: "consent-text",
    values: fc.record({ id: role, version: u32, texts: localized }),
    encode: p.encodeConsentText,
    decode: p.decodeConsentText,
  },
  {
    name: "admin-add",
    values: fc.record({ keys, name }),
    encode: p.encodeAdminAdd,
    decode: p.decodeAdminAdd,
  },
  {
    name: "device reference",
    values: bytes(16),
    encode: p.encodeDeviceReference,
    decode: p.decodeDeviceReference,
  },
  {
    name: "device-add",
    values: fc.record({
      keys,
      name,
      roles: memberships,
      expires: u64,
    }),
    encode: p.encodeDeviceAdd,
    decode: p.decodeDeviceAdd,
  },
  {
    name: "device-roles",
    values: fc.record({ device: bytes(16), roles: memberships }),
    encode: p.encodeDeviceRoles,
    decode: p.decodeDeviceRoles,
  },
  {
    name: "recovery",
    values: fc.record({ keyName: role, reason: name }),
    encode: p.encodeRecovery,
    decode: p.decodeRecovery,
  },
  {
    name: "role-key",
    values: fc.record({ role, generation: u32, publicKey: bytes(1216), validFrom: u64, validUntil: u64 }),
    encode: p.encodeRoleKey,
    decode: p.decodeRoleKey,
  },
  {
    name: "role-grant",
    values: fc.record({ role, generation: u32, device: bytes(16), wrapHash: bytes(32) }),
    encode: p.encodeRoleGrant,
    decode: p.decodeRoleGrant,
  },
  {
    name: "attest",
    values: fc.record({ position: u64, link: bytes(32), snapshotHash: bytes(32) }),
    encode: p.encodeAttest,
    decode: p.decodeAttest,
  },
  {
    name: "consent",
    values: fc.record({
      clinic: bytes(16),
      keys,
      consentId: role,
      version: u32,
      language,
      textHash: bytes(32),
      directory: reference,
    }),
    encode: p.encodeConsent,
    decode: p.decodeConsent,
  },
  {
    name: "open",
    values: fc.record({
      directory: reference,
      roles: uniqueRoles(1, 2).chain((roles) =>
        fc.tuple(
          ...roles.sort().map((r) =>
            fc.record({
              role: fc.constant(r),
              generation: u32,
              keyHash: bytes(32),
            }),
          ),
        ),
      ),
      committed: bytes(32),
    }),
    encode: (o: p.OpenBody & { committed: Uint8Array }) => p.concat(p.encodeOpenHead(o), o.committed),
    decode: (b: Uint8Array) => ({ ...p.decodeOpen(b), committed: b.slice(-32) }),
  },
  {
    name: "epoch",
    values: epoch,
    encode: committed,
    decode: committing(p.decodeEpoch),
  },
  { name: "grant", values: grant, encode: committed, decode: committing(p.decodeGrant) },
  { name: "member", values: memberSubject, encode: p.encodeMember, decode: p.decodeMember },
  {
    name: "reopen",
    values: fc.record({ reason: fc.constantFrom("unspecified", "follow-up", "mistake", "break-glass") }),
    encode: p.encodeReopen,
    decode: p.decodeReopen,
  },
  {
    name: "shred",
    values: fc.record({
      reason: fc.constantFrom("retention", "patient-request", "other"),
      directory: reference,
    }),
    encode: p.encodeShred,
    decode: p.decodeShred,
  },
  {
    name: "withdraw",
    values: fc.constant({}),
    encode: p.encodeWithdraw,
    decode: p.decodeWithdraw,
  },
  {
    name: "message",
    values: message,
    encode: (m: p.MessageBody) => p.concat(p.encodeMessagePrefix(m), m.ciphertext),
    decode: p.decodeMessage,
  },
  {
    name: "access",
    values: fc.record({
      role,
      purpose: fc.integer({ min: 1, max: 9 }).map(p.purposeOf),
      until: u64,
      directory: reference,
      sealedReason: someBytes(0, 40),
    }),
    encode: p.encodeAccess,
    decode: p.decodeAccess,
  },
  {
    name: "close",
    values: fc.record({
      reason: fc.constantFrom<p.CloseReason>("unspecified", "resolved", "elsewhere", "no-reply"),
    }),
    encode: p.encodeClose,
    decode: p.decodeClose,
  },
] as unknown as Codec<never>[]

/** Layouts that end in free bytes, and from which length on: a longer one is a longer ciphertext or record,
 * for the next layer to refuse. */
const FREE_FROM = new Map([
  ["message", p.MESSAGE_PREFIX_BYTES + 528],
  ["frame publish", 5],
  ["frame deliver", 13],
])

const id = u32
/** In the session's channel, or gone. */
const sealedKey = fc.oneof(bytes(0), bytes(p.SEALED_KEY_BYTES))
const FRAMES: fc.Arbitrary<p.Frame>[] = [
  fc.record({
    kind: fc.constant("challenge" as const),
    id,
    nonce: bytes(32),
    time: u64,
    relayId: bytes(16),
    ephemeral: bytes(32),
  }),
  fc.record({
    kind: fc.constant("auth" as const),
    id,
    clinic: bytes(16),
    keys,
    origin: fc.webUrl({ size: "small" }),
    ephemeral: bytes(32),
    signature: bytes(64),
  }),
  fc.record({
    kind: fc.constant("welcome" as const),
    id,
    time: u64,
    directoryPosition: u64,
    directoryLink: bytes(32),
  }),
  fc.record({ kind: fc.constant("publish" as const), id, record: someBytes(0, 60) }),
  fc.record({
    kind: fc.constant("ack" as const),
    id,
    position: u64,
    link: bytes(32),
    auditSequence: u64,
    time: u64,
  }),
  fc.record({
    kind: fc.constant("subscribe" as const),
    id,
    conversation: bytes(16),
    after: u64,
    credit: u32,
  }),
  fc.record({ kind: fc.constant("deliver" as const), id, position: u64, record: someBytes(0, 60) }),
  fc.record({ kind: fc.constant("live" as const), id, position: u64, link: bytes(32) }),
  fc.record({ kind: fc.constant("credit" as const), id, more: u32 }),
  fc.record({ kind: fc.constant("unsubscribe" as const), id }),
  fc.record({ kind: fc.constant("watch" as const), id, limit: u32, before: u64 }),
  fc.record({
    kind: fc.constant("conversation" as const),
    id,
    conversation: bytes(16),
    position: u64,
    updated: u64,
    closed: fc.boolean(),
    lastBy: fc.constantFrom("patient" as const, "staff" as const),
    consent: someBytes(0, 40),
    open: someBytes(0, 40),
    listingKey: sealedKey,
  }),
  fc.record({
    kind: fc.constant("listed" as const),
    id,
    more: fc.boolean(),
    needed: fc.array(fc.record({ role, generation: u32 }), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant("keep" as const), id, conversation: bytes(16), shredKey: sealedKey }),
  fc.record({ kind: fc.constant("keys" as const), id, conversation: bytes(16), shredKey: sealedKey }),
  fc.record({
    kind: fc.constant("audit" as const),
    id,
    scope: bytes(16),
    from: u64,
    order: fc.constantFrom("newest" as const, "oldest" as const),
    limit: u16,
    treeSize: u64,
  }),
  fc.record({
    kind: fc.constant("entries" as const),
    id,
    more: fc.boolean(),
    entries: fc.array(fc.record({ bytes: bytes(212), proof: fc.array(bytes(32), { maxLength: 3 }) }), {
      maxLength: 3,
    }),
  }),
  fc.record({
    kind: fc.constant("head" as const),
    id,
    conversation: bytes(16),
    position: u64,
    link: bytes(32),
    time: u64,
    signature: bytes(64),
  }),
  fc.record({ kind: fc.constant("ping" as const), id }),
  fc.record({ kind: fc.constant("pong" as const), id, time: u64 }),
  fc.record({ kind: fc.constant("directory" as const), id, position: u64, link: bytes(32) }),
  fc.record({
    kind: fc.constant("upload" as const),
    id,
    conversation: bytes(16),
    blob: bytes(16),
    size: u64,
  }),
  fc.record({ kind: fc.constant("download" as const), id, conversation: bytes(16), blob: bytes(16) }),
  fc.record({ kind: fc.constant("ticket" as const), id, expires: u64, token: someBytes(0, 60) }),
  fc.record({
    kind: fc.constant("error" as const),
    id,
    code: fc.constantFrom<p.ErrorCode>("ERR_MALFORMED", "ERR_CLOSED"),
    retryable: fc.boolean(),
    message: name,
  }),
]
for (const frame of FRAMES) {
  const kind = fc.sample(frame, 1)[0]?.kind
  CODECS.push({
    name: `frame ${kind}`,
    values: frame,
    encode: p.encodeFrame,
    decode: p.decodeFrame,
  } as unknown as Codec<never>)
}

/** Decodes; a WardlineError is a refusal, anything else fails the test. */
function tryDecode(codec: Codec<never>, input: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: codec.decode(input) }
  } catch (error) {
    if (p.isWardlineError(error)) return undefined
    throw error
  }
}

for (const codec of CODECS) {
  test(`${codec.name}: what was encoded is decoded`, () => {
    fc.assert(
      fc.property(codec.values, (value) =>
        assert.equal(codec.decode(codec.encode(value)), structuredClone(value)),
      ),
      { numRuns: 50 },
    )
  })

  test(`${codec.name}: every truncation is refused`, () => {
    const [value] = fc.sample(codec.values, { numRuns: 1, seed: 7 })
    const encoded = codec.encode(value as never)
    const free = FREE_FROM.get(codec.name) ?? encoded.length
    for (let length = 0; length < free; length++) {
      assert.is(
        tryDecode(codec, encoded.subarray(0, length)),
        undefined,
        `${length} of ${encoded.length} bytes`,
      )
    }
  })

  test(`${codec.name}: a trailing byte is refused`, () => {
    if (FREE_FROM.has(codec.name)) return
    fc.assert(
      fc.property(codec.values, u8, (value, extra) => {
        assert.is(tryDecode(codec, p.concat(codec.encode(value), Uint8Array.of(extra))), undefined)
      }),
      { numRuns: 30 },
    )
  })

  test(`${codec.name}: a flipped bit is refused or is another value, never the same one`, () => {
    const [value] = fc.sample(codec.values, { numRuns: 1, seed: 11 })
    const encoded = codec.encode(value as never)
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const flipped = encoded.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      const decoded = tryDecode(codec, flipped)
      if (!decoded || codec.name === "frame error") continue
      assert.ok(
        p.equalBytes(codec.encode(decoded.value as never), flipped),
        `bit ${bit}: two encodings of one value`,
      )
    }
  })
}

test("a counter over 2^53 - 1 is refused", () => {
  const reader = new p.Reader(p.fromHex("0020000000000000"))
  assert.throws(
    () => reader.u64(),
    (error: unknown) => p.isWardlineError(error, "ERR_MALFORMED"),
  )
  assert.is(new p.Reader(p.fromHex("001fffffffffffff")).u64(), Number.MAX_SAFE_INTEGER)
})

test.run()
