/** The README's SDK example is the program that runs here. */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { test } from "uvu"
import * as assert from "uvu/assert"

const EXAMPLE = fileURLToPath(new URL("../node-sdk.ts", import.meta.url))
const README = fileURLToPath(new URL("../../README.md", import.meta.url))

/** The lines between `#region <name>` and `#endregion`, without the function's indent. */
function region(source: string, name: string): string {
  const lines = source.split("\n")
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`)
  const end = lines.findIndex((line, i) => i > start && line.trim() === "// #endregion")
  assert.ok(start >= 0 && end > start, `no region ${name}`)
  return lines
    .slice(start + 1, end)
    .map((line) => line.replace(/^ {2}/, ""))
    .join("\n")
}

test("a patient and a nurse write to each other, and the patient sees that it was read", async () => {
  const node = ["--conditions=source", "--import", import.meta.resolve("tsx")]
  const { stdout } = await promisify(execFile)(process.execPath, [...node, EXAMPLE])
  const lines = stdout.trimEnd().split("\n")
  assert.match(lines[0] ?? "", "This chat is between you and the care team")
  assert.ok(lines.includes("Rosa: I need my inhaler refilled"), stdout)
  assert.ok(lines.includes("Noor Haddad, RN opened the conversation (TREAT)"), stdout)
  assert.is(lines.at(-1), "Noor Haddad, RN: It is ready at noon")
})

test("README.md shows the same code", () => {
  const readme = readFileSync(README, "utf8")
  const source = readFileSync(EXAMPLE, "utf8")
  for (const name of ["patient", "nurse"]) assert.ok(readme.includes(region(source, name)), name)
})

test.run()
