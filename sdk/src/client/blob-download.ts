/** Downloads a blob and opens it on the way; a lost connection goes on where it was. */
import { FileOpener, type FileSecrets } from "../attachments/index.ts"
import { openFailed } from "../crypto/index.ts"
import { getBlob, SinkError } from "./blob-http.ts"
import { type TransferHost, type TransferOptions, TransferRetries } from "./transfer-retries.ts"

/** Downloads and opens; resolves once the whole file was written and is what its sender sealed.
 * @param write - takes the file's bytes, in order; until the promise has resolved they may be anything's beginning.
 * @throws {WardlineError} ERR_OPEN_FAILED for whatever isn't as its sender sealed it, all alike; what the relay answers;
 *   ERR_OFFLINE after many tries; ERR_ABORTED; what `write` throws. */
export async function downloadBlob(
  host: TransferHost,
  blob: Uint8Array,
  secrets: FileSecrets,
  write: (part: Uint8Array) => Promise<void>,
  { onProgress, signal }: TransferOptions,
): Promise<void> {
  const retries = new TransferRetries(host, blob, undefined, signal)
  const opener = new FileOpener(secrets, { conversation: host.conversation, blob })
  const total = opener.sealedSize
  const take = async (part: Uint8Array): Promise<void> => {
    retries.progressed()
    for (const plaintext of opener.take(part)) {
      await write(plaintext).catch((cause: unknown) => {
        throw new SinkError("writing failed", { cause })
      })
    }
    onProgress?.({ done: opener.taken, total })
  }
  try {
    await retries.run((ticket) => getBlob({ relay: host.relay, ticket }, opener.taken, total, take, signal))
  } catch (error) {
    throw error instanceof SinkError ? error.cause : error
  }
  if (!opener.isWhole) throw openFailed()
}
