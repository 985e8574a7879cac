import { randomFillSync } from "node:crypto"
import { cryptoReady, randomBytes, sha256, signingKeyPair } from "@wardline/sdk/crypto"
import {
  encodeMessagePrefix,
  encodeUnsigned,
  MESSAGE_PREFIX_BYTES,
  recordHash,
  SIGNATURE_BYTES,
  toHex,
} from "@wardline/sdk/protocol"
import { CONVERSATIONS, PAYLOAD_BYTES, SUBSCRIBERS } from "../shape.ts"
import { type LoadClinic, type LoadConversation, makeAccess, makeClinic, makeConversation } from "./clinic.ts"
import type { Connection, Dialect, Sender, SenderEvents, SubscriberEvents } from "./dialect.ts"
import { FrameRing } from "./frame-ring.ts"
import { WardlineSession } from "./wardline-session.ts"
import { clientFrame } from "./wire-socket.ts"

const AEAD_TAG_BYTES = 16
/** Frame type and request id before a frame's body. */
const FRAME_PREFIX_BYTES = 5
const RECORD_HEADER_BYTES = 48
const ISSUED_OFFSET = 36
/** Within a message's body: flags 1, epoch 32, sender sequence 4, seen position 8, seen link 32, salt 32. */
const SEQUENCE_OFFSET = 33
const SALT_OFFSET = 77
const TYPE_ACK = 0x82
const TYPE_DELIVER = 0x83
/** What a subscriber grants at first, and again each time half of it is used. */
const CREDIT = 4096
const SUBSCRIPTION = 9

interface Opened extends LoadConversation {
  readonly epochHash: Uint8Array
  /** The newest position that this side knows, and its link. */
  position: number
  link: Uint8Array
  /** The patient's messages so far, over all runs. */
  sequence: number
}

/** The relay's own protocol: real logins, consent, epochs and access records. Messages are well-formed records whose
 * ciphertext and signature are random: the relay checks neither, and sealing would measure the client. */
export class WardlineDialect implements Dialect {
  readonly #port: number
  readonly #rootSeed: Uint8Array
  #clinic: LoadClinic | undefined
  readonly #conversations: Opened[] = []

  /** @param rootSeed - 32 bytes: of the clinic that the relay was told to serve. */
  constructor(port: number, rootSeed: Uint8Array) {
    this.#port = port
    this.#rootSeed = rootSeed
  }

  async prepare(): Promise<void> {
    await cryptoReady()
    const clinic = makeClinic(signingKeyPair(this.#rootSeed), CONVERSATIONS * SUBSCRIBERS)
    this.#clinic = clinic
    const url = `http://127.0.0.1:${this.#port}/v1/clinics/${toHex(clinic.id)}/directory`
    const posted = await fetch(url, { method: "POST", body: new Uint8Array(clinic.posted) })
    if (!posted.ok) throw new Error(`directory refused: ${posted.status} ${await posted.text()}`)
    for (let i = 0; i < CONVERSATIONS; i++) this.#conversations.push(await this.#openConversation(clinic, i))
  }

  async openSender(index: number, events: SenderEvents): Promise<Sender> {
    const conversation = this.#conversation(index)
    const session = await this.#login(conversation.patient, {
      onFailure: events.onFailure,
      onBytes: (buffer, start) => {
        if (buffer[start] !== TYPE_ACK) return false
        const position = buffer.readUInt32BE(start + FRAME_PREFIX_BYTES + 4)
        if (position <= conversation.position) events.onFailure("an ack came twice or out of order")
        conversation.position = position
        conversation.link = Uint8Array.prototype.slice.call(buffer, start + 13, start + 45)
        events.onAcks(1)
        return true
      },
    })
    const ring = messageRing(conversation)
    return {
      send: (count) => {
        for (const frames of ring.take(count)) session.write(frames)
      },
      close: () => session.close(),
    }
  }

