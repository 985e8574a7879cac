/** ts-mls (RFC 9420) with X-Wing, ChaCha20-Poly1305 and Ed25519. A group is made in one commit that adds everybody. */
import { randomBytes } from "node:crypto"
import { importPeer } from "../peers.ts"
import { groupTasks, LARGEST_GROUP, PAYLOAD_BYTES, repeated, type Subject, series, task } from "../subject.ts"

const SUITE = "MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519"

type Opaque = object
type State = { readonly ratchetTree: Opaque }
type Framed = { readonly [part: string]: unknown }

/** What the bench uses of ts-mls 1.6, which isn't installed with the project. */
interface TsMls {
  readonly defaultLifetime: Opaque
  readonly emptyPskIndex: Opaque
  defaultCapabilities(): Opaque
  getCiphersuiteFromName(name: string): Opaque
  getCiphersuiteImpl(suite: Opaque): Promise<Opaque>
  generateKeyPackage(
    credential: Opaque,
    capabilities: Opaque,
    lifetime: Opaque,
    extensions: [],
    suite: Opaque,
  ): Promise<{ publicPackage: Opaque; privatePackage: Opaque }>
  createGroup(id: Uint8Array, own: Opaque, secret: Opaque, extensions: [], suite: Opaque): Promise<State>
  createCommit(
    context: { state: State; cipherSuite: Opaque },
    options: { extraProposals: Opaque[]; ratchetTreeExtension: boolean },
  ): Promise<{ newState: State; welcome: Opaque }>
  joinGroup(welcome: unknown, own: Opaque, secret: Opaque, psks: Opaque, suite: Opaque): Promise<State>
  createApplicationMessage(
    state: State,
    message: Uint8Array,
    suite: Opaque,
  ): Promise<{ newState: State; privateMessage: Opaque }>
  processPrivateMessage(
    state: State,
    message: unknown,
    psks: Opaque,
    suite: Opaque,
  ): Promise<{ newState: State; kind: string; message: Uint8Array }>
  encodeMlsMessage(message: Framed): Uint8Array
  decodeMlsMessage(bytes: Uint8Array, offset: number): [Framed, number] | undefined
}

export async function loadTsMls(folder: string): Promise<Subject> {
  const lib = await importPeer<TsMls>(folder, "ts-mls")
  const suite = await lib.getCiphersuiteImpl(lib.getCiphersuiteFromName(SUITE))
  const payload = new Uint8Array(randomBytes(PAYLOAD_BYTES))

  const makePerson = (name: string) => {
    const credential = { credentialType: "basic", identity: new TextEncoder().encode(name) }
    return lib.generateKeyPackage(credential, lib.defaultCapabilities(), lib.defaultLifetime, [], suite)
  }
  const alice = await makePerson("alice")
  const others: Awaited<ReturnType<typeof makePerson>>[] = []
  for (let i = 1; i < LARGEST_GROUP; i++) others.push(await makePerson(`member ${i}`))

  const makeGroup = async (size: number): Promise<{ state: State; welcome: Uint8Array }> => {
    const id = new Uint8Array(randomBytes(16))
    const state = await lib.createGroup(id, alice.publicPackage, alice.privatePackage, [], suite)
    const extraProposals = others.slice(0, size - 1).map(({ publicPackage }) => ({
      proposalType: "add",
      add: { keyPackage: publicPackage },
    }))
    const made = await lib.createCommit(
      { state, cipherSuite: suite },
      { extraProposals, ratchetTreeExtension: true },
    )
    const welcome = { version: "mls10", wireformat: "mls_welcome", welcome: made.welcome }
    return { state: made.newState, welcome: lib.encodeMlsMessage(welcome) }
  }
  const join = (welcome: Uint8Array, index: number): Promise<State> => {
    const decoded = lib.decodeMlsMessage(welcome, 0)?.[0].welcome
    const { publicPackage, privatePackage } = others[index] as (typeof others)[number]
    return lib.joinGroup(decoded, publicPackage, privatePackage, lib.emptyPskIndex, suite)
  }

  /** Seals one message after the other. */
  const sealer = (start: State) => {
    let state = start
    return async (): Promise<Uint8Array> => {
      const { newState, privateMessage } = await lib.createApplicationMessage(state, payload, suite)
      state = newState
      return lib.encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage })
    }
  }

  const pair = await makeGroup(2)
  let his = await join(pair.welcome, 0)
  // Two, since a receiver doesn't follow a sender who is too far ahead.
  const [seal, sealForHim] = [sealer(pair.state), sealer(pair.state)]
  const { welcome } = await makeGroup(LARGEST_GROUP)
  return {
    seal: task(repeated(undefined), async () => (await seal()).length),
    open: task(series(sealForHim), async (bytes) => {
      const message = lib.decodeMlsMessage(bytes, 0)?.[0].privateMessage
      const opened = await lib.processPrivateMessage(his, message, lib.emptyPskIndex, suite)
      his = opened.newState
      return opened.message.length
    }),
    ...groupTasks((size) =>
      task(repeated(size), async (members) => (await makeGroup(members)).welcome.length),
    ),
    join: task(repeated(welcome), async (bytes) => {
      await join(bytes, LARGEST_GROUP - 2)
      return bytes.length
    }),
  }
}
