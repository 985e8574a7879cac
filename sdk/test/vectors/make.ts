/** Makes the project's own vectors: every record type, from fixed seeds, with all that a second implementation
 * needs to check itself. `node --conditions=source --import tsx sdk/test/vectors/make.ts > sdk/test/vectors/wl1.json` */
import { pathToFileURL } from "node:url"
import { toHex } from "../../src/bytes.ts"
import { currentEpoch, headLink } from "../../src/conversation/index.ts"
import { cryptoReady, type Device, derive, sha256, signRootRecord } from "../../src/crypto/index.ts"
import {
  authInput,
  decodeRecord,
  encodeAdminAdd,
  encodeDeviceReference,
  encodeFrame,
  type Frame,
  nextLink,
  signatureTag,
  startLink,
  utf8,
} from "../../src/protocol/index.ts"
import { keysOf, NOW, seedOf, testDevice } from "../support/clinic.ts"
import { Scene } from "../support/scene.ts"

interface RecordVector {
  name: string
  tag: string
  record: string
  hash: string
  position: number
  link: string
}

export interface Vectors {
  about: string
  root: { seed: string; publicKey: string; clinicId: string }
  devices: Record<string, { signingSeed: string; wrappingSeed: string; id: string }>
  roleSeeds: Record<string, string>
  derive: { key: string; label: string; context: string; output: string }
  directory: RecordVector[]
  transcript: RecordVector[]
  epoch: { key: string; record: string }
  messages: string[]
  auth: { relayId: string; nonce: string; origin: string; input: string }
  frames: { kind: string; hex: string }[]
}

/** @throws nothing; the same value at each call. */
export function makeVectors(): Vectors {
  const scene = new Scene({ name: "vector conversation" })
  const { clinic } = scene
  scene.deliver(scene.patient.message({ v: 1, type: "profile", name: "Ana", answer: "My inhaler" }))
  scene.deliver(scene.patient.message("I need my inhaler refilled"))
  scene.deliver(scene.nurse.message("It is ready at the desk."))
  scene.deliver(scene.patient.message({ v: 1, type: "receipt", read: 8 }))
  scene.deliver(scene.nurse.close())
  const epoch = currentEpoch(scene.patient.state)
  if (!epoch?.key) throw new Error("no epoch")
  const epochKey = toHex(epoch.key)
  // The types that the scene itself doesn't need, at the directory's end.
  const second = testDevice("second admin")
  clinic.add(
    signRootRecord(
      clinic.root,
      { type: "admin-add", issued: NOW },
      encodeAdminAdd({ keys: keysOf(second), name: "Ada" }),
    ),
  )
  clinic.revoke(clinic.biller)
  clinic.add(
    signRootRecord(clinic.root, { type: "admin-remove", issued: NOW }, encodeDeviceReference(second.id)),
  )
  const { root, id, admin, nurse, colleague, biller } = clinic
  const frames: Frame[] = [
    { kind: "subscribe", id: 7, conversation: scene.conversation, after: 0, credit: 64 },
    { kind: "ack", id: 7, position: 3, link: headLink(scene.patient.state), auditSequence: 12, time: NOW },
    { kind: "error", id: 7, code: "ERR_CLOSED", retryable: false, message: "the conversation is closed" },
  ]
  const auth = { relayId: seedOf("relay", 16), nonce: seedOf("nonce"), origin: "https://chat.clinic.example" }
  const device = ({ id: deviceId }: Device, name: string) => ({
    signingSeed: toHex(seedOf(`${name} signing`)),
    wrappingSeed: toHex(seedOf(`${name} wrapping`)),
    id: toHex(deviceId),
  })
  return {
    about: "WL1 vectors (docs/protocol.md). Every value is hexadecimal but names, labels, tags and payloads.",
    root: { seed: toHex(seedOf("root")), publicKey: toHex(root.publicKey), clinicId: toHex(id) },
    devices: {
      admin: device(admin, "admin"),
      nurse: device(nurse, "nurse"),
      colleague: device(colleague, "colleague"),
      biller: device(biller, "biller"),
      patient: device(scene.patient.device, "patient"),
    },
    roleSeeds: { "nursing/1": toHex(seedOf("nursing 1")), "billing/1": toHex(seedOf("billing 1")) },
    derive: {
      key: toHex(seedOf("key")),
      label: "commit",
      context: toHex(utf8("context")),
      output: toHex(derive(seedOf("key"), "commit", utf8("context"), 56)),
    },
    directory: chainOf(id, clinic.records),
    transcript: chainOf(scene.conversation, scene.records),
    epoch: { key: epochKey, record: toHex(epoch.hash) },
    messages: scene.patient.events.flatMap((event) =>
      event.kind === "message" ? [JSON.stringify(event.payload)] : [],
    ),
    auth: {
      relayId: toHex(auth.relayId),
      nonce: toHex(auth.nonce),
      origin: auth.origin,
      input: toHex(authInput(id, auth.relayId, auth.origin, auth.nonce)),
    },
    frames: frames.map((frame) => ({ kind: frame.kind, hex: toHex(encodeFrame(frame)) })),
  }
}

function chainOf(scope: Uint8Array, records: readonly Uint8Array[]): RecordVector[] {
  let link = startLink(sha256, scope)
  return records.map((bytes, i) => {
    const { type } = decodeRecord(bytes)
    const hash = sha256(bytes)
    link = nextLink(sha256, link, i + 1, hash)
    const [record, hashHex, linkHex] = [toHex(bytes), toHex(hash), toHex(link)]
    return { name: type, tag: signatureTag(type), record, hash: hashHex, position: i + 1, link: linkHex }
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await cryptoReady()
  console.log(JSON.stringify(makeVectors(), null, 1))
}
