/** @matrix-org/matrix-sdk-crypto-wasm: Megolm for messages, its session shared over Olm. A homeserver's answers are made
 * here; stores are in memory. The sender knows everybody's device keys; claiming one-time keys is part of first contact. */
import { importPeer } from "../peers.ts"
import { groupTasks, LARGEST_GROUP, PAYLOAD_BYTES, repeated, type Subject, series, task } from "../subject.ts"

type Opaque = object
type Keys = Record<string, unknown>

interface Request {
  readonly id: string
  readonly type: number
  readonly body: string
}

interface Machine {
  outgoingRequests(): Promise<Request[]>
  markRequestAsSent(id: string, type: number, response: string): Promise<unknown>
  updateTrackedUsers(users: Opaque[]): Promise<void>
  getMissingSessions(users: Opaque[]): Promise<Request | null>
  shareRoomKey(room: Opaque, users: Opaque[], settings: Opaque): Promise<Request[]>
  invalidateGroupSession(room: Opaque): Promise<boolean>
  receiveSyncChanges(
    events: string,
    devices: Opaque,
    counts: Map<string, number>,
    fallback: undefined,
    settings: Opaque,
  ): Promise<unknown[]>
  encryptRoomEvent(room: Opaque, type: string, content: string): Promise<string>
  decryptRoomEvent(event: string, room: Opaque, settings: Opaque): Promise<{ readonly event: string }>
}

/** What the bench uses of version 18, which isn't installed with the project. */
interface Matrix {
  initAsync(): Promise<void>
  readonly UserId: { new (id: string): Opaque }
  readonly DeviceId: { new (id: string): Opaque }
  readonly RoomId: { new (id: string): Opaque }
  readonly DeviceLists: { new (): Opaque }
  readonly EncryptionSettings: { new (): { rotationPeriodMessages: bigint } }
  readonly DecryptionSettings: { new (trust: number): Opaque }
  readonly OlmMachine: { initialize(user: Opaque, device: Opaque): Promise<Machine> }
  readonly RequestType: { readonly KeysUpload: number; readonly KeysQuery: number }
  readonly TrustRequirement: { readonly Untrusted: number }
}

interface Person {
  readonly id: string
  readonly machine: Machine
  readonly deviceKeys: Keys
  /** One of them, by its name: whoever meets this person gets it. */
  readonly oneTimeKey: Keys
}

const DEVICE = "DEVICE"
/** The most that the library allows; the usual are 100. A new session is made between the timed operations. */
const SESSION_MESSAGES = 10_000
const ROOM = "!room:localhost"
const EVENT = "m.room.message"

