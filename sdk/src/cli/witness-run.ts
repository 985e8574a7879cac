import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fromHex, toHex } from "../bytes.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { idText } from "../ids.ts"
import { lockFile } from "../keystore/file-lock.ts"
import { clinicIdOf } from "../protocol/index.ts"
import {
  auditOrigin,
  encodeVerifierKey,
  NOTE_COSIGNATURE,
  parseCheckpoint,
  parseNote,
  WitnessRefusal,
} from "../tlog/index.ts"
import { type Input, usage } from "./arguments.ts"
import type { Command, Context } from "./command.ts"
import { checkRelayAddress } from "./directory-copy.ts"
import { EXIT, type ExitCode } from "./exit-codes.ts"
import { type Contradiction, type Cosigned, type WatchedLog, WITNESS_CRYPTO, Witness } from "./witness.ts"
import { counted, WitnessDiary } from "./witness-diary.ts"
import { keepContradiction } from "./witness-evidence.ts"
import { evidencePath, memoryPath, openWitness, type WitnessFolder } from "./witness-folder.ts"
import { LOG_KEY_OPTION, readLogKey, WITNESS_DIR } from "./witness-init.ts"
import { WitnessMemory } from "./witness-memory.ts"
import { WatchedRelay } from "./witness-relay.ts"
import { WitnessRounds } from "./witness-rounds.ts"
import { type Listen, parseListen, serveWitness } from "./witness-server.ts"

/** Less than the ten seconds for which a busy log's checkpoint is the newest, so that all witnesses sign the same. */
const DEFAULT_EVERY_SECONDS = 5
/** A relay makes one in ten seconds, and a stranger can bring those alone that it made. */
const MAX_EXPLAINED = 10_000

export const witnessRun: Command = {
  name: "witness run",
  summary: "run a witness until it is stopped",
  description: [
    "Signs each new checkpoint of the clinic's audit log that continues the one before, and remembers it on disk before it answers. It asks the relay by itself, or waits for the relay to bring checkpoints (the C2SP witness protocol, POST /add-checkpoint), or both.",
    "If the log ever contradicts what it signed, it signs nothing, says so, and keeps the two signed statements in its folder as evidence that anybody can check; then it ends with exit code 1 when it is stopped. While all is well it says a line an hour.",
  ],
  options: {
    dir: WITNESS_DIR,
    relay: { value: "URL", help: "the relay to ask (default: the one that witness init was given)" },
    every: { value: "SECONDS", help: `how often to ask it (default: ${DEFAULT_EVERY_SECONDS})` },
    listen: {
      value: "HOST:PORT",
      help: "wait for the relay's requests here, such as 127.0.0.1:8422. Plain HTTP: what goes\nover it is public and signed, but a reverse proxy keeps strangers' floods away",
    },
    "log-key": LOG_KEY_OPTION,
  },
  examples: [
    "wardline witness run --relay https://chat.clinic.example",
    "wardline witness run --listen 0.0.0.0:8422 --log-key 5d1e07…",
  ],
  async run(input, context) {
    const folder = await openWitness(input.text("dir"))
    const options = readRunOptions(input, folder)
    const unlock = await lock(folder.path)
    try {
      return await watch(folder, options, context)
    } finally {
      await unlock()
    }
  },
}

interface RunOptions {
  readonly relay: string | undefined
  readonly everyMs: number
  readonly listen: Listen | undefined
  readonly logKey: Uint8Array | undefined
}

/** @throws {WardlineError} ERR_CONFIG */
function readRunOptions(input: Input, { settings }: WitnessFolder): RunOptions {
  const address = input.text("relay") ?? settings.relay
  const relay = address === undefined ? undefined : checkRelayAddress(address, settings.clinicKey)
  const given = input.text("listen")
  const logKey = readLogKey(input.text("log-key")) ?? settings.logKey
  if (relay === undefined && given === undefined)
    throw usage(
      "where do checkpoints come from? name the relay with --relay, or wait for it with --listen, or both",
    )
  if (relay === undefined && logKey === undefined)
    throw usage("without a relay to ask, the witness can't know the log's key: give it with --log-key")
  const every = input.text("every") ?? String(DEFAULT_EVERY_SECONDS)
  if (!/^\d{1,4}$/.test(every) || Number(every) < 1)
    throw usage("--every must be a number of seconds from 1 to 9999")
  return {
    relay,
    everyMs: Number(every) * 1000,
    listen: given === undefined ? undefined : parseListen(given),
    logKey: logKey === undefined ? undefined : fromHex(logKey),
  }
}

