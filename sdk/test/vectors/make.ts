/** Makes the project's own vectors: every record type, from fixed seeds, with all that a second implementation
 * needs to check itself. `node --conditions=source --import tsx sdk/test/vectors/make.ts > sdk/test/vectors/wl1.json` */
import { pathToFileURL } from "node:url"
import { fromUtf8, toHex } from "../../src/bytes.ts"
import { headLink, roleMember } from "../../src/conversation/index.ts"
import { cryptoReady, type Device, derive, sha256, signRootRecord } from "../../src/crypto/index.ts"
import {
  asRole,
  authInput,
  decodeRecord,
  encodeAdminAdd,
  encodeDeviceReference,
  encodeDeviceRoles,
  encodeFrame,
  encodeRecovery,
  type Frame,
  headNote,
  nextLink,
  recordHash,
  signatureTag,
  startLink,
  utf8,
} from "../../src/protocol/index.ts"
import { keysOf, NOW, seedOf, testDevice } from "../support/clinic.ts"
import { Scene, shredKeyFor } from "../support/scene.ts"

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
  shredKey: string
  epochs: { key: string; masked: string; record: string }[]
  messages: string[]
  auth: {
    relayId: string
    nonce: string
    relayEphemeral: string
    origin: string
    clientEphemeral: string
    input: string
  }
  head: { position: number; link: string; time: number; note: string }
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
  scene.deliver(scene.nurse.reopen())
  scene.deliver(scene.nurse.addRole("billing"))
  scene.deliver(scene.nurse.epoch())
  const { directory } = clinic
  scene.deliver(scene.nurse.grant(roleMember(directory, directory.position, asRole("billing"))))
  scene.deliver(scene.nurse.removeRole("billing"))
  scene.deliver(scene.patient.addDevice(testDevice("phone")))
  scene.deliver(scene.patient.removeDevice(testDevice("phone")))
  scene.deliver(scene.patient.epoch())
  scene.deliver(scene.patient.message({ v: 1, type: "edit", of: 8, text: "At the front desk?" }))
  clinic.addVault()
  scene.deliver(scene.patient.withdraw())
  scene.deliver(scene.nurse.close())
  scene.deliver(scene.nurse.archive())
  scene.deliver(scene.actor("admin", clinic.admin).shred())
  // The types that the scene itself doesn't need, at the directory's end.
  const second = testDevice("second admin")
  clinic.add(
    signRootRecord(
      clinic.root,
      { type: "admin-add", issued: NOW },
      encodeAdminAdd({ keys: keysOf(second), name: "Ada" }),
    ),
  )
  const { colleague, biller: leaving } = clinic
  const roles = [{ role: asRole("nursing"), keeper: false }]
  clinic.sign("device-roles", encodeDeviceRoles({ device: colleague.id, roles }))
  clinic.sign("recovery", encodeRecovery({ keyName: "archive", reason: "The safe was moved." }))
  clinic.revoke(leaving)
  clinic.add(
    signRootRecord(clinic.root, { type: "admin-remove", issued: NOW }, encodeDeviceReference(second.id)),
  )
  const { root, id, admin, nurse, biller, keeper } = clinic
  const frames: Frame[] = [
    { kind: "subscribe", id: 7, conversation: scene.conversation, after: 0, credit: 64 },
    { kind: "ack", id: 7, position: 3, link: headLink(scene.patient.state), auditSequence: 12, time: NOW },
    { kind: "error", id: 7, code: "ERR_CLOSED", retryable: false, message: "the conversation is closed" },
  ]
  const challenge = {
    relayId: seedOf("relay", 16),
    nonce: seedOf("nonce"),
    ephemeral: seedOf("relay's ephemeral key"),
  }
  const login = {
    clinic: id,
    origin: "https://chat.clinic.example",
    ephemeral: seedOf("client's ephemeral key"),
  }
  const { position } = scene.patient.state
  const head = { conversation: scene.conversation, position, link: headLink(scene.patient.state), time: NOW }
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
      keeper: device(keeper, "keeper"),
      phone: device(testDevice("phone"), "phone"),
      patient: device(scene.patient.device, "patient"),
    },
    roleSeeds: Object.fromEntries(
      ["nursing", "billing", "vault"].map((role) => [`${role}/1`, toHex(seedOf(`${role} 1`))]),
    ),
    derive: {
      key: toHex(seedOf("key")),
      label: "commit",
      context: toHex(utf8("context")),
      output: toHex(derive(seedOf("key"), "commit", utf8("context"), 56)),
    },
    directory: chainOf(id, clinic.records),
    transcript: chainOf(scene.conversation, scene.records),
    shredKey: toHex(shredKeyFor(scene.conversation)),
    epochs: scene.patient.state.currents.map(({ key, masked, hash }) => {
      if (!key || !masked) throw new Error("an epoch without a key")
      return { key: toHex(key), masked: toHex(masked), record: toHex(hash) }
    }),
    messages: scene.patient.events.flatMap((event) =>
      event.kind === "message" ? [JSON.stringify(event.payload)] : [],
    ),
    auth: {
      relayId: toHex(challenge.relayId),
      nonce: toHex(challenge.nonce),
      relayEphemeral: toHex(challenge.ephemeral),
      origin: login.origin,
      clientEphemeral: toHex(login.ephemeral),
      input: toHex(authInput(challenge, login)),
    },
    head: { position, link: toHex(head.link), time: NOW, note: fromUtf8(headNote(id, head)) },
    frames: frames.map((frame) => ({ kind: frame.kind, hex: toHex(encodeFrame(frame)) })),
  }
}

function chainOf(scope: Uint8Array, records: readonly Uint8Array[]): RecordVector[] {
  let link = startLink(sha256, scope)
  return records.map((bytes, i) => {
    const { type } = decodeRecord(bytes)
    const hash = recordHash(sha256, bytes)
    link = nextLink(sha256, link, i + 1, hash)
    const [record, hashHex, linkHex] = [toHex(bytes), toHex(hash), toHex(link)]
    return { name: type, tag: signatureTag(type), record, hash: hashHex, position: i + 1, link: linkHex }
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await cryptoReady()
  console.log(JSON.stringify(makeVectors(), null, 1))
}
