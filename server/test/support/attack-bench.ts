/** Tables of attacks on a conversation: each begins at a stage of its life, has its code, and stores nothing. */
import type { Device } from "@wardline/sdk/crypto"
import type { ErrorCode, Slot } from "@wardline/sdk/protocol"
import type { Test } from "uvu"
import * as assert from "uvu/assert"
import type { Relay } from "../../src/index.ts"
import type { TestChat } from "./chat.ts"
import { newDevice, TestClinic } from "./clinic.ts"
import { newFolder, removeFolder, start } from "./relay.ts"
import { Scene, type Stage } from "./scene.ts"

export type Attack = (scene: Scene) => Promise<ErrorCode | "accepted">

export interface Row {
  readonly name: string
  readonly stage: Stage
  readonly code: ErrorCode | "accepted"
  readonly attack: Attack
}

/** A relay for one test file, with a clinic that has a vault, and another clinic. */
export class AttackBench {
  readonly clinic: TestClinic = new TestClinic()
  readonly other: TestClinic = new TestClinic()
  /** Keeps the vault. */
  readonly archivist: Device = newDevice()
  readonly #test: Test
  readonly #folder = newFolder()
  #relay: Relay | undefined

  constructor(test: Test) {
    this.#test = test
    this.clinic.openVault(this.archivist)
    const limits = { loginsBurst: 10_000, httpBurst: 10_000 }
    test.before(async () => {
      this.#relay = await start([this.clinic, this.other], { data: this.#folder, limits })
    })
    test.after(async () => {
      await this.#relay?.close()
      removeFolder(this.#folder)
    })
  }

  get url(): string {
    return this.#relay?.url ?? ""
  }

  scene(): Scene {
    return new Scene(this.url, this.clinic, this.archivist)
  }

  /** Makes a test of each row. */
  each(rows: readonly Row[]): void {
    for (const { name, stage, code, attack } of rows) {
      this.#test(`${code === "accepted" ? "accepts" : "refuses"} ${name}`, async () => {
        const scene = this.scene()
        await scene.reach(stage)
        scene.baseline = await scene.position()
        assert.is(await attack(scene), code)
        if (code !== "accepted") assert.is(await scene.position(), scene.baseline, "something was stored")
        await scene.end()
      })
    }
  }
}

/** What one of the scene's devices publishes. */
export type Published = (scene: Scene) => readonly [device: Device, record: Uint8Array]

/** Rows that differ by what is published alone. */
export function publishing(
  common: Pick<Row, "stage" | "code">,
  rows: readonly { readonly name: string; readonly publish: Published }[],
): Row[] {
  return rows.map(({ name, publish }) => ({
    name,
    ...common,
    attack: (scene) => scene.refusal(...publish(scene)),
  }))
}

export const thePatient = ({ chat }: Scene): Device => chat.patient
export const thePhone = ({ phone }: Scene): Device => phone

export type GrantChanges = Parameters<TestChat["grant"]>[3]

export function grant(
  scene: Scene,
  slot: Slot,
  changes: GrantChanges = {},
  by: Device = scene.chat.patient,
): Uint8Array {
  return scene.chat.grant("grant", by, slot, changes)
}
