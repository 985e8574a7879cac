/** The passphrase of the administrator's keys: asked without echo or read from a file, never an option's value. */
import { readFile, stat } from "node:fs/promises"
import { WardlineError } from "../errors.ts"
import { usage } from "./arguments.ts"
import type { Context } from "./command.ts"

/** Guessing costs a second and 64 MiB a try; below this length that isn't enough. */
const MIN_CHARACTERS = 12

export interface PassphraseSource {
  /** From --passphrase-file. */
  readonly file: string | undefined
  /** For a keystore that is being made: asked twice and not accepted if short. */
  readonly isNew: boolean
}

/** @throws {WardlineError} ERR_CONFIG for a file that can't be used or a new passphrase that is too short, ERR_LOCKED
 *   if there is nobody to ask, ERR_ABORTED. */
export async function readPassphrase(source: PassphraseSource, context: Context): Promise<string> {
  const file = source.file ?? context.env.WARDLINE_PASSPHRASE_FILE
  const passphrase = file === undefined ? await ask(source.isNew) : await fromFile(file, context)
  if (source.isNew && [...passphrase].length < MIN_CHARACTERS)
    throw usage(`the passphrase is too short: ${MIN_CHARACTERS} characters or more, several words are best`)
  if (passphrase === "") throw new WardlineError("ERR_LOCKED", "no passphrase was given")
  return passphrase
}

async function fromFile(file: string, context: Context): Promise<string> {
  let text: string
  try {
    text = await readFile(file, "utf8")
    const { mode } = await stat(file)
    if (process.platform !== "win32" && (mode & 0o077) !== 0)
      context.output.warn(`other users of this machine can read ${file}; chmod 600 it`)
  } catch (error) {
    throw new WardlineError("ERR_CONFIG", `the passphrase file ${file} can't be read`, { cause: error })
  }
  const [line = ""] = text.split(/\r?\n/, 1)
  if (line === "") throw usage(`the first line of the passphrase file ${file} is empty`)
  return line
}

async function ask(isNew: boolean): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY)
    throw new WardlineError(
      "ERR_LOCKED",
      "no passphrase: there is no terminal to ask at; use --passphrase-file or WARDLINE_PASSPHRASE_FILE",
    )
  const prompt = isNew ? "Choose a passphrase for the administrator's keys: " : "Passphrase: "
  const first = await readHidden(stdin, stderr, prompt)
  if (isNew && (await readHidden(stdin, stderr, "The same once more: ")) !== first)
    throw usage("the two passphrases differ; nothing was made")
  return first
}

/** The parts of a terminal that reading a line without echo takes. */
export interface HiddenInput {
  setRawMode(raw: boolean): unknown
  setEncoding(encoding: "utf8"): unknown
  on(event: "data", listener: (text: string) => void): unknown
  on(event: "end", listener: () => void): unknown
  off(event: "data", listener: (text: string) => void): unknown
  off(event: "end", listener: () => void): unknown
  resume(): unknown
  pause(): unknown
}

/** Reads a line from a terminal and shows nothing of it.
 * @throws {WardlineError} ERR_ABORTED on Ctrl-C, Ctrl-D or the end of input. */
export function readHidden(
  input: HiddenInput,
  output: { write(text: string): unknown },
  prompt: string,
): Promise<string> {
  output.write(prompt)
  input.setRawMode(true)
  input.setEncoding("utf8")
  return new Promise<string>((resolve, reject) => {
    let line = ""
    const finish = (end: () => void): void => {
      input.off("data", onData)
      input.off("end", onEnd)
      input.setRawMode(false)
      input.pause()
      output.write("\n")
      end()
    }
    const onEnd = (): void =>
      finish(() => reject(new WardlineError("ERR_ABORTED", "stopped at the passphrase")))
    const onData = (text: string): void => {
      for (const character of text) {
        if (character === "\r" || character === "\n") {
          finish(() => resolve(line))
          return
        }
        if (character === "\u0003" || character === "\u0004") {
          onEnd()
          return
        }
        if (character === "\u007f" || character === "\b") line = [...line].slice(0, -1).join("")
        else if (character >= " ") line += character
      }
    }
    input.on("data", onData)
    input.on("end", onEnd)
    input.resume()
  })
}
