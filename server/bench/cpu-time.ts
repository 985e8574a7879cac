import { readFileSync } from "node:fs"

/** Clock ticks a second in /proc: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
/** Of the fields after the name in parentheses: utime and stime (proc_pid_stat(5), 14 and 15). */
const USER_FIELD = 11
const SYSTEM_FIELD = 12

/** Processor time that a process has used so far, in seconds; undefined where the system doesn't tell. */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return (Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD])) / TICKS_PER_SECOND
  } catch {
    return undefined
  }
}
