/** A clinic's directory in the forms in which it is given out (docs/protocol.md, HTTP). */
import { type DirectoryState, grantsFor } from "@wardline/sdk/directory"
import { recordPart, WardlineError, Writer } from "@wardline/sdk/protocol"

export class ServedDirectory {
  readonly directory: DirectoryState
  /** `u64 0 ‖ records, each lp32`, without wraps. */
  readonly #body: Buffer
  /** Where the record after each position begins. */
  readonly #offsets: readonly number[]
  #short: Buffer | undefined

  /** @param records - all of the directory's, with or without their wraps. */
  constructor(directory: DirectoryState, records: readonly Uint8Array[]) {
    this.directory = directory
    const writer = new Writer().u64(0)
    let offset = 8
    const offsets = [offset]
    for (const bytes of records) {
      const record = recordPart(bytes)
      writer.lp32(record)
      offset += 4 + record.length
      offsets.push(offset)
    }
    this.#body = Buffer.from(writer.done())
    this.#offsets = offsets
  }

  /** `u64 from ‖ records, each lp32`: those after `from`.
   * @param device - whose wraps travel with them; "all" for everybody's, undefined for none. */
  body(from: number, device: Uint8Array | "all" | undefined): Buffer {
    if (from === 0 && device === undefined) return this.#body
    const parts: Uint8Array[] = [new Writer().u64(from).done()]
    let position = Math.min(from, this.directory.position)
    for (const grant of this.#grants(device)) {
      if (grant.position <= position || grant.wrap === undefined) continue
      parts.push(this.#between(position, grant.position - 1))
      const record = this.#between(grant.position - 1, grant.position).subarray(4)
      parts.push(new Writer().u32(record.length + grant.wrap.length).done(), record, grant.wrap)
      position = grant.position
    }
    parts.push(this.#between(position, this.directory.position))
    return Buffer.concat(parts)
  }

  /** `lp32 snapshot ‖ lp32 attest ‖ records, each lp32`: all that a first visitor needs.
   * @throws {WardlineError} ERR_NOT_FOUND while nobody has attested. */
  short(): Buffer {
    const { attested, position } = this.directory
    if (attested === undefined)
      throw new WardlineError("ERR_NOT_FOUND", "nobody has vouched for this directory yet")
    this.#short ??= Buffer.concat([
      new Writer().lp32(attested.snapshot).lp32(attested.record).done(),
      this.#between(attested.position, position),
    ])
    return this.#short
  }

  #grants(
    device: Uint8Array | "all" | undefined,
  ): readonly { position: number; wrap?: Uint8Array | undefined }[] {
    if (device === undefined) return []
    if (device !== "all") return grantsFor(this.directory, device)
    return [...this.directory.grants.values()].flat().sort((a, b) => a.position - b.position)
  }

  /** The records after one position and up to another, each lp32. */
  #between(after: number, last: number): Buffer {
    return this.#body.subarray(this.#offsets[after], this.#offsets[last])
  }
}
