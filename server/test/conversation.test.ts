/** What honest devices get from a relay, over real sockets. */

import { sha256 } from "@wardline/sdk/crypto"
import { equalBytes, nextLink, recordHash, startLink } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { TestChat } from "./support/chat.ts"
import { logIn } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { withRelay } from "./support/relay.ts"

const test = suite("conversation")
const clinic = new TestClinic()

test("records get the next positions and links of their chain", async () => {
  await withRelay(clinic, async ({ url }) => {
    const device = newDevice()
    const chat = new TestChat(clinic, device)
    const patient = await logIn(url, clinic, device)
    const records = [...chat.beginning(), chat.message(), chat.message()]
    const acks = await patient.publishAll(records)
    let link = startLink(sha256, chat.id)
    for (const [i, ack] of acks.entries()) {
      link = nextLink(sha256, link, i + 1, recordHash(sha256, records[i] as Uint8Array))
      assert.is(ack.position, i + 1)
      assert.ok(equalBytes(ack.link, link))
    }
    const nurse = await logIn(url, clinic, clinic.nurse)
    await nurse.publishAll([chat.access(clinic.nurse)])
    const id = nurse.subscribe(chat.id)
    const { delivered, end } = await nurse.backlog(id)
    assert.equal(
      delivered.map(({ position }) => position),
      [1, 2, 3, 4, 5, 6],
    )
    assert.is(end.kind, "live")
    await patient.publishAll([chat.message()])
    const live = await nurse.nextOf("deliver", id)
    assert.is(live.position, 7)
    await nurse.publishAll([chat.message(clinic.nurse)])
    await patient.close()
    await nurse.close()
  })
})

test.run()
