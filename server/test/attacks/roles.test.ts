/** A device with several roles acts in those that the conversation addresses, and in no other. */
import { asRole, encodeDeviceAdd } from "@wardline/sdk/protocol"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { beginChat } from "../support/begin.ts"
import { logIn } from "../support/client.ts"
import { keysOf, newDevice, TestClinic } from "../support/clinic.ts"
import { withRelay } from "../support/relay.ts"

const test = suite("roles")

test("access is by a role that the conversation addresses, whatever else the device holds", async () => {
  const clinic = new TestClinic()
  const both = newDevice()
  const roles = ["billing", "nursing"].map((role) => ({ role: asRole(role), keeper: false }))
  clinic.sign("device-add", encodeDeviceAdd({ keys: keysOf(both), name: "Both", roles, expires: 0 }))
  await withRelay(clinic, async ({ url }) => {
    const { chat, patient } = await beginChat(url, clinic, ["billing"])
    const staff = await logIn(url, clinic, both)
    assert.is(await staff.refusal(chat.access(both, { role: "nursing" })), "ERR_FORBIDDEN")
    assert.is(await staff.refusal(chat.access(both, { role: "billing" })), "accepted")
    await Promise.all([patient.close(), staff.close()])
  })
})

test("access is by a role that the device holds, even if the conversation addresses another beside it", async () => {
  const clinic = new TestClinic()
  await withRelay(clinic, async ({ url }) => {
    const { chat, patient } = await beginChat(url, clinic, ["billing", "nursing"])
    const nurse = await logIn(url, clinic, clinic.nurse)
    assert.is(await nurse.refusal(chat.access(clinic.nurse, { role: "billing" })), "ERR_FORBIDDEN")
    assert.is(await nurse.refusal(chat.access(clinic.nurse, { role: "nursing" })), "accepted")
    await Promise.all([patient.close(), nurse.close()])
  })
})

test.run()
