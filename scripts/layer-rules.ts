// Which part of the code may import which (ARCHITECTURE.md shows the same as a picture).

export interface LayerRule {
  /** A folder (ends with "/") or a file of the repository; the longest match counts. */
  readonly path: string
  /** Folders and files of the repository that it may import, besides itself. */
  readonly parts: readonly string[]
  /** Packages it may import, with subpaths only where they are named; "*" is any. */
  readonly packages: readonly string[]
}

const BASE = ["sdk/src/abort.ts", "sdk/src/bytes.ts", "sdk/src/errors.ts", "sdk/src/ids.ts"]
const PROTOCOL = "sdk/src/protocol/"
const TLOG = "sdk/src/tlog/"
const DIRECTORY = "sdk/src/directory/"
const CRYPTO = "sdk/src/crypto/"
const ATTACHMENTS = "sdk/src/attachments/"
const CONVERSATION = "sdk/src/conversation/"
const KEYSTORE = "sdk/src/keystore/"
const TRANSPORT = "sdk/src/transport/"
const CLIENT = "sdk/src/client/"
const CLI = "sdk/src/cli/"
const GATEWAY = "sdk/src/gateway/"
const FHIR = "sdk/src/fhir/"
const LIBRARY = [
  ...BASE,
  PROTOCOL,
  TLOG,
  DIRECTORY,
  CRYPTO,
  ATTACHMENTS,
  CONVERSATION,
  KEYSTORE,
  TRANSPORT,
  FHIR,
]
const NOBLE = "@noble/hashes/*"

export const LAYER_RULES: readonly LayerRule[] = [
  ...BASE.map((path): LayerRule => ({ path, parts: BASE, packages: [] })),
  { path: PROTOCOL, parts: BASE, packages: [] },
  { path: DIRECTORY, parts: [...BASE, PROTOCOL], packages: [] },
  // A log's keys and witnesses are what its clinic's directory says.
  { path: TLOG, parts: [...BASE, PROTOCOL, DIRECTORY], packages: [] },
  { path: CRYPTO, parts: [...BASE, PROTOCOL], packages: [NOBLE] },
  { path: "sdk/src/crypto/sodium.ts", parts: [...BASE, CRYPTO], packages: ["libsodium-wrappers"] },
  { path: ATTACHMENTS, parts: [...BASE, PROTOCOL, CRYPTO], packages: ["valibot"] },
  {
    path: CONVERSATION,
    parts: [...BASE, PROTOCOL, DIRECTORY, CRYPTO, ATTACHMENTS],
    packages: ["valibot"],
  },
  { path: KEYSTORE, parts: [...BASE, CRYPTO], packages: ["node:*"] },
  { path: TRANSPORT, parts: [...BASE, PROTOCOL], packages: ["ws", "node:*"] },
  { path: FHIR, parts: [...BASE, PROTOCOL, TLOG], packages: [] },
  { path: CLIENT, parts: LIBRARY, packages: ["valibot"] },
  {
    path: "sdk/src/client/recovery-code.ts",
    parts: [...LIBRARY, CLIENT],
    packages: ["@scure/bip39", "@scure/bip39/wordlists/english.js"],
  },
  { path: GATEWAY, parts: [...LIBRARY, CLIENT], packages: ["*"] },
  { path: "sdk/src/index.ts", parts: [...LIBRARY, CLIENT], packages: [] },
  { path: "sdk/src/node.ts", parts: [...LIBRARY, CLIENT], packages: [] },
  { path: "sdk/src/patient.ts", parts: [KEYSTORE, CLIENT], packages: [] },
  { path: CLI, parts: ["sdk/src/"], packages: ["*"] },
  // The relay can't decrypt: of the SDK it sees the wire format, the log and the directory, and no cipher at all.
  {
    path: "server/src/",
    parts: [],
    packages: [
      "@wardline/sdk/protocol",
      "@wardline/sdk/tlog",
      "@wardline/sdk/directory",
      "better-sqlite3",
      "hono/*",
      "jose",
      "node:*",
      "openid-client",
      "pino",
      "postgres",
      "prom-client",
      "scimmy",
      "valibot",
      "web-push",
      "ws",
    ],
  },
  {
    path: "web-component/src/",
    parts: [],
    packages: ["@wardline/sdk", "@wardline/sdk/*", "lit", "lit/*", "@lit/*", "uqr", "valibot"],
  },
]
