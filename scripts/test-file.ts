// Runs one uvu file: `node --conditions=source --import tsx scripts/test-file.ts <file>`.
// uvu left to itself starts on a timer, so a file with a top-level await would start early and run nothing.
import { pathToFileURL } from "node:url"

const file = process.argv[2]
if (file === undefined) throw new Error("usage: test-file.ts <file>")

const shared = globalThis as unknown as { UVU_DEFER: number; UVU_QUEUE: unknown[][] }
shared.UVU_DEFER = 1
const uvu = await import("uvu")
shared.UVU_QUEUE.push([null])
await import(pathToFileURL(file).href)
await uvu.exec()