  async openSubscriber(index: number, subscriber: number, events: SubscriberEvents): Promise<Connection> {
    const conversation = this.#conversation(index)
    const device = this.#member(index, subscriber)
    let position = conversation.position
    let used = 0
    const session = await this.#login(device, {
      onFailure: events.onFailure,
      onBytes: (buffer, start) => {
        if (buffer[start] !== TYPE_DELIVER) return false
        const delivered = buffer.readUInt32BE(start + FRAME_PREFIX_BYTES + 4)
        if (delivered !== position + 1) events.onFailure(`delivered ${delivered} after ${position}`)
        position = delivered
        if (++used === CREDIT / 2) {
          used = 0
          session.send({ kind: "credit", id: SUBSCRIPTION, more: CREDIT / 2 })
        }
        events.onDelivered(1)
        return true
      },
    })
    await session.subscribe(SUBSCRIPTION, conversation.id, conversation.position, CREDIT)
    return session
  }

  #conversation(index: number): Opened {
    const conversation = this.#conversations[index]
    if (!conversation) throw new Error("prepare() first")
    return conversation
  }

  #member(index: number, subscriber: number): LoadClinic["staff"][number] {
    const device = this.#clinic?.staff[index * SUBSCRIBERS + subscriber]
    if (!device) throw new Error("prepare() first")
    return device
  }

  #login(
    device: LoadConversation["patient"],
    handler: {
      onBytes: (buffer: Buffer, start: number) => boolean
      onFailure: (why: string) => void
    },
  ): Promise<WardlineSession> {
    return WardlineSession.open(this.#port, this.#clinic?.id ?? new Uint8Array(), device, handler)
  }

  /** Publishes what comes before the first message: consent, open, epoch, each subscriber's access. */
  async #openConversation(clinic: LoadClinic, index: number): Promise<Opened> {
    const made = makeConversation(clinic)
    const quiet = { onBytes: () => false, onFailure: () => {} }
    const patient = await this.#login(made.patient, quiet)
    let id = 2
    patient.keep(id++, made.id, made.shredKey)
    for (const record of [...made.opening, made.epoch]) await patient.publish(id++, record)
    patient.close()
    const epochHash = recordHash(sha256, made.epoch)
    const opened: Opened = { ...made, epochHash, position: 0, link: new Uint8Array(32), sequence: 0 }
    for (let subscriber = 0; subscriber < SUBSCRIBERS; subscriber++) {
      const device = this.#member(index, subscriber)
      const session = await this.#login(device, quiet)
      const ack = await session.publish(2, makeAccess(clinic, device, made.id))
      opened.position = ack.position
      opened.link = Uint8Array.from(ack.link)
      session.close()
    }
    return opened
  }
}

function messageRing(conversation: Opened): FrameRing {
  const prefix = encodeMessagePrefix({
    quiet: false,
    epoch: conversation.epochHash,
    sequence: 1,
    seenPosition: 0,
    seenLink: new Uint8Array(32),
    salt: randomBytes(32),
  })
  const body = new Uint8Array(MESSAGE_PREFIX_BYTES + PAYLOAD_BYTES + AEAD_TAG_BYTES)
  randomFillSync(body)
  body.set(prefix)
  const header = { type: "message", scope: conversation.id, issuer: conversation.patient.id } as const
  const unsigned = encodeUnsigned({ ...header, issued: Date.now() }, body)
  const publish = Buffer.concat([
    Buffer.from([0x02, 0, 0, 0, 0]),
    unsigned,
    randomFillSync(Buffer.alloc(SIGNATURE_BYTES)),
  ])
  const frame = clientFrame(publish)
  const at = frame.length - publish.length
  const recordAt = at + FRAME_PREFIX_BYTES
  const bodyAt = recordAt + RECORD_HEADER_BYTES
  return new FrameRing(frame, (buffer, offset) => {
    const sequence = ++conversation.sequence
    buffer.writeUInt32BE(sequence, offset + at + 1)
    buffer.writeUIntBE(Date.now(), offset + recordAt + ISSUED_OFFSET + 2, 6)
    buffer.writeUInt32BE(sequence, offset + bodyAt + SEQUENCE_OFFSET)
    buffer.writeUInt32BE(conversation.position, offset + bodyAt + SEQUENCE_OFFSET + 8)
    buffer.set(conversation.link, offset + bodyAt + SEQUENCE_OFFSET + 12)
    buffer.writeUInt32BE(sequence, offset + bodyAt + SALT_OFFSET)
  })
}
