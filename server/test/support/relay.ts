/** Relays for tests: on loopback, any free port, a data folder that goes away. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Writer } from "@wardline/sdk/protocol"
import { type Relay, type RelayOptions, startRelay } from "../../src/index.ts"
import type { TestClinic } from "./clinic.ts"

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "wardline-relay-"))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Posts directory records; resolves to the answer. */
export async function post(
  url: string,
  clinicName: string,
  records: readonly Uint8Array[],
  headers: Record<string, string> = {},
): Promise<{ status: number; body: { code?: string; position?: number; link?: string; message?: string } }> {
  const writer = new Writer()
  for (const record of records) writer.lp32(record)
  const response = await fetch(`${url}/v1/clinics/${clinicName}/directory`, {
    method: "POST",
    body: Buffer.from(writer.done()),
    headers,
  })
  return { status: response.status, body: (await response.json()) as { code?: string } }
}

/** Starts a relay that serves the clinics and has their directories. */
export async function start(
  clinic: TestClinic | readonly TestClinic[],
  options: Partial<RelayOptions> = {},
): Promise<Relay> {
  const clinics = Array.isArray(clinic) ? (clinic as readonly TestClinic[]) : [clinic as TestClinic]
  const relay = await startRelay({
    data: newFolder(),
    clinicKeys: clinics.map(({ key }) => key),
    port: 0,
    ...options,
  })
  for (const { name, records } of clinics) {
    const known = relay.clinics.find(({ id }) => id === name)?.directoryPosition ?? 0
    if (known > 0) continue
    const { status, body } = await post(relay.url, name, records)
    if (status !== 200) throw new Error(`the directory was refused: ${JSON.stringify(body)}`)
  }
  return relay
}

/** Runs `work` with a relay and cleans up. */
export async function withRelay(
  clinic: TestClinic | readonly TestClinic[],
  work: (relay: Relay, folder: string) => Promise<void>,
  options: Partial<RelayOptions> = {},
): Promise<void> {
  const folder = options.data ?? newFolder()
  const relay = await start(clinic, { ...options, data: folder })
  try {
    await work(relay, folder)
  } finally {
    await relay.close()
    if (options.data === undefined) removeFolder(folder)
  }
}
