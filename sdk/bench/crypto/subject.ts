/** What each library of the bench has to do, and how long it takes. */

/** Bytes of each message: with its length before it, one padded block of 512 bytes in Wardline. */
export const PAYLOAD_BYTES = 508
/** Members of a group, whoever makes its key included. */
const GROUP_SIZES = [2, 10, 50] as const
export const LARGEST_GROUP = 50

export const TASKS = [
  /** Encrypts and authenticates one message. */
  "seal",
  /** The same, its random salt made beforehand: what is left is what the floor does too. */
  "seal, salt given",
  /** Checks and decrypts one message. */
  "open",
  /** Gives a new key to a group of people of whom only the public keys are known. */
  "group of 2",
  "group of 10",
  "group of 50",
  /** One member takes the key of the largest group. */
  "join",
] as const

export type TaskName = (typeof TASKS)[number]

export interface Timing {
  /** Processor time of one operation, the mean of the window: unlike the clock, it doesn't count what other programs
   * do meanwhile. On an idle machine the two agree. */
  readonly microseconds: number
  /** By the clock, for the JSON: more than the above where other programs run, or where a library waits for threads of
   * its own. */
  readonly elapsedMicroseconds: number
  /** What one operation makes to travel; of an opening, what it opened. */
  readonly bytes: number
  readonly operations: number
}

/** Does an operation again and again until `windowMs` are over, once at least. */
export type Task = (windowMs: number) => Promise<Timing>

/** One library, loaded and with its keys made. Tasks that it doesn't have are left out. */
export type Subject = Readonly<Partial<Record<TaskName, Task>>>

/** Inputs made at once; more would measure the memory that they take. */
const MAX_BATCH = 2000

/** Makes a task.
 * @param prepare - makes what `count` operations need; not timed.
 * @param run - the operation; returns its bytes (see {@link Timing}). */
export function task<Input>(
  prepare: (count: number) => readonly Input[] | Promise<readonly Input[]>,
  run: (input: Input) => number | Promise<number>,
): Task {
  return async (windowMs) => {
    let [batch, operations, spentMs, elapsedMs, bytes] = [1, 0, 0, 0, 0]
    do {
      const inputs = await prepare(batch)
      // What preparing left behind isn't the operation's to clear away.
      globalThis.gc?.({ type: "minor" })
      const startMs = processorMs()
      const clockMs = performance.now()
      for (const input of inputs) {
        const result = run(input)
        // Awaiting a number would cost synchronous libraries a turn of the event loop.
        bytes = typeof result === "number" ? result : await result
      }
      elapsedMs += performance.now() - clockMs
      spentMs += processorMs() - startMs
      operations += inputs.length
      const left = Math.ceil((windowMs - spentMs) / (spentMs / operations))
      batch = Math.max(1, Math.min(MAX_BATCH, left || 1, 4 * batch))
    } while (spentMs < windowMs)
    const mean = (ms: number): number => (1000 * ms) / operations
    return { microseconds: mean(spentMs), elapsedMicroseconds: mean(elapsedMs), bytes, operations }
  }
}

function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** One task for each size of group. */
export function groupTasks(
  make: (size: number) => Task,
): Record<`group of ${(typeof GROUP_SIZES)[number]}`, Task> {
  return { "group of 2": make(2), "group of 10": make(10), "group of 50": make(50) }
}

/** For operations that need nothing of their own. */
export function repeated<Input>(input: Input): (count: number) => readonly Input[] {
  return (count) => Array.from({ length: count }, () => input)
}

/** For inputs that are made one after the other. */
export function series<Input>(make: () => Input | Promise<Input>): (count: number) => Promise<Input[]> {
  return async (count) => {
    const inputs: Input[] = []
    while (inputs.length < count) inputs.push(await make())
    return inputs
  }
}
