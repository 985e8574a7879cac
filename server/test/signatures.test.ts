/** Message signatures: the recipients' to check, and the relay's where it is told to. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { TestChat } from "./support/chat.ts"
import { logIn } from "./support/client.ts"
import { newDevice, TestClinic } from "./support/clinic.ts"
import { withRelay } from "./support/relay.ts"

const test = suite("message signatures")
const clinic = new TestClinic()

for (const { verifyMessages, expected } of [
  { verifyMessages: false, expected: "accepted" },
  { verifyMessages: true, expected: "ERR_SIGNATURE" },
])
  test(`a wrong one is ${expected} with verifyMessages ${verifyMessages}`, async () => {
    await withRelay(
      clinic,
      async ({ url }) => {
        const device = newDevice()
        const chat = new TestChat(clinic, device)
        const patient = await logIn(url, clinic, device)
        await patient.publishAll([...chat.beginning(), chat.message()])
        const wrong = Buffer.from(chat.message())
        wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1
        assert.is(await patient.refusal(wrong), expected)
        await patient.close()
      },
      { verifyMessages },
    )
  })

test.run()
