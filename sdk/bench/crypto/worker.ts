// One subject in a process of its own, so that no library's garbage or compiled code slows another one.
import type { TaskName } from "./subject.ts"
import { PARTICIPANTS } from "./subjects/index.ts"

/** What the parent sends, once it got the list of tasks. */
export interface WorkerRequest {
  readonly task: TaskName
  readonly windowMs: number
}

const participant = PARTICIPANTS.find(({ name }) => name === process.argv[2])
if (participant === undefined) throw new Error(`no subject named ${process.argv[2]}`)
const subject = await participant.load(process.argv[3] ?? "")

process.on("message", ({ task, windowMs }: WorkerRequest) => {
  const run = subject[task]
  if (run === undefined) throw new Error(`${process.argv[2]} has no ${task}`)
  run(windowMs).then(
    (timing) => process.send?.({ timing }),
    (error: unknown) => process.send?.({ error: String((error as Error).stack ?? error) }),
  )
})
process.send?.({ tasks: Object.keys(subject) })
