/** What a witness has signed last, kept so that nothing makes it sign two histories: not a crash at any instant, not a
 * second process on the same folder.
 *
 * `memory/000000000042.json` is the 42nd state. A new one is written and synced under another name and then linked to
 * its own, which succeeds once: of two processes that go on from the same state one is told that it was late. Only when
 * the folder is synced too may the caller sign. */
import { randomUUID } from "node:crypto"
import { link, mkdir, readdir, readFile, unlink } from "node:fs/promises"
import { join } from "node:path"
import * as v from "valibot"
import { fromHex, toHex } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import { syncFolder } from "../keystore/file.ts"
import type { WitnessedTree } from "../tlog/index.ts"
import { isSystemError, reason, writeNewFile } from "./files.ts"

/** The largest tree that was signed, and the note that it came with, verbatim. */
export interface Remembered extends WitnessedTree {
  readonly note: string
}

const FILE_NAME = /^(\d{12})\.json$/
/** How many states are kept: the newest counts, the others are for whoever looks. */
const KEPT = 3

const STATE = v.object({
  size: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER)),
  root: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  note: v.string(),
})

export class WitnessMemory {
  readonly #folder: string
  #number: number
  #known: Remembered | undefined

  private constructor(folder: string, number: number, known: Remembered | undefined) {
    this.#folder = folder
    this.#number = number
    this.#known = known
  }

  /** Makes the memory of a witness that has signed nothing.
   * @throws {WardlineError} ERR_CONFIG, ERR_CONFLICT. */
  static async create(folder: string): Promise<void> {
    await mkdir(folder, { mode: 0o700 })
    await writeNewFile(pathOf(folder, 0), "{}\n")
    await syncFolder(folder)
  }

  /** @throws {WardlineError} ERR_KEYSTORE if it is gone or damaged: a witness that forgot what it signed could sign the
   *   opposite. */
  static async open(folder: string): Promise<WitnessMemory> {
    const number = await newestIn(folder)
    return new WitnessMemory(folder, number, await read(folder, number))
  }

  /** Removes what a crash left half written. For the one process that runs on the folder: another's might be in the
   * middle of it, and would sign nothing then. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.#folder))
      if (name.endsWith(".tmp")) await unlink(join(this.#folder, name)).catch(() => {})
  }

  /** Undefined before anything was signed. */
  get known(): Remembered | undefined {
    return this.#known
  }

  /** Remembers the next state, durably.
   * @returns false if another process went on from the same state first; `known` is then what that one remembers.
   * @throws {WardlineError} ERR_KEYSTORE if it can't be written; nothing is remembered then. */
  async advance(next: Remembered): Promise<boolean> {
    const number = this.#number + 1
    const temporary = join(this.#folder, `${randomUUID()}.tmp`)
    try {
      await writeNewFile(temporary, `${JSON.stringify({ ...next, root: toHex(next.root) })}\n`)
      const isFirst = await link(temporary, pathOf(this.#folder, number)).then(
        () => true,
        (error: unknown) => {
          if (isSystemError(error, "EEXIST")) return false
          throw error
        },
      )
      await unlink(temporary).catch(() => {})
      await syncFolder(this.#folder)
      // Old states are removed: this number may have been free again because others are far ahead.
      const newest = await newestIn(this.#folder)
      if (!isFirst || newest !== number) {
        if (isFirst) await unlink(pathOf(this.#folder, number)).catch(() => {})
        this.#known = await read(this.#folder, newest)
        this.#number = newest
        return false
      }
    } catch (error) {
      throw unusable(`the witness's memory can't be written (${reason(error)})`, error)
    }
    this.#number = number
    this.#known = next
    await unlink(pathOf(this.#folder, number - KEPT)).catch(() => {})
    return true
  }
}

const pathOf = (folder: string, number: number): string =>
  join(folder, `${String(number).padStart(12, "0")}.json`)

async function newestIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return []
    throw unusable(`the witness's memory, ${folder}, can't be read (${reason(error)})`, error)
  })
  const numbers = names.map((name) => Number(FILE_NAME.exec(name)?.[1] ?? -1))
  const newest = Math.max(-1, ...numbers)
  if (newest < 0)
    throw unusable(
      `the witness's memory is gone: ${folder} is empty. Without it this witness can't know what it has signed; make a new one with another name`,
    )
  return newest
}

async function read(folder: string, number: number): Promise<Remembered | undefined> {
  if (number === 0) return undefined
  const path = pathOf(folder, number)
  try {
    const { size, root, note } = v.parse(STATE, JSON.parse(await readFile(path, "utf8")))
    return { size, root: fromHex(root), note }
  } catch (error) {
    throw unusable(`${path} is damaged; make a new witness with another name`, error)
  }
}

function unusable(message: string, cause?: unknown): WardlineError {
  return new WardlineError("ERR_KEYSTORE", message, cause === undefined ? {} : { cause })
}
