import { test } from "uvu"
import * as assert from "uvu/assert"
import { extractExamples, toModule } from "../doc-examples.ts"

const MARKDOWN = `# Title

\`\`\`ts
const whole = 1
\`\`\`

Text

<!-- example: run -->
\`\`\`ts
console.log("ran")
\`\`\`

<!-- example: fragment
declare const client: Client
-->
\`\`\`ts
import { a } from "b"
await client.send(a)
\`\`\`

<!-- example: skip: pseudo code -->
\`\`\`ts
nonsense
\`\`\`

\`\`\`json
{}
\`\`\`
`

test("finds the blocks, what they are and where they stand", () => {
  const found = extractExamples(MARKDOWN).map(({ kind, line }) => ({ kind, line }))
  assert.equal(found, [
    { kind: "module", line: 4 },
    { kind: "run", line: 11 },
    { kind: "fragment", line: 18 },
    { kind: "skip", line: 24 },
  ])
})

test("wraps a fragment, with its imports and declarations before it and its lines in place", () => {
  const fragment = extractExamples(MARKDOWN)[2]
  assert.ok(fragment)
  const { text, offset } = toModule(fragment)
  const lines = text.split("\n")
  assert.equal(lines.slice(0, 3), [
    'import { a } from "b"',
    "declare const client: Client",
    "export async function example() {",
  ])
  const at = lines.indexOf("await client.send(a)") + 1
  assert.is(MARKDOWN.split("\n")[at + offset - 1], "await client.send(a)")
})

test.run()
