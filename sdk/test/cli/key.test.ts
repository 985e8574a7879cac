/** A key ceremony with the real command, and its other end; the clinic's directory was never sent anywhere yet. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { decodeRootKey } from "../../src/cli/root-key-file.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { type Answer, type Desk, makeDesk, PASSPHRASE, type Ran, wardline } from "./wardline.ts"

const test = suite("a key ceremony")
let desk: Desk
let keyText: string

const clinic = (name = "clinic"): string => desk.path(name)
const rootKey = (): string => desk.path("root.txt")
const shareFile = (n: number, folder = "shares"): string => desk.path(`${folder}/share-${n}-of-5.txt`)
const linesOf = (n: number, folder = "shares"): string[] =>
  [...readFileSync(shareFile(n, folder), "utf8").matchAll(/^\d\. (.+)$/gm)].map(([, words]) => words ?? "")

function assertCode(ran: Ran, code: number): void {
  assert.is(ran.code, code, `${ran.stdout}\n${ran.stderr}`)
}

const split = (out: string, ...more: string[]): Promise<Ran> => {
  const args = ["--root-key", rootKey(), "--shares", "5", "--needed", "3", "--out", desk.path(out)]
  return wardline(["key", "split", "root", ...args, ...more])
}

/** Puts the root key together, into a file of its own. */
const combine = (out: string, more: readonly string[], answer?: Answer): Promise<Ran> =>
  wardline(
    [
      "key",
      "combine",
      "root",
      "--dir",
      clinic(),
      "--root-key",
      desk.path(out),
      "--reason",
      "a test",
      ...more,
    ],
    {},
    answer,
  )
const withShares = (...numbers: number[]): string[] => numbers.flatMap((n) => ["--share", shareFile(n)])

const init = (name: string, root: string): Promise<Ran> =>
  wardline([
    "init",
    ...["--name", "Juniper <b>Street</b>", "--admin", "Dana", "--root-key", desk.path(root)],
    ...["--dir", clinic(name), "--passphrase-file", desk.passphraseFile],
  ])

/** How many recoveries the directory's copy names. */
async function recoveries(): Promise<number> {
  const shown = await wardline(["directory", "show", "--dir", clinic(), "--offline", "--json"])
  assertCode(shown, 0)
  return (JSON.parse(shown.stdout) as { recoveries: unknown[] }).recoveries.length
}

/** Nothing that the command says may hold the key, in whole or as a share. */
function assertSilent(ran: Ran): void {
  const said = ran.stdout + ran.stderr
  assert.not.ok(said.includes(Buffer.from(decodeRootKey(keyText)).toString("hex")), "the key was printed")
  for (const n of [1, 2, 3, 4, 5])
    for (const line of linesOf(n)) assert.not.ok(said.includes(line), `a line of share ${n} was printed`)
  assert.not.ok(said.includes(PASSPHRASE), "the passphrase was printed")
}

test.before(async () => {
  await cryptoReady()
  desk = makeDesk()
  assertCode(await init("clinic", "root.txt"), 0)
  keyText = readFileSync(rootKey(), "utf8")
})

test.after(() => desk.clear())

test("split writes sheets and share files that only their owner can read, and says no secret", async () => {
  const ran = await split("shares", "--files", "--holder", "Ana <i>Ruiz</i>")
  assertCode(ran, 0)
  assertSilent(ran)
  const names = readdirSync(desk.path("shares")).sort()
  assert.equal(names, [...[1, 2, 3, 4, 5].map((n) => `share-${n}-of-5.txt`), "sheets.html"])
  if (process.platform !== "win32") {
    assert.is(statSync(desk.path("shares")).mode & 0o777, 0o700)
    for (const name of names) assert.is(statSync(desk.path(`shares/${name}`)).mode & 0o777, 0o600, name)
  }
  const html = readFileSync(desk.path("shares/sheets.html"), "utf8")
  for (const n of [1, 2, 3, 4, 5])
    for (const line of linesOf(n)) assert.ok(html.includes(`<td>${line.split(" ").join("</td><td>")}</td>`))
  assert.is(html.match(/<section>/g)?.length, 6, "a page for each holder, and the record")
  const record = html.slice(html.lastIndexOf("<section>"))
  for (const n of [1, 2, 3, 4, 5])
    for (const line of linesOf(n)) assert.not.ok(record.includes(line.split(" ").join("</td><td>")))
  assert.ok(
    html.includes("Juniper &lt;b&gt;Street&lt;/b&gt;") && html.includes("Ana &lt;i&gt;Ruiz&lt;/i&gt;"),
  )
  assert.not.match(html, /<script|<link|src=|https?:/)
  assert.ok(existsSync(rootKey()), "without --remove the key's file stays")
})