export async function loadMatrix(folder: string): Promise<Subject> {
  const lib = await importPeer<Matrix>(folder, "@matrix-org/matrix-sdk-crypto-wasm")
  await lib.initAsync()
  const room = new lib.RoomId(ROOM)
  // Ids and settings are used up by the calls that they are given to.
  const untrusted = (): Opaque => new lib.DecryptionSettings(lib.TrustRequirement.Untrusted)
  const settings = (): Opaque =>
    Object.assign(new lib.EncryptionSettings(), { rotationPeriodMessages: BigInt(SESSION_MESSAGES) })
  const idsOf = (people: readonly { id: string }[]): Opaque[] => people.map(({ id }) => new lib.UserId(id))

  let count = 0
  const makePerson = async (): Promise<Person> => {
    const id = `@person-${count++}:localhost`
    const machine = await lib.OlmMachine.initialize(new lib.UserId(id), new lib.DeviceId(DEVICE))
    const upload = (await machine.outgoingRequests()).find(({ type }) => type === lib.RequestType.KeysUpload)
    const body = JSON.parse(upload?.body ?? "{}") as { device_keys: Keys; one_time_keys: Keys }
    const oneTimeKeys = Object.entries(body.one_time_keys)
    const oneTimeKey: Keys = Object.fromEntries(oneTimeKeys.slice(0, 1))
    const counts = { one_time_key_counts: { signed_curve25519: oneTimeKeys.length } }
    await machine.markRequestAsSent(upload?.id ?? "", lib.RequestType.KeysUpload, JSON.stringify(counts))
    return { id, machine, deviceKeys: body.device_keys, oneTimeKey }
  }

  /** Makes `sender` know the devices of `others`, as after a query to the homeserver. */
  const introduce = async (sender: Person, others: readonly Person[]): Promise<void> => {
    const everybody = [sender, ...others]
    await sender.machine.updateTrackedUsers(idsOf(everybody))
    const keys: Keys = {}
    for (const { id, deviceKeys } of everybody) keys[id] = { [DEVICE]: deviceKeys }
    const answer = JSON.stringify({ device_keys: keys, failures: {} })
    for (const { id, type } of await sender.machine.outgoingRequests())
      if (type === lib.RequestType.KeysQuery) await sender.machine.markRequestAsSent(id, type, answer)
  }

  /** Shares a new room key with `others`; the bodies of what goes to their devices. */
  const share = async ({ machine }: Person, others: readonly Person[]): Promise<Request[]> => {
    const claim = await machine.getMissingSessions(idsOf(others))
    if (claim !== null) {
      const keys: Keys = {}
      for (const { id, oneTimeKey } of others) keys[id] = { [DEVICE]: oneTimeKey }
      const answer = JSON.stringify({ one_time_keys: keys, failures: {} })
      await machine.markRequestAsSent(claim.id, claim.type, answer)
    }
    const requests = await machine.shareRoomKey(room, idsOf(others), settings())
    for (const { id, type } of requests) await machine.markRequestAsSent(id, type, "{}")
    return requests
  }

  /** The to-device event that `receiver` gets out of what {@link share} made. */
  const eventFor = (receiver: Person, sender: Person, requests: readonly Request[]): string => {
    for (const { body } of requests) {
      const { messages } = JSON.parse(body) as { messages: Record<string, Record<string, unknown>> }
      const content = messages[receiver.id]?.[DEVICE]
      if (content !== undefined)
        return JSON.stringify([{ type: "m.room.encrypted", sender: sender.id, content }])
    }
    throw new Error("nothing was sent to this person")
  }
  const receive = ({ machine }: Person, events: string): Promise<unknown[]> =>
    machine.receiveSyncChanges(events, new lib.DeviceLists(), new Map(), undefined, untrusted())

  const sizeOf = (requests: readonly Request[]): number =>
    requests.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0)

  const [alice, bob] = [await makePerson(), await makePerson()]
  await introduce(alice, [bob])
  await receive(bob, eventFor(bob, alice, await share(alice, [bob])))
  const others = await series(makePerson)(LARGEST_GROUP - 1)
  // Megolm seals JSON: as long as the others' payloads.
  const empty = JSON.stringify({ msgtype: "m.text", body: "" })
  const text = JSON.stringify({ msgtype: "m.text", body: "x".repeat(PAYLOAD_BYTES - empty.length) })

  let [sealed, events] = [0, 0]
  const seal = (): Promise<string> => {
    sealed++
    return alice.machine.encryptRoomEvent(room, EVENT, text)
  }
  /** Before `count` more messages. */
  const renewSession = async (count: number): Promise<void> => {
    if (sealed + count < SESSION_MESSAGES) return
    await alice.machine.invalidateGroupSession(room)
    await receive(bob, eventFor(bob, alice, await share(alice, [bob])))
    sealed = 0
  }
  const sealEvents = series(async () =>
    JSON.stringify({
      type: "m.room.encrypted",
      event_id: `$${events++}`,
      sender: alice.id,
      origin_server_ts: Date.now(),
      room_id: ROOM,
      content: JSON.parse(await seal()) as unknown,
    }),
  )
  return {
    seal: task(
      async (count) => {
        await renewSession(count)
        return repeated(undefined)(count)
      },
      async () => (await seal()).length,
    ),
    open: task(
      async (count) => {
        await renewSession(count)
        return sealEvents(count)
      },
      async (event) => (await bob.machine.decryptRoomEvent(event, room, untrusted())).event.length,
    ),
    ...groupTasks((size) => {
      const members = others.slice(0, size - 1)
      const newSender = series(async () => {
        const sender = await makePerson()
        await introduce(sender, members)
        return sender
      })
      return task(newSender, async (sender) => sizeOf(await share(sender, members)))
    }),
    join: task(
      series(async () => {
        const [sender, receiver] = [await makePerson(), await makePerson()]
        await introduce(sender, [receiver])
        return { receiver, events: eventFor(receiver, sender, await share(sender, [receiver])) }
      }),
      async ({ receiver, events: sent }) => {
        await receive(receiver, sent)
        return sent.length
      },
    ),
  }
}
