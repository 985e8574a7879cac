/** A clinic made with the real command, on a real relay: what the stories about policy and administrators begin with. */
import { type Relay, type RelayOptions, startRelay } from "@wardline/relay"
import * as assert from "uvu/assert"
import { cryptoReady } from "../../src/crypto/index.ts"
import { type Desk, makeDesk, type Ran, wardline } from "./wardline.ts"

export interface ClinicDesk {
  readonly desk: Desk
  readonly relay: Relay
  /** Hexadecimal. */
  readonly clinicKey: string
  /** `--passphrase-file FILE` */
  readonly passphrase: readonly string[]
  /** `--root-key FILE` */
  readonly rootKey: readonly string[]
  /** Runs a command on the clinic's folder, with the administrator's passphrase. */
  unlocked(...args: string[]): Promise<Ran>
  /** Without it. */
  onFolder(...args: string[]): Promise<Ran>
  /** Each role's newest generation. */
  generations(): Promise<Record<string, number>>
  close(): Promise<void>
}

/** @param options - of the relay. */
export async function openClinicDesk(options: Partial<RelayOptions> = {}): Promise<ClinicDesk> {
  await cryptoReady()
  const desk = makeDesk()
  const passphrase = ["--passphrase-file", desk.passphraseFile]
  const rootKey = ["--root-key", desk.path("root.txt")]
  const onFolder = (...args: string[]): Promise<Ran> => wardline([...args, "--dir", desk.path("clinic")])
  const unlocked = (...args: string[]): Promise<Ran> => onFolder(...args, ...passphrase)
  const made = await done(
    unlocked(
      "init",
      "--name",
      "Juniper Street",
      "--admin",
      "Dana",
      "--time-zone",
      "America/Chicago",
      ...rootKey,
    ),
  )
  const clinicKey = /\b[0-9a-f]{64}\b/.exec(made)?.[0] ?? ""
  const relay = await startRelay({
    data: desk.path("relay"),
    clinicKeys: [clinicKey],
    port: 0,
    webRoot: desk.path("none"),
    ...options,
  })
  await done(onFolder("directory", "push", "--relay", `http://localhost:${relay.port}`))
  return {
    desk,
    relay,
    clinicKey,
    passphrase,
    rootKey,
    unlocked,
    onFolder,
    generations: async () => {
      const { roles } = JSON.parse(await done(onFolder("role", "list", "--json"))) as {
        roles: { role: string; generation: number }[]
      }
      return Object.fromEntries(roles.map(({ role, generation }) => [role, generation]))
    },
    close: async () => {
      await relay.close()
      desk.clear()
    },
  }
}

/** What a command that succeeds prints. */
export async function done(ran: Promise<Ran>): Promise<string> {
  const { code, stdout, stderr } = await ran
  assert.is(code, 0, `${stdout}\n${stderr}`)
  return stdout
}

export async function refused(ran: Promise<Ran>, code: number, words: RegExp): Promise<void> {
  const { code: actual, stdout, stderr } = await ran
  assert.is(actual, code, `${stdout}\n${stderr}`)
  assert.match(stderr, words)
}