test("combine from files writes the same key again and leaves a record that everybody can see", async () => {
  const before = await recoveries()
  const ran = await combine("again.txt", withShares(5, 1, 3))
  assertCode(ran, 0)
  assertSilent(ran)
  assert.equal(
    decodeRootKey(readFileSync(desk.path("again.txt"), "utf8")),
    decodeRootKey(readFileSync(rootKey(), "utf8")),
  )
  if (process.platform !== "win32") assert.is(statSync(desk.path("again.txt")).mode & 0o777, 0o600)
  assert.is(await recoveries(), before + 1)
  const shown = await wardline(["directory", "show", "--dir", clinic(), "--offline"])
  assert.match(shown.stdout, /RECOVERED +WHEN +BY +WHY\nroot +\d{4}-.* UTC +the root key +a test\n/)
})

test("combine asks for share after share, names a slip with its line, and asks again", async () => {
  const queue = [2, 4, 5].flatMap((n) => linesOf(n))
  queue.splice(2, 0, queue[2]?.replace(/^\S+/, "zzzz") ?? "", queue[3] ?? "", "one two")
  const asked: string[] = []
  const ran = await combine("typed.txt", [], (question) => {
    asked.push(question.trim())
    // Shortened, in capitals, with a number: as people type.
    return queue
      .shift()
      ?.replaceAll(/\b(\w{4})\w*/g, "$1")
      .toUpperCase()
  })
  assertCode(ran, 0)
  assertSilent(ran)
  assert.match(ran.stderr, "line 3: word 1 is not a word of the list")
  assert.match(ran.stderr, "line 3: its words don't fit its last one")
  assert.match(ran.stderr, "line 3: has 2 words and should have 5")
  assert.match(ran.stderr, /Share 2 is read[\s\S]*Share 4 is read[\s\S]*Share 5 is read/)
  assert.equal(asked.filter((question) => question === "line 3:").length, 6)
  assert.is(readFileSync(desk.path("typed.txt"), "utf8").includes("secret key: "), true)
})

test("a share that doesn't belong is named when it is whole, and another is asked for", async () => {
  assertCode(await split("second", "--files"), 0)
  const queue = [linesOf(1), linesOf(1), linesOf(2, "second"), linesOf(2), linesOf(3)].flat()
  const ran = await combine("named.txt", [], () => queue.shift())
  assertCode(ran, 0)
  assert.match(ran.stderr, "share 1 was given before")
  assert.match(ran.stderr, "share 2 doesn't belong with share 1")
})

for (const { title, numbers, code, message } of [
  { title: "too few shares", numbers: [1, 2], code: 5, message: "3 shares are needed and 2 given" },
  { title: "a share twice", numbers: [1, 2, 2], code: 5, message: "share 2 was given before" },
]) {
  test(`combine refuses ${title}, and leaves no file and no record`, async () => {
    const before = await recoveries()
    const ran = await combine("refused.txt", withShares(...numbers))
    assertCode(ran, code)
    assert.match(ran.stderr, message)
    assert.not.ok(existsSync(desk.path("refused.txt")))
    assert.is(await recoveries(), before)
  })
}

test("combine stops when nobody types any more: too few, or in the middle of a share", async () => {
  const two = [1, 2].flatMap((n) => linesOf(n))
  const few = await combine("refused.txt", [], () => two.shift())
  assertCode(few, 5)
  assert.match(few.stderr, "3 shares are needed and 2 given")
  const none = await combine("refused.txt", [], () => undefined)
  assertCode(none, 5)
  assert.match(none.stderr, "no share was given")
  const part = linesOf(1).slice(0, 3)
  const stopped = await combine("refused.txt", [], () => part.shift())
  assertCode(stopped, 130)
  assert.match(stopped.stderr, "stopped at line 4")
  assert.not.ok(existsSync(desk.path("refused.txt")))
})

