/** Shares as their holders bring them: typed line by line, or in files. */
import { WardlineError } from "../errors.ts"
import { usage } from "./arguments.ts"
import type { Asker } from "./ask.ts"
import { readIfThere } from "./files.ts"
import { checkFits, parseShareText, type Share, type SplitKey, shareOfLines } from "./key-share.ts"
import { parseLine, SHARE_LINES } from "./share-words.ts"

/** A share file is some 1,500 bytes. */
const MAX_FILE_BYTES = 65_536
/** A slip is forgiven twice. */
const CONFIRM_TRIES = 3

/** Shares that may go together, and the key that they are of. */
export interface Collected<K extends SplitKey> {
  readonly shares: readonly Share[]
  readonly key: K
}

/** The shares in files, each checked against those before.
 * @param keys - those that they could be of.
 * @throws {WardlineError} which file and which line is wrong; ERR_CONFIG for a file that isn't there. */
export async function readShareFiles<K extends SplitKey>(
  files: readonly string[],
  keys: readonly K[],
): Promise<Collected<K>> {
  const shares: Share[] = []
  let key: K | undefined
  for (const file of files) {
    const bytes = await readIfThere(file)
    if (bytes === undefined) throw usage(`there is no share file at ${file}`)
    if (bytes.length > MAX_FILE_BYTES) throw usage(`${file} is no share file`)
    try {
      const share = parseShareText(bytes.toString("utf8"))
      key = checkFits(share, shares, keys)
      shares.push(share)
    } catch (error) {
      if (error instanceof WardlineError)
        throw new WardlineError(error.code, `${file}: ${error.message}`, { cause: error })
      throw error
    } finally {
      bytes.fill(0)
    }
  }
  return collected(shares, key)
}

/** Asks for share after share until there are enough, or no more are given. A slip is named and the line asked for
 * again; each share leaves the screen when it is whole.
 * @throws {WardlineError} ERR_ABORTED */
export async function askShares<K extends SplitKey>(asker: Asker, keys: readonly K[]): Promise<Collected<K>> {
  const shares: Share[] = []
  let key: K | undefined
  asker.say(
    "Each holder types the eight lines of their own sheet while the others look away. Any order of the sheets",
  )
  asker.say(
    "will do, and the first four letters of a word are enough. A share leaves the screen when it is whole.",
  )
  for (let needed = 1; shares.length < needed; ) {
    asker.say(
      shares.length === 0 ? "The first share:" : `Share ${shares.length + 1} of the ${needed} needed:`,
    )
    const share = await askShare(asker)
    if (share === undefined) break
    try {
      key = checkFits(share, shares, keys)
      shares.push(share)
      needed = share.needed
      asker.say(`Share ${share.number} is read.`)
    } catch (error) {
      asker.say(`${messageOf(error)}. Another one, please.`)
    }
  }
  return collected(shares, key)
}

/** @throws {WardlineError} ERR_FORBIDDEN without a share. */
function collected<K extends SplitKey>(shares: readonly Share[], key: K | undefined): Collected<K> {
  if (key === undefined) throw new WardlineError("ERR_FORBIDDEN", "no share was given; nothing was made")
  return { shares, key }
}

/** One share; undefined if no more lines come. */
async function askShare(asker: Asker): Promise<Share | undefined> {
  asker.keep()
  const lines: number[][] = []
  while (true) {
    const line = await asker.ask(`  line ${lines.length + 1}: `)
    if (line === undefined) {
      if (lines.length === 0) return undefined
      throw new WardlineError(
        "ERR_ABORTED",
        `stopped at line ${lines.length + 1} of a share; nothing was made`,
      )
    }
    try {
      lines.push(parseLine(line, lines.length + 1))
      if (lines.length < SHARE_LINES) continue
      const share = shareOfLines(lines)
      asker.erase()
      return share
    } catch (error) {
      const message = messageOf(error)
      if (lines.length === SHARE_LINES) {
        lines.length = 0
        asker.erase()
        asker.say(`${message}. All eight lines again, please:`)
        asker.keep()
      } else asker.say(`  ${message}. Once more:`)
    }
  }
}

/** Asks for one line of each sheet, to see that they are printed, handed over and can be read.
 * @param pick - which line to ask for, from 0; given the number of lines.
 * @throws {WardlineError} ERR_FORBIDDEN for a sheet that wasn't confirmed. */
export async function confirmSheets(
  asker: Asker,
  sheets: readonly (readonly string[])[],
  pick: (lines: number) => number,
): Promise<void> {
  asker.say("Before anything is deleted: one line of each sheet, typed from the paper.")
  for (const [i, sheet] of sheets.entries()) {
    const line = pick(sheet.length)
    const wanted = parseLine(sheet[line] ?? "", line + 1).join()
    asker.keep()
    for (let tries = 1; ; tries++) {
      const answer = await asker.ask(`  sheet ${i + 1}, line ${line + 1}: `)
      const problem = answer === undefined ? "" : problemOf(answer, line + 1, wanted)
      if (problem === undefined) break
      if (answer === undefined || tries === CONFIRM_TRIES)
        throw new WardlineError("ERR_FORBIDDEN", `sheet ${i + 1} was not confirmed; nothing was deleted`)
      asker.say(`  ${problem}. Once more:`)
    }
    asker.erase()
    asker.say(`  Sheet ${i + 1} is confirmed.`)
  }
}

function problemOf(answer: string, line: number, wanted: string): string | undefined {
  try {
    return parseLine(answer, line).join() === wanted ? undefined : `line ${line} is another sheet's`
  } catch (error) {
    return messageOf(error)
  }
}

/** @throws what isn't a refusal. */
function messageOf(error: unknown): string {
  if (error instanceof WardlineError) return error.message
  throw error
}