/** Two processes on one memory can't sign two histories, but one of them would always be late.
 * @throws {WardlineError} ERR_CONFLICT */
async function lock(folder: string): Promise<() => Promise<void>> {
  try {
    return await lockFile(join(folder, "witness"))
  } catch (error) {
    if (!isWardlineError(error, "ERR_CONFLICT")) throw error
    throw new WardlineError(
      "ERR_CONFLICT",
      `this witness runs already (if it doesn't, remove ${join(folder, "witness.lock")})`,
      { cause: error },
    )
  }
}

async function watch(folder: WitnessFolder, options: RunOptions, context: Context): Promise<ExitCode> {
  const { path, settings, publicKey } = folder
  const { clinicKey, name } = settings
  const { signal, output, now } = context
  const clinicId = clinicIdOf(WITNESS_CRYPTO.hash, fromHex(clinicKey))
  const memory = await WitnessMemory.open(memoryPath(path))
  await memory.clear()
  const relay =
    options.relay === undefined
      ? undefined
      : await WatchedRelay.open(path, { relay: options.relay, clinicKey, signal })
  const diary = new WitnessDiary(output, now, clinicKey)
  const log = (): WatchedLog | undefined => {
    const key = options.logKey ?? relay?.directory.policy?.logKey
    return key === undefined ? undefined : { origin: auditOrigin(clinicId), key }
  }
  /** Checkpoints that the relay has shown to be of the log that was signed. */
  const explained = new Set<string>()
  const onContradiction = async (found: Contradiction): Promise<void> => {
    const { body } = parseNote(found.shown.note)
    // Whoever brings it with a wrong proof once more doesn't make this witness ask the relay once more.
    if (!found.isFromRelay && explained.has(body)) return
    const size = Math.max(found.known.size, parseCheckpoint(body).size)
    const source = { clinicKey, directory: relay?.records ?? [], readTile: relay?.tilesOf(size) }
    const kept = await keepContradiction(evidencePath(path), found, source)
    if (kept !== undefined) diary.contradiction(found, kept)
    else if (explained.size < MAX_EXPLAINED) explained.add(body)
  }
  const witness = new Witness({
    name,
    privateKey: folder.privateKey,
    publicKey,
    memory,
    log,
    now,
    onContradiction,
  })
  const vkey = encodeVerifierKey(WITNESS_CRYPTO.hash, { name, type: NOTE_COSIGNATURE, key: publicKey })
  const events = {
    signed: (cosigned: Cosigned) => diary.signed(cosigned),
    refused: (error: unknown) => noteRefusal(diary, error),
  }
  const server =
    options.listen === undefined ? undefined : await serveWitness(witness, options.listen, events, signal)
  output.result(
    {
      event: "started",
      name,
      vkey,
      clinicId: idText(clinicId),
      size: memory.known?.size ?? 0,
      relay: relay?.origin ?? null,
      listens: server?.url ?? null,
      pid: process.pid,
    },
    [
      `Witness ${name} of clinic ${idText(clinicId)}`,
      memory.known === undefined
        ? "It has signed nothing yet."
        : `It signed last: ${counted(memory.known.size)} entries, root ${toHex(memory.known.root).slice(0, 16)}…`,
      ...(relay === undefined
        ? []
        : [`It asks ${relay.origin} every ${secondsText(options.everyMs / 1000)}.`]),
      ...(server === undefined
        ? []
        : [
            `It listens on ${server.url}; the relay comes to it with: wardline-relay start --witness ${server.url}`,
          ]),
      "Stop it with Ctrl-C or SIGTERM.",
    ],
  )
  const parts = { witness, diary, name, publicKey, vkey, log, now, onContradiction }
  const rounds = relay === undefined ? undefined : new WitnessRounds({ ...parts, relay })
  while (!signal.aborted) {
    await rounds?.next()
    diary.hour()
    await sleep(options.everyMs, undefined, { signal }).catch(() => {})
  }
  await server?.stopped
  diary.say("Stopped.")
  return diary.hasContradiction ? EXIT.checkFailed : EXIT.done
}

/** Strangers and repetitions are counted; what keeps it from signing is said. */
function noteRefusal(diary: WitnessDiary, error: unknown): void {
  if (error instanceof WitnessRefusal) diary.refused()
  else diary.trouble("disk", `Nothing is signed: ${isWardlineError(error) ? error.message : "a bug"}.`)
}

const secondsText = (seconds: number): string => (seconds === 1 ? "second" : `${seconds} seconds`)
