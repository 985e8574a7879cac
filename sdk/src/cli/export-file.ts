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

/** The file's bytes, in pieces. */
export async function* readPieces(file: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const handle = await open(file)
  for await (const piece of handle.createReadStream({ highWaterMark: 1 << 20, signal }))
    yield piece as Uint8Array
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
