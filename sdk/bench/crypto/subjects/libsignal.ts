/** @signalapp/libsignal-client: a ratchet between two, and sender keys for groups handed out over such ratchets. Stores
 * are maps in memory. First contact is PQXDH with a Kyber prekey. */
import { randomBytes, randomUUID } from "node:crypto"
import { importPeer } from "../peers.ts"
import { groupTasks, LARGEST_GROUP, PAYLOAD_BYTES, repeated, type Subject, series, task } from "../subject.ts"
import type { Libsignal, LibsignalStores } from "./libsignal-api.ts"

const DEVICE = 1
/** One prekey of each kind for everybody. */
const ID = 1
const KEY_BYTES = 32

/** What one device stores. */
function storesOf(identity: unknown, identityPair: unknown, prekeys: object[] = []): LibsignalStores {
  const records = new Map<string, unknown>()
  const [once, signed, kyber] = prekeys
  const get = (name: string): unknown => records.get(name) ?? null
  const set = (name: string, record: unknown): void => void records.set(name, record)
  return {
    getIdentityKey: async () => identity,
    getIdentityKeyPair: async () => identityPair,
    getLocalRegistrationId: async () => 1,
    saveIdentity: async () => 0,
    isTrustedIdentity: async () => true,
    getIdentity: async () => null,
    saveSession: async (at, record) => set(`session ${at.toString()}`, record),
    getSession: async (at) => get(`session ${at.toString()}`),
    getPreKey: async () => once,
    removePreKey: async () => {},
    getSignedPreKey: async () => signed,
    getKyberPreKey: async () => kyber,
    markKyberPreKeyUsed: async () => {},
    saveSenderKey: async (at, id, record) => set(`sender ${at.toString()} ${id}`, record),
    getSenderKey: async (at, id) => get(`sender ${at.toString()} ${id}`),
  }
}

/** Somebody whose public keys others have fetched. */
function makePerson(lib: Libsignal) {
  const identity = lib.PrivateKey.generate()
  const pair = new lib.IdentityKeyPair(identity.getPublicKey(), identity)
  const [once, signed, kyber] = [
    lib.PrivateKey.generate(),
    lib.PrivateKey.generate(),
    lib.KEMKeyPair.generate(),
  ]
  const signature = identity.sign(signed.getPublicKey().serialize())
  const kyberSignature = identity.sign(kyber.getPublicKey().serialize())
  const prekeys = [
    lib.PreKeyRecord.new(ID, once.getPublicKey(), once),
    lib.SignedPreKeyRecord.new(ID, Date.now(), signed.getPublicKey(), signed, signature),
    lib.KyberPreKeyRecord.new(ID, Date.now(), kyber, kyberSignature),
  ]
  return {
    address: lib.ProtocolAddress.new(randomUUID(), DEVICE),
    bundle: lib.PreKeyBundle.new(
      1,
      DEVICE,
      ID,
      once.getPublicKey(),
      ID,
      signed.getPublicKey(),
      signature,
      identity.getPublicKey(),
      ID,
      kyber.getPublicKey(),
      kyberSignature,
    ),
    /** Without any session yet. */
    stores: () => storesOf(identity, pair, prekeys),
  }
}

type Person = ReturnType<typeof makePerson>

/** First contact: a session with each of `others`, and `content` sent over it. */
async function sendFirst(
  lib: Libsignal,
  sender: Person,
  stores: LibsignalStores,
  others: readonly Person[],
  content: Uint8Array,
): Promise<Uint8Array[]> {
  const sent: Uint8Array[] = []
  for (const { address, bundle } of others) {
    await lib.processPreKeyBundle(bundle, address, sender.address, stores, stores)
    sent.push((await lib.signalEncrypt(content, address, sender.address, stores, stores)).serialize())
  }
  return sent
}

/** What {@link sendFirst} sent, opened by one receiver. */
function openFirst(lib: Libsignal, sender: Person, receiver: Person, s: LibsignalStores, bytes: Uint8Array) {
  const message = lib.PreKeySignalMessage.deserialize(bytes)
  return lib.signalDecryptPreKey(message, sender.address, receiver.address, s, s, s, s, s)
}

const totalOf = (sent: readonly Uint8Array[]): number => sent.reduce((sum, { length }) => sum + length, 0)

