/** Other libraries that take part where they are installed. They are no dependencies of the project: `--install` puts
 * them into a folder of their own under node_modules/.cache, by these exact versions. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

export const PEER_FOLDER: string = fileURLToPath(
  new URL("../../../node_modules/.cache/wardline-crypto-peers", import.meta.url),
)

export const PEER_VERSIONS = {
  "@signalapp/libsignal-client": "0.103.0",
  "@matrix-org/matrix-sdk-crypto-wasm": "18.9.0",
  "ts-mls": "1.6.4",
  // Of its own peer dependencies, those for X-Wing, ChaCha20-Poly1305 and Ed25519.
  "@hpke/chacha20poly1305": "1.8.0",
  "@hpke/hybridkem-x-wing": "0.7.0",
  "@noble/ciphers": "2.1.1",
  "@noble/curves": "2.0.1",
} as const

export type PeerName = keyof typeof PEER_VERSIONS

const isInstalled = (folder: string, name: PeerName): boolean =>
  existsSync(join(folder, "node_modules", name, "package.json"))

/** Those of `names` that aren't there. */
export function missingPeers(folder: string, names: readonly PeerName[]): PeerName[] {
  return names.filter((name) => !isInstalled(folder, name))
}

/** @throws {Error} when npm fails. */
export function installPeers(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ private: true, dependencies: PEER_VERSIONS }, null, 2)}\n`,
  )
  const options = ["--ignore-scripts", "--no-audit", "--no-fund"]
  const { status } = spawnSync("npm", ["install", ...options], { cwd: folder, stdio: "inherit" })
  if (status !== 0) throw new Error("npm could not install the libraries to compare with")
}

/** Loads a peer's main module; the caller says what of it it uses. */
export async function importPeer<Module>(folder: string, name: PeerName): Promise<Module> {
  const path = createRequire(join(folder, "package.json")).resolve(name)
  const module = (await import(pathToFileURL(path).href)) as object
  // Of a CommonJS module everything is in the default export.
  return ("default" in module ? module.default : module) as Module
}
