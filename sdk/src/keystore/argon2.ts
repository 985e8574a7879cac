/** Argon2id in a worker thread, so that the second or two it takes doesn't stop the process (RFC 9106). */
import { Worker } from "node:worker_threads"
import { abortable } from "../abort.ts"

export interface Argon2Parameters {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

interface WorkerAnswer {
  readonly key?: Uint8Array
  readonly message?: string
}

/** The worker's whole program. It gets the library's address, as an evaluated script has no folder to resolve from. */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads")
import(workerData.library).then(({ argon2id }) => {
  const { passphrase, salt, memoryKib, passes, lanes, keyBytes } = workerData
  const key = argon2id(passphrase, salt, { m: memoryKib, t: passes, p: lanes, dkLen: keyBytes, maxmem: 2 ** 32 - 1 })
  parentPort.postMessage({ key })
}).catch((error) => parentPort.postMessage({ message: String(error) }))
`

/** Derives `keyBytes` bytes from a passphrase. */
export function argon2idInWorker(
  passphrase: Uint8Array,
  salt: Uint8Array,
  parameters: Argon2Parameters,
  keyBytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const worker = new Worker(PROGRAM, {
    eval: true,
    execArgv: [],
    workerData: {
      library: import.meta.resolve("@noble/hashes/argon2.js"),
      passphrase,
      salt,
      keyBytes,
      ...parameters,
    },
  })
  const answer = new Promise<Uint8Array>((resolve, reject) => {
    worker.once("message", ({ key, message }: WorkerAnswer) => {
      if (key === undefined) reject(new Error(message))
      else resolve(new Uint8Array(key))
    })
    worker.once("error", reject)
  })
  return abortable(answer, signal).finally(() => void worker.terminate())
}
