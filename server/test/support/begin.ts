/** A conversation that has begun: the line with which most of the relay's stories open. */
import type { Device } from "@wardline/sdk/crypto"
import { TestChat } from "./chat.ts"
import { logIn, type TestClient } from "./client.ts"
import { newDevice, type TestClinic } from "./clinic.ts"

export interface Begun {
  readonly device: Device
  readonly chat: TestChat
  readonly patient: TestClient
}

/** A new patient logs in and publishes a conversation's first records.
 * @param roles - whom it is for; as TestChat says, unless given. */
export async function beginChat(url: string, clinic: TestClinic, roles?: readonly string[]): Promise<Begun> {
  const device = newDevice()
  const chat = new TestChat(clinic, device, roles)
  const patient = await logIn(url, clinic, device)
  await patient.publishAll(chat.beginning())
  return { device, chat, patient }
}