export async function loadLibsignal(folder: string): Promise<Subject> {
  const lib = await importPeer<Libsignal>(folder, "@signalapp/libsignal-client")
  const payload = new Uint8Array(randomBytes(PAYLOAD_BYTES))
  const key = new Uint8Array(randomBytes(KEY_BYTES))
  const [alice, bob] = [makePerson(lib), makePerson(lib)]
  const others = Array.from({ length: LARGEST_GROUP - 1 }, () => makePerson(lib))

  /** A ratchet past its first contact. */
  const meet = async () => {
    const [hers, his] = [alice.stores(), bob.stores()]
    const [first = payload] = await sendFirst(lib, alice, hers, [bob], payload)
    await openFirst(lib, alice, bob, his, first)
    const answer = await lib.signalEncrypt(payload, alice.address, bob.address, his, his)
    const parsed = lib.SignalMessage.deserialize(answer.serialize())
    await lib.signalDecrypt(parsed, bob.address, alice.address, hers, hers)
    const seal = async (): Promise<Uint8Array> =>
      (await lib.signalEncrypt(payload, bob.address, alice.address, hers, hers)).serialize()
    return { seal, his }
  }
  // Two, since a receiver doesn't follow a sender who is too far ahead.
  const { seal } = await meet()
  const { seal: sealForHim, his } = await meet()

  return {
    seal: task(repeated(undefined), async () => (await seal()).length),
    open: task(series(sealForHim), async (bytes) => {
      const message = lib.SignalMessage.deserialize(bytes)
      return (await lib.signalDecrypt(message, alice.address, bob.address, his, his)).length
    }),
    ...groupTasks((size) =>
      task(
        series(() => alice.stores()),
        async (stores) => totalOf(await sendFirst(lib, alice, stores, others.slice(0, size - 1), key)),
      ),
    ),
    join: task(
      series(() => sendFirst(lib, alice, alice.stores(), [bob], key)),
      async ([bytes = payload]) => (await openFirst(lib, alice, bob, bob.stores(), bytes)).length,
    ),
  }
}

export async function loadLibsignalGroups(folder: string): Promise<Subject> {
  const lib = await importPeer<Libsignal>(folder, "@signalapp/libsignal-client")
  const { SenderKeyDistributionMessage: Distribution } = lib
  const payload = new Uint8Array(randomBytes(PAYLOAD_BYTES))
  const group = randomUUID()
  const [alice, bob] = [makePerson(lib), makePerson(lib)]
  const others = Array.from({ length: LARGEST_GROUP - 1 }, () => makePerson(lib))

  /** Alice's own sender key, made at the first call, for the others. */
  const distribution = async (stores: LibsignalStores): Promise<Uint8Array> =>
    (await Distribution.create(alice.address, group, stores)).serialize()
  const take = (stores: LibsignalStores, bytes: Uint8Array): Promise<void> =>
    lib.processSenderKeyDistributionMessage(alice.address, Distribution.deserialize(bytes), stores)
  const share = async (stores: LibsignalStores, people: readonly Person[]): Promise<Uint8Array[]> =>
    sendFirst(lib, alice, stores, people, await distribution(stores))

  const sealWith = (stores: LibsignalStores) => async (): Promise<Uint8Array> =>
    (await lib.groupEncrypt(alice.address, group, stores, payload)).serialize()
  const [hers, his, spare] = [alice.stores(), bob.stores(), alice.stores()]
  await take(his, await distribution(hers))
  // Its own key: a receiver doesn't follow a sender who is too far ahead.
  await distribution(spare)
  const [seal, sealForHim] = [sealWith(spare), sealWith(hers)]
  return {
    seal: task(repeated(undefined), async () => (await seal()).length),
    open: task(
      series(sealForHim),
      async (bytes) => (await lib.groupDecrypt(alice.address, his, bytes)).length,
    ),
    ...groupTasks((size) =>
      task(
        series(() => alice.stores()),
        async (stores) => totalOf(await share(stores, others.slice(0, size - 1))),
      ),
    ),
    join: task(
      series(() => share(alice.stores(), [bob])),
      async ([bytes = payload]) => {
        const stores = bob.stores()
        const key = await openFirst(lib, alice, bob, stores, bytes)
        await take(stores, key)
        return key.length
      },
    ),
  }
}
