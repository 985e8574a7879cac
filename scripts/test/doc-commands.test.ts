import { test } from "uvu"
import * as assert from "uvu/assert"
import { commandsOf, shellWords } from "../doc-commands.ts"

const MARKDOWN = `# Title

\`\`\`sh
wardline init --name "Juniper Street" # a comment
wardline-relay start \\
  --data ./data
\`\`\`

   \`\`\`sh
   wardline witness show > checkpoint.txt
   \`\`\`

\`\`\`ts
wardline("not a command")
\`\`\`
`

test("commands are found with their lines, joined where they go on, whatever the indentation", () => {
  assert.equal(commandsOf(MARKDOWN), [
    { words: ["wardline", "init", "--name", "Juniper Street"], line: 4 },
    { words: ["wardline-relay", "start", "--data", "./data"], line: 6 },
    { words: ["wardline", "witness", "show"], line: 10 },
  ])
})

test("words are a shell's: quotes are taken off, comments and redirections left out", () => {
  assert.equal(shellWords(`a "b c" 'd "e"' --f=g $H # i`), ["a", "b c", 'd "e"', "--f=g", "$H"])
  assert.equal(shellWords("a > b"), ["a"])
  assert.equal(shellWords("# nothing"), [])
  assert.equal(shellWords(""), [])
})

test.run()
