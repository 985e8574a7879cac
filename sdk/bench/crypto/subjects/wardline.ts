/** Wardline through the functions that its clients call. */
import { concat } from "../../../src/bytes.ts"
import {
  createEpoch,
  type Member,
  openEpoch,
  openMessage,
  sealMessage,
} from "../../../src/conversation/index.ts"
import {
  cryptoReady,
  deviceFromSeeds,
  randomBytes,
  sha256,
  signRecord,
  verifySignature,
  wrappingKeyPair,
} from "../../../src/crypto/index.ts"
import type { ConversationId } from "../../../src/ids.ts"
import {
  bodyWithDetached,
  decodeEpoch,
  decodeMessage,
  decodeRecord,
  detachedOf,
  signatureTag,
  signedPart,
  type WireRecord,
} from "../../../src/protocol/index.ts"
import { groupTasks, LARGEST_GROUP, PAYLOAD_BYTES, repeated, type Subject, series, task } from "../subject.ts"

const ISSUED = 1_700_000_000_000

export async function loadWardline(): Promise<Subject> {
  await cryptoReady()
  const device = deviceFromSeeds(randomBytes(32), randomBytes(32))
  const conversation = randomBytes(16) as ConversationId
  const epoch = randomBytes(32)
  const seenLink = randomBytes(32)
  const epochKey = randomBytes(32)
  const shredKey = randomBytes(32)
  const payload = randomBytes(PAYLOAD_BYTES)

  const seal = (salt: Uint8Array): Uint8Array =>
    sealMessage(
      device,
      { conversation, issued: ISSUED },
      { quiet: false, epoch, sequence: 7, seenPosition: 9, seenLink, salt },
      epochKey,
      payload,
    )

  const checked = (bytes: Uint8Array): WireRecord => {
    const record = decodeRecord(bytes)
    const { type, signature } = record
    if (!verifySignature(signatureTag(type), signedPart(record), signature, device.signing.publicKey))
      throw new Error("signature")
    return record
  }

  const members = Array.from({ length: LARGEST_GROUP }, (_, i) => {
    const { publicKey, seed } = wrappingKeyPair(randomBytes(32))
    const id = Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? i : 7))
    const member: Member = { kind: "device", id, generation: 0, keyHash: sha256(publicKey), publicKey }
    return { member, seed }
  })

  const makeEpoch = (size: number): Uint8Array => {
    const { head, wraps } = createEpoch({
      conversation,
      number: 2,
      parent: epoch,
      directory: { position: 40, link: seenLink },
      members: members.slice(0, size).map(({ member }) => member),
      secret: randomBytes(32),
      shredKey,
      seeds: Array.from({ length: size }, () => randomBytes(64)),
    })
    const header = { type: "epoch", scope: conversation, issued: ISSUED } as const
    return concat(signRecord(device, header, bodyWithDetached(sha256, head, wraps)), wraps)
  }

  const last = members.at(-1) as (typeof members)[number]
  const lastKeys = { device: { id: last.member.id, seed: last.seed }, roleSeed: () => undefined, shredKey }
  const freshSalts = series(() => randomBytes(32))

  return {
    seal: task(repeated(undefined), () => seal(randomBytes(32)).length),
    "seal, salt given": task(freshSalts, (salt) => seal(salt).length),
    open: task(
      series(() => seal(randomBytes(32))),
      (bytes) => {
        const record = checked(bytes)
        return openMessage(record, decodeMessage(record.body), epochKey).length
      },
    ),
    ...groupTasks((size) => task(repeated(size), (slots) => makeEpoch(slots).length)),
    join: task(repeated(makeEpoch(LARGEST_GROUP)), (bytes) => {
      const record = checked(bytes)
      const detached = detachedOf(sha256, record)
      const secrets = openEpoch(decodeEpoch(record.body), detached, conversation, lastKeys)
      if (secrets === undefined) throw new Error("no secret")
      return secrets.key.length
    }),
  }
}
