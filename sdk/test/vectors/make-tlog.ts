/** Makes the vectors of the audit tree: entries, tree, proofs, checkpoints and a proof file, from fixed seeds.
 * `node --conditions=source --import tsx sdk/test/vectors/make-tlog.ts > sdk/test/vectors/tlog.json` */
import { pathToFileURL } from "node:url"
import { equalBytes, toHex, utf8 } from "../../src/bytes.ts"
import {
  type Action,
  auditOrigin,
  consistencyProof,
  encodeAddCheckpoint,
  encodeEntry,
  encodeVerifierKey,
  entryHash,
  formatProof,
  inclusionProof,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  tilePath,
} from "../../src/tlog/index.ts"
import { hash, MemoryTree, Signer, signCheckpoint } from "../tlog/tree.ts"

export interface TlogVectors {
  about: string
  clinicId: string
  origin: string
  log: { seed: string; verifierKey: string }
  witnesses: { name: string; seed: string; verifierKey: string }[]
  entries: string[]
  leafHashes: string[]
  /** From the empty tree's on. */
  roots: string[]
  inclusion: { index: number; size: number; proof: string[] }[]
  consistency: { oldSize: number; size: number; proof: string[] }[]
  tiles: { path: string; hashes: string }[]
  checkpoint: string
  cosigned: string
  addCheckpoint: string
  proofFile: string
}

const TIME = 1_790_000_000_000
const seedHex = (name: string): string => toHex(hash(utf8(name)))
const id = (name: string): Uint8Array => hash(utf8(name)).subarray(0, 16)

const CLINIC = id("vector clinic")
const CHATS = [id("vector conversation 1"), id("vector conversation 2")] as const
const EVENTS: readonly {
  action: Action
  scope: Uint8Array
  position?: number
  role?: string
  purpose?: number
}[] = [
  { action: "relay-start", scope: CLINIC },
  { action: "login", scope: CLINIC },
  { action: "consent", scope: CHATS[0], position: 1 },
  { action: "open", scope: CHATS[0], position: 2 },
  { action: "consent", scope: CHATS[1], position: 1 },
  { action: "login", scope: CLINIC },
  { action: "access", scope: CHATS[0], position: 3, role: "nursing", purpose: 1 },
  { action: "read", scope: CHATS[0], role: "nursing" },
  { action: "break-glass", scope: CHATS[1], position: 2, role: "physicians", purpose: 3 },
  { action: "refusal", scope: CHATS[1], role: "billing" },
  { action: "logout", scope: CLINIC },
]

function makeEntries(): Uint8Array[] {
  const entries: Uint8Array[] = []
  let previous: Uint8Array = new Uint8Array(32)
  for (const [i, { action, scope, position = 0, role = "", purpose = 0 }] of EVENTS.entries()) {
    const isRecord = position > 0
    const entry = encodeEntry({
      action,
      outcome: action === "refusal" ? "refused" : "success",
      purpose,
      sequence: i + 1,
      time: TIME + 1000 * i,
      actor: action === "relay-start" ? new Uint8Array(16) : id(`vector device ${role}`),
      actorRole: role,
      scope,
      position,
      recordHash: isRecord ? hash(utf8(`record ${i}`)) : new Uint8Array(32),
      link: isRecord ? hash(utf8(`link ${i}`)) : new Uint8Array(32),
      salt: id(`salt ${i}`),
      before: 1 + EVENTS.slice(0, i).findLastIndex((other) => equalBytes(other.scope, scope)),
      previous,
    })
    entries.push(entry)
    previous = entryHash(hash, entry)
  }
  return entries
}

/** @returns the same value at each call. */
export async function makeTlogVectors(): Promise<TlogVectors> {
  const log = new Signer("vector log")
  const people = ["north.example/witness", `wardline/device/${toHex(id("vector device nursing"))}`].map(
    (name) => ({
      name,
      signer: new Signer(name),
      timeSeconds: TIME / 1000 + 60,
    }),
  )
  const origin = auditOrigin(CLINIC)
  const entries = makeEntries()
  const tree = new MemoryTree(entries.map((entry) => entryHash(hash, entry)))
  const { size, root } = tree
  const hexes = (hashes: readonly Uint8Array[]): string[] => hashes.map(toHex)
  const inclusion = async (index: number, size: number) => ({
    index,
    size,
    proof: hexes(await inclusionProof(hash, tree.readTile, size, index)),
  })
  const consistency = async (oldSize: number, size: number) => ({
    oldSize,
    size,
    proof: hexes(await consistencyProof(hash, tree.readTile, oldSize, size)),
  })
  const checkpoint = signCheckpoint(log, { origin, size, root })
  const cosigned = signCheckpoint(log, { origin, size, root }, people)
  return {
    about:
      "The audit tree of docs/protocol.md, made by make-tlog.ts. Hexadecimal; Ed25519 seeds are SHA-256 of a name; record hashes and links are made up.",
    clinicId: toHex(CLINIC),
    origin,
    log: {
      seed: seedHex("vector log"),
      verifierKey: encodeVerifierKey(hash, { name: origin, type: NOTE_ED25519, key: log.key }),
    },
    witnesses: people.map(({ name, signer: { key } }) => ({
      name,
      seed: seedHex(name),
      verifierKey: encodeVerifierKey(hash, { name, type: NOTE_COSIGNATURE, key }),
    })),
    entries: hexes(entries),
    leafHashes: hexes(tree.leaves),
    roots: hexes(tree.roots),
    inclusion: [
      await inclusion(0, 1),
      await inclusion(6, 11),
      await inclusion(10, 11),
      await inclusion(2, 8),
    ],
    consistency: [
      await consistency(4, 11),
      await consistency(7, 11),
      await consistency(8, 11),
      await consistency(3, 4),
    ],
    tiles: [
      {
        path: tilePath({ level: 0, index: 0, width: size }),
        hashes: toHex(await tree.readTile(0, 0, size)),
      },
    ],
    checkpoint,
    cosigned,
    addCheckpoint: encodeAddCheckpoint({
      oldSize: 7,
      proof: await consistencyProof(hash, tree.readTile, 7, size),
      note: checkpoint,
    }),
    proofFile: formatProof({
      entry: entries[6] as Uint8Array,
      index: 6,
      proof: await inclusionProof(hash, tree.readTile, size, 6),
      checkpoint: cosigned,
    }),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  process.stdout.write(`${JSON.stringify(await makeTlogVectors(), undefined, 2)}\n`)
