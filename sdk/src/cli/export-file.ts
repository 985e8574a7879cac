/** Reading an audit export, for every command that takes one. */
import { open } from "node:fs/promises"
import { verify } from "../crypto/index.ts"
import { WardlineError } from "../errors.ts"
import type { NoteCrypto, VerifyOptions } from "../tlog/index.ts"
import { fastBase64, fastSha256 } from "./fast-bytes.ts"
import { reason } from "./files.ts"

/** What Node does faster than the SDK's portable code, which an export of millions of entries notices. */
export const EXPORT_CRYPTO: NoteCrypto & Required<Pick<VerifyOptions, "decodeBase64">> = {
  hash: fastSha256,
  decodeBase64: fastBase64,
  verify,
}

/** As much as a core's cache holds beside what works on it. */
const PIECE_BYTES = 1 << 17

/** The file's bytes, in pieces: each holds until the next one is asked for. */
export async function* readPieces(file: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const handle = await open(file)
  try {
    const room = Buffer.allocUnsafeSlow(PIECE_BYTES)
    for (;;) {
      signal.throwIfAborted()
      const { bytesRead } = await handle.read(room, 0, PIECE_BYTES)
      if (bytesRead === 0) return
      yield room.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** Tells a file that can't be read from one that was read and is wrong.
 * @throws {WardlineError} ERR_CONFIG, ERR_ABORTED, and what `work` throws. */
export async function reading<T>(file: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted) throw new WardlineError("ERR_ABORTED", "interrupted; nothing was decided")
    const isSystem = error instanceof Error && "code" in error && "syscall" in error
    if (!isSystem) throw error
    throw new WardlineError(
      "ERR_CONFIG",
      error.code === "ENOENT" ? `there is no file ${file}` : `${file} can't be read (${reason(error)})`,
      { cause: error },
    )
  }
}
