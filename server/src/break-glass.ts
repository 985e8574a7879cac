/** Accesses in an emergency: each has an end in the audit log too, when its time is over or another access of the same
 * device takes its place. The store keeps those that haven't ended, so that none is forgotten over a restart. */
import { isEmergency, purposeOf } from "@wardline/sdk/protocol"
import type { Access, Conversation } from "./conversation.ts"
import { keyOf } from "./hashing.ts"
import { eventWith } from "./requests/note.ts"
import type { BrokenGlass } from "./store/store.ts"
import type { Transaction } from "./transaction.ts"

export class BreakGlass {
  /** By conversation and device; the running batch's included. */
  readonly #broken = new Map<string, BrokenGlass>()

  /** @param broken - what the store knows of. */
  constructor(broken: Iterable<BrokenGlass>) {
    for (const glass of broken) this.#broken.set(nameOf(glass), glass)
  }

  /** A device's access record is being stored: one of an emergency before it is over, and it may begin another. */
  access(transaction: Transaction, conversation: Conversation, device: string, access: Access): void {
    const before = this.#broken.get(conversation.key + device)
    if (before !== undefined) this.end(transaction, conversation, before)
    if (!isEmergency(purposeOf(access.purpose))) return
    const glass: BrokenGlass = {
      scope: conversation.ref,
      device: Buffer.from(device, "latin1"),
      role: access.role,
      purpose: access.purpose,
      // The access record's, which comes next.
      position: conversation.position + 1,
      untilMs: access.untilMs,
    }
    this.#set(transaction, nameOf(glass), glass)
    transaction.breakGlass({ scope: glass.scope, device: glass.device, broken: glass })
  }

  /** Notes that an emergency is over, once. */
  end(transaction: Transaction, conversation: Conversation, glass: BrokenGlass): void {
    const { scope, device, role, purpose, position } = glass
    const name = nameOf(glass)
    if (this.#broken.get(name) !== glass) return
    this.#set(transaction, name, undefined)
    transaction.breakGlass({ scope, device, broken: undefined })
    const event = { action: "break-glass-end", actor: keyOf(device), role, purpose, position } as const
    transaction.note(conversation.clinic, eventWith(event, transaction.nowMs), conversation)
  }

  #set(transaction: Transaction, name: string, glass: BrokenGlass | undefined): void {
    const before = this.#broken.get(name)
    const set = (value: BrokenGlass | undefined): void => {
      if (value === undefined) this.#broken.delete(name)
      else this.#broken.set(name, value)
    }
    set(glass)
    transaction.onRollBack(() => set(before))
  }

  /** Those whose time is over. */
  due(nowMs: number): BrokenGlass[] {
    return [...this.#broken.values()].filter(({ untilMs }) => untilMs <= nowMs)
  }
}

function nameOf({ scope, device }: BrokenGlass): string {
  return keyOf(scope.id) + keyOf(device)
}
