/** Nothing by a revoked device comes after its revocation, not even in the same transaction. */
import { connect, type Socket } from "node:net"
import { encodeFrame, toHex, Writer } from "@wardline/sdk/protocol"
import { isRecordAction } from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { SqliteStore } from "../../src/store/sqlite.ts"
import type { ClinicRef } from "../../src/store/store.ts"
import { beginChat } from "../support/begin.ts"
import { logIn } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { entriesOf } from "../support/entries.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const test = suite("revocation")
const TRIES = 12

async function connected(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on("error", () => {})
  await new Promise<void>((resolve) => socket.once("connect", resolve))
  return socket
}

function postBytes(clinic: TestClinic, record: Uint8Array): Buffer {
  const body = new Writer().lp32(record).done()
  const head = `POST /v1/clinics/${clinic.name}/directory HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

test("what arrives together with the revocation is judged after it", async () => {
  const folder = newFolder()
  const clinic = new TestClinic()
  const relay = await start(clinic, { data: folder })
  const revoked = new Set<string>()
  for (let i = 0; i < TRIES; i++) {
    const colleague = newDevice()
    const socket = await connected(relay.url)
    socket.write(postBytes(clinic, clinic.addStaff(colleague, "nursing")))
    await new Promise<void>((resolve) => socket.once("data", () => resolve()))
    const { chat, patient } = await beginChat(relay.url, clinic)
    const nurse = await logIn(relay.url, clinic, colleague)
    await nurse.publishAll([chat.access(colleague)])
    const message = encodeFrame({ kind: "publish", id: 99, record: chat.message(colleague) })
    const revocation = postBytes(clinic, clinic.revoke(colleague))
    revoked.add(toHex(colleague.id))
    // Both are in the kernel before the relay reads either.
    socket.write(revocation)
    nurse.socket.send(message)
    assert.is((await nurse.closed).code, 4403)
    socket.destroy()
    await patient.close()
  }
  await relay.close()

  const entries = entriesOf(folder)
  const store = new SqliteStore(folder, { isReadOnly: true })
  const ref = store.clinics()[0] as ClinicRef
  const gone = new Set<string>()
  for (const { action, actor, scope, position } of entries) {
    if (isRecordAction(action)) assert.not(gone.has(toHex(actor)), "a record after its device's revocation")
    if (action === "device-revoke")
      gone.add(toHex(store.find(ref, scope, position)?.bytes.subarray(48, 64) ?? new Uint8Array(0)))
  }
  store.close()
  assert.equal(gone, revoked)
  removeFolder(folder)
})

test.run()