test("combine names the file and every line that is wrong in it", async () => {
  const text = readFileSync(shareFile(2), "utf8")
  const [one = "", two = ""] = [linesOf(2)[1], linesOf(2)[6]]
  const changed = text.replace(one, one.replace(/^\w+/, "zzzz")).replace(`7. ${two}\n`, "")
  writeFileSync(desk.path("slip.txt"), changed)
  const ran = await combine("refused.txt", [
    ...withShares(1),
    "--share",
    desk.path("slip.txt"),
    ...withShares(3),
  ])
  assertCode(ran, 1)
  assert.match(ran.stderr, /slip\.txt: line 2: word 1 is not a word of the list[\s\S]*line 7: it is missing/)
  assert.not.ok(ran.stderr.includes("zzzz"), "what was typed isn't repeated")
})

test("a false share makes no key: what comes out is checked against the clinic's key", async () => {
  assertCode(await init("other", "other.txt"), 0)
  const before = await recoveries()
  const other = ["--root-key", desk.path("other.txt"), "--shares", "5", "--needed", "3", "--files"]
  assertCode(await wardline(["key", "split", "root", ...other, "--out", desk.path("foreign")]), 0)
  const foreign = [1, 2, 3].flatMap((n) => ["--share", shareFile(n, "foreign")])
  const ran = await combine("refused.txt", foreign)
  assertCode(ran, 1)
  assert.match(ran.stderr, "share 1 is of another clinic")
  assert.not.ok(existsSync(desk.path("refused.txt")))
  assert.is(await recoveries(), before)
})

test("combine never writes over a file, nor into the clinic's folder, and says so before anybody types", async () => {
  copyFileSync(rootKey(), desk.path("kept.txt"))
  const never: Answer = () => {
    throw new Error("it asked for a share")
  }
  const over = await combine("kept.txt", [], never)
  assertCode(over, 2)
  assert.is(readFileSync(desk.path("kept.txt"), "utf8"), readFileSync(rootKey(), "utf8"))
  assertCode(await combine("clinic/root.txt", [], never), 2)
  const without = await wardline([
    "key",
    "combine",
    "root",
    "--dir",
    clinic(),
    "--root-key",
    desk.path("x.txt"),
  ])
  assertCode(without, 2)
  assert.match(without.stderr, "--reason is missing")
})

test("split --remove deletes the key's file only after a line of each sheet was typed back", async () => {
  mkdirSync(desk.path("stick"))
  const key = desk.path("stick/root.txt")
  copyFileSync(rootKey(), key)
  const run = (out: string, answer: Answer): Promise<Ran> => {
    const args = [
      "--root-key",
      key,
      "--shares",
      "3",
      "--needed",
      "2",
      "--out",
      desk.path(out),
      "--files",
      "--remove",
    ]
    return wardline(["key", "split", "root", ...args], {}, answer)
  }
  /** What stands on the paper. */
  const read = (out: string, question: string): string => {
    const [, sheet = "", line = ""] = /sheet (\d), line (\d):/.exec(question) ?? []
    const text = readFileSync(desk.path(`${out}/share-${sheet}-of-3.txt`), "utf8")
    return new RegExp(`^${line}\\. (.+)$`, "m").exec(text)?.[1] ?? ""
  }
  const unconfirmed = await run("kept", (question) =>
    question.includes("sheet 3")
      ? read("kept", question.replace("sheet 3", "sheet 1"))
      : read("kept", question),
  )
  assertCode(unconfirmed, 5)
  assert.match(unconfirmed.stderr, "sheet 3 was not confirmed; nothing was deleted")
  assert.ok(existsSync(key) && existsSync(desk.path("kept/sheets.html")))
  const confirmed = await run("gone", (question) => read("gone", question))
  assertCode(confirmed, 0)
  assert.not.ok(existsSync(key), "the key's file is deleted")
  assert.equal(readdirSync(desk.path("gone")), [])
})

for (const { title, args, message } of [
  {
    title: "one share that is the key",
    args: ["--shares", "3", "--needed", "1"],
    message: "must never be the key",
  },
  {
    title: "more needed than there are",
    args: ["--shares", "3", "--needed", "4"],
    message: "never be put together",
  },
  { title: "half a share", args: ["--shares", "2.5", "--needed", "2"], message: "--shares must be a number" },
]) {
  test(`split refuses ${title}`, async () => {
    const root = ["--root-key", rootKey(), "--out", desk.path("none")]
    const ran = await wardline(["key", "split", "root", ...root, ...args])
    assertCode(ran, 2)
    assert.match(ran.stderr, message)
    assert.not.ok(existsSync(desk.path("none")))
  })
}

test.run()
