/** A relay that brings its checkpoints to witnesses, and what it says when they have seen another log. */
import { cpSync } from "node:fs"
import { auditOrigin } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Log } from "../../src/log.ts"
import { openLogKey } from "../../src/log-key.ts"
import { TestLog } from "../support/audit-log.ts"
import { TestChat } from "../support/chat.ts"
import { logIn } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"
import { WitnessServer } from "../support/witness-server.ts"

const test = suite("witnessing")

/** What the process log says. */
class Said implements Log {
  readonly lines: string[] = []
  readonly #say =
    (level: string) =>
    (event: string, fields: object = {}): void => {
      this.lines.push(`${level} ${event} ${JSON.stringify(fields)}`)
    }
  readonly debug = this.#say("debug")
  readonly info = this.#say("info")
  readonly warn = this.#say("warn")
  readonly error = this.#say("error")

  async until(pattern: RegExp): Promise<void> {
    while (!this.lines.some((line) => pattern.test(line)))
      await new Promise((resolve) => setTimeout(resolve, 20))
  }

  has(pattern: RegExp): boolean {
    return this.lines.some((line) => pattern.test(line))
  }
}

interface Scene {
  witness: WitnessServer
  clinic: TestClinic
  folder: string
  said: Said
  /** Starts a relay on a folder. */
  run(data: string, work: (log: TestLog) => Promise<void>): Promise<void>
}

async function withWitness(work: (scene: Scene) => Promise<void>): Promise<void> {
  const witness = await WitnessServer.start("witness.example")
  const clinic = new TestClinic()
  clinic.setPolicy({ witnesses: [witness.witness], quorum: 1 })
  const folder = newFolder()
  const said = new Said()
  witness.log = { origin: auditOrigin(clinic.id), key: openLogKey(folder).publicKey }
  const run: Scene["run"] = async (data, inRelay) => {
    const witnesses = [witness.url]
    const relay = await start(clinic, { data, log: said, witnesses, limits: { checkpointMs: 1 } })
    try {
      await inRelay(new TestLog(relay, clinic))
    } finally {
      await relay.close()
    }
  }
  try {
    await work({ witness, clinic, folder, said, run })
  } finally {
    await witness.close()
    removeFolder(folder)
  }
}

async function grow({ relay, clinic }: TestLog): Promise<void> {
  const device = newDevice()
  const client = await logIn(relay.url, clinic, device)
  await client.publishAll(new TestChat(clinic, device).beginning())
  await client.close()
}

/** The witnessed checkpoint once it has at least this size. */
async function witnessedTo(log: TestLog, size: number): Promise<number> {
  for (;;) {
    const { status, text } = await log.fetch("witnessed")
    const reached = status === 200 ? log.open(text).size : 0
    if (reached >= size) return reached
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test("each checkpoint is brought, with the proof that it continues the last, and the very last too", async () => {
  await withWitness(async ({ witness, folder, run, said }) => {
    await run(folder, async (log) => {
      const size = await witnessedTo(log, 1)
      await grow(log)
      await witnessedTo(log, size + 4)
    })
    const seen = witness.known?.size ?? 0
    await run(folder, async (log) => {
      // The stop was brought before the relay was gone.
      assert.is(log.open((await log.fetch("witnessed")).text).size >= seen, true)
      await witnessedTo(log, seen + 1)
    })
    assert.not.ok(said.has(/^(warn|error) a witness/))
  })
})

test("a witness that is down is called again, and holds up nobody", async () => {
  await withWitness(async ({ witness, folder, run, said }) => {
    witness.answer = () => ({ status: 500, text: "" })
    await run(folder, async (log) => {
      await said.until(/warn a witness hasn't signed .*answered with status 500/)
      await grow(log)
      witness.answer = undefined
      await witnessedTo(log, 1)
    })
    assert.ok(witness.calls > 1)
  })
})

test("a relay whose data are older than what was witnessed says so, and serves on", async () => {
  await withWitness(async ({ witness, folder, run, said }) => {
    await run(folder, grow)
    const backup = newFolder()
    cpSync(folder, backup, { recursive: true })
    await run(folder, grow)
    const seen = witness.known?.size ?? 0
    assert.not.ok(said.has(/^error/))

    await run(backup, async (log) => {
      await said.until(/^error a witness has seen another audit log .*ERR_ROLLBACK.*older/)
      assert.ok((await log.checkpoint()).size < seen)
      // It grows beyond what was witnessed, another way.
      for (let i = 0; i < 4; i++) await grow(log)
      await log.grownTo(seen + 1)
      await said.until(/^error a witness has seen another audit log .*ERR_FORK.*continues/)
      const { status } = await log.fetch("witnessed")
      assert.is(status, 200)
    })
    assert.is(witness.known?.size, seen)
    removeFolder(backup)
  })
})

test("a witness that isn't there is said to the operator with the reason", async () => {
  await withWitness(async ({ witness, folder, run, said }) => {
    await witness.close()
    await run(folder, () => said.until(/warn .*ERR_OFFLINE.*ECONNREFUSED/))
  })
})

for (const { name, answer, says } of [
  { name: "a log it doesn't know", answer: { status: 404, text: "" }, says: /warn .*ERR_NOT_FOUND/ },
  { name: "another key", answer: { status: 403, text: "" }, says: /warn .*ERR_SIGNATURE/ },
  { name: "no consistency", answer: { status: 422, text: "" }, says: /error .*ERR_FORK/ },
  { name: "nonsense", answer: { status: 200, text: "welcome" }, says: /warn .*ERR_MALFORMED/ },
  { name: "nothing", answer: { status: 200, text: "" }, says: /warn .*ERR_MALFORMED/ },
  {
    name: "more than it may",
    answer: { status: 200, text: "x".repeat(100_000) },
    says: /warn .*ERR_TOO_LARGE/,
  },
  { name: "a size that is none", answer: { status: 409, text: "-1\n" }, says: /warn .*ERR_MALFORMED/ },
  {
    name: "a size beyond all",
    answer: { status: 409, text: "9007199254740991\n" },
    says: /error .*ERR_ROLLBACK/,
  },
])
  test(`a witness that answers with ${name} is said to the operator, and nothing is taken`, async () => {
    await withWitness(async ({ witness, folder, run, said }) => {
      witness.answer = () => answer
      await run(folder, async (log) => {
        await said.until(says)
        assert.is((await log.fetch("witnessed")).status, 404)
      })
    })
  })

test("a witness that signs with another key than the policy's is no witness", async () => {
  await withWitness(async ({ witness, folder, run, said }) => {
    const stranger = await WitnessServer.start("witness.example")
    stranger.log = witness.log
    witness.answer = (body) => {
      const text = body.slice(body.indexOf("\n\n") + 2)
      return { status: 200, text: stranger.witness.line(text.slice(0, text.indexOf("\n\n") + 1)) }
    }
    await run(folder, async (log) => {
      await said.until(/warn .*ERR_FORBIDDEN/)
      assert.is((await log.fetch("witnessed")).status, 404)
    })
    await stranger.close()
  })
})

test.run()
