/** The clinic's directory as its log tells it: replayed from the root key, so that the log key, the witnesses and their
 * quorum are the clinic's word and not that of whoever made the log. */
import { applyNext } from "../directory/apply.ts"
import { createDirectory, type Draft, draftOf } from "../directory/state.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import type { Policy } from "../protocol/index.ts"
import type { NoteCrypto } from "./checkpoint.ts"

export class ClinicDirectory {
  readonly #crypto: NoteCrypto
  readonly #draft: Draft

  /** @param rootKey - the clinic's, 32 bytes.
   * @throws {WardlineError} ERR_CLINIC_KEY for a key that can't be one. */
  constructor(rootKey: Uint8Array, crypto: NoteCrypto) {
    this.#crypto = crypto
    this.#draft = draftOf(createDirectory(rootKey, crypto.hash))
  }

  /** The next record, without its detached part.
   * @throws {WardlineError} with the reason for which everybody would refuse it; nothing may follow. */
  add(record: Uint8Array): void {
    try {
      applyNext(this.#draft, record, this.#crypto)
    } catch (error) {
      if (!isWardlineError(error)) throw error
      throw new WardlineError(error.code, `its record isn't the directory's next: ${error.message}`, {
        cause: error,
      })
    }
  }

  /** The policy in force; undefined if there is none yet. */
  get policy(): Policy | undefined {
    return this.#draft.policies.at(-1)
  }

  /** Every log key that a policy has named, the newest first. */
  get logKeys(): readonly Uint8Array[] {
    return this.#draft.policies.flatMap(({ logKey }) => (logKey === undefined ? [] : [logKey])).reverse()
  }
}
