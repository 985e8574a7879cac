/** Questions that are answered at a terminal, or by lines on standard input. What was typed can be taken off the screen
 * again. */
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { WardlineError } from "../errors.ts"

export interface Asker {
  /** The next line, or undefined when there are no more.
   * @throws {WardlineError} ERR_ABORTED on Ctrl-C. */
  ask(question: string): Promise<string | undefined>
  say(text: string): void
  /** What is on the screen so far stays there. */
  keep(): void
  /** Takes off a terminal's screen what was asked, typed and said since the last `keep` or `erase`. */
  erase(): void
  close(): void
}

type Input = Readable & { readonly isTTY?: boolean }
type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number }

const DEFAULT_COLUMNS = 80

/** @param signal - ends the questions. */
export function openAsker(
  signal: AbortSignal,
  input: Input = process.stdin,
  screen: Screen = process.stderr,
): Asker {
  const isTerminal = input.isTTY === true && screen.isTTY === true
  // Without a history: what was typed must not come back with the arrow keys.
  const lines = createInterface({ input, output: screen, terminal: isTerminal, historySize: 0 })
  const typed: string[] = []
  let waiting: { answer(line: string | undefined): void; refuse(error: unknown): void } | undefined
  let rows = 0
  let isAborted = false
  let isEnded = false
  const shows = (text: string): void => {
    // A terminal that doesn't know its width says 0.
    rows += Math.max(1, Math.ceil(text.length / (screen.columns || DEFAULT_COLUMNS)))
  }
  lines.on("line", (line) => {
    if (waiting === undefined) typed.push(line)
    else waiting.answer(line)
  })
  const abort = (): void => {
    isAborted = true
    lines.close()
  }
  // A terminal in raw mode gives Ctrl-C to readline; otherwise it is a signal of the process.
  lines.on("SIGINT", abort)
  signal.addEventListener("abort", abort)
  lines.on("close", () => {
    isEnded = true
    signal.removeEventListener("abort", abort)
    if (isAborted) waiting?.refuse(stopped())
    else waiting?.answer(undefined)
  })
  return {
    async ask(question) {
      screen.write(question)
      if (isAborted) throw stopped()
      const line =
        typed.shift() ??
        (isEnded
          ? undefined
          : await new Promise<string | undefined>((answer, refuse) => {
              waiting = { answer, refuse }
            }))
      waiting = undefined
      if (!isTerminal) screen.write("\n")
      shows(question + (line ?? ""))
      return line
    },
    say(text) {
      screen.write(`${text}\n`)
      for (const line of text.split("\n")) shows(line)
    },
    keep() {
      rows = 0
    },
    erase() {
      if (isTerminal) screen.write("\u001b[1A\u001b[2K".repeat(rows))
      rows = 0
    },
    close: () => lines.close(),
  }
}

function stopped(): WardlineError {
  return new WardlineError("ERR_ABORTED", "stopped; nothing was made")
}
