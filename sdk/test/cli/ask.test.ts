/** Questions at a terminal: what was typed goes off the screen again, and Ctrl-C ends them. */
import { PassThrough } from "node:stream"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { openAsker } from "../../src/cli/ask.ts"
import { isWardlineError } from "../../src/errors.ts"

interface Terminal {
  readonly input: PassThrough & { isTTY: boolean }
  readonly screen: PassThrough & { isTTY: boolean; columns: number }
  text(): string
}

function terminal(columns: number, isTTY = true): Terminal {
  const input = Object.assign(new PassThrough(), { isTTY })
  const screen = Object.assign(new PassThrough(), { isTTY, columns })
  let shown = ""
  screen.setEncoding("utf8").on("data", (text: string) => {
    shown += text
  })
  return { input, screen, text: () => shown }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** How many rows the screen was told to take away. */
const erasedRows = (text: string): number => text.split("\u001b[1A\u001b[2K").length - 1

for (const { name, columns, rows } of [
  { name: "as many rows as were used", columns: 40, rows: 3 },
  { name: "a wrapped line's rows, too", columns: 12, rows: 5 },
  { name: "on a terminal that doesn't know its width", columns: 0, rows: 3 },
]) {
  test(`erasing takes away ${name}`, async () => {
    const { input, screen, text } = terminal(columns)
    const asker = openAsker(new AbortController().signal, input, screen)
    asker.say("this stays")
    asker.keep()
    const first = asker.ask("line 1: ")
    input.write("abandon ability\r")
    assert.is(await first, "abandon ability")
    asker.say("Once more:")
    const second = asker.ask("line 1: ")
    input.write("abandon able\r")
    assert.is(await second, "abandon able")
    asker.erase()
    asker.close()
    await settled()
    assert.is(erasedRows(text()), rows)
  })
}

test("what was typed doesn't come back with the arrow keys", async () => {
  const { input, screen } = terminal(80)
  const asker = openAsker(new AbortController().signal, input, screen)
  const first = asker.ask("line 1: ")
  input.write("abandon\r")
  assert.is(await first, "abandon")
  const second = asker.ask("line 2: ")
  input.write("\u001b[A\r")
  assert.is(await second, "")
  asker.close()
})

for (const { name, stop } of [
  { name: "Ctrl-C at a terminal", stop: (input: PassThrough) => void input.write("\u0003") },
  {
    name: "a signal of the process",
    stop: (_: PassThrough, controller: AbortController) => controller.abort(),
  },
]) {
  test(`${name} ends the questions`, async () => {
    const { input, screen } = terminal(80)
    const controller = new AbortController()
    const asker = openAsker(controller.signal, input, screen)
    const asked = asker.ask("line 1: ")
    stop(input, controller)
    try {
      await asked
      assert.unreachable("it went on")
    } catch (error) {
      assert.ok(isWardlineError(error, "ERR_ABORTED"))
    }
  })
}

test("without a terminal lines come one by one, however they arrive, and then there are none", async () => {
  const { input, screen, text } = terminal(80, false)
  const asker = openAsker(new AbortController().signal, input, screen)
  input.end("one\ntwo\n")
  assert.is(await asker.ask("line 1: "), "one")
  assert.is(await asker.ask("line 2: "), "two")
  assert.is(await asker.ask("line 3: "), undefined)
  asker.erase()
  assert.is(erasedRows(text()), 0)
})

test.run()
