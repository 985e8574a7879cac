import { resolve } from "node:path"
import { toHex } from "../bytes.ts"
import { WardlineError } from "../errors.ts"
import {
  type AuditEntry,
  entryHash,
  formatProof,
  parseCheckpoint,
  parseNote,
  verifyInclusion,
} from "../tlog/index.ts"
import { usage } from "./arguments.ts"
import { EXPORT_ARGUMENT, EXPORT_CLINIC_KEY, readLog } from "./audit-source.ts"
import type { Command } from "./command.ts"
import { entryRows } from "./entry-view.ts"
import { EXIT } from "./exit-codes.ts"
import { EXPORT_CRYPTO } from "./export-file.ts"
import { writeNewFile } from "./files.ts"
import { InclusionCollector } from "./inclusion-collector.ts"
import { LogFacts } from "./log-facts.ts"
import { table } from "./output.ts"

const { hash } = EXPORT_CRYPTO

/** A checkpoint to prove against. */
interface Target {
  readonly note: string
  readonly size: number
  readonly root: Uint8Array
  readonly isWitnessed: boolean
}

export const auditProve: Command = {
  name: "audit prove",
  summary: "make a file that proves one entry of the audit log to anybody",
  description: [
    "Makes a C2SP tlog-proof file: the entry, its place in the log's tree, and the checkpoint that the log's key and the clinic's witnesses signed. Whoever has it needs neither the export nor the relay; they check it with wardline audit check.",
    "The file shows that one entry as it is, with the ids of device and conversation and the time, and nothing of the others.",
  ],
  argument: EXPORT_ARGUMENT,
  options: {
    entry: { value: "NUMBER", help: "which entry, by its number in the log" },
    out: { value: "FILE", help: "the file to make (default: entry-NUMBER.tlog-proof); never overwritten" },
    "clinic-key": EXPORT_CLINIC_KEY,
  },
  examples: ["wardline audit prove audit.ndjson --entry 1042"],
  async run(input, context) {
    const text = input.required("entry")
    if (!/^[1-9]\d{0,14}$/.test(text)) throw usage("--entry is an entry's number, such as 1042")
    const sequence = Number(text)
    const out = resolve(input.text("out") ?? `entry-${sequence}.tlog-proof`)
    const collector = new InclusionCollector(hash, sequence - 1)
    let targets: readonly Target[] = []
    let clinic: Uint8Array = new Uint8Array(0)
    let clinicKey = ""
    let target: Target | undefined
    let found: { entry: AuditEntry; bytes: Uint8Array } | undefined
    let proof: readonly Uint8Array[] | undefined
    // To call whoever acted by name.
    const facts = new LogFacts(() => {})
    await readLog(input, context, {
      begin: (line) => {
        facts.begin(line)
        clinic = line.clinic
        clinicKey = toHex(line.rootKey)
        targets = [targetOf(line.witnessed, true), targetOf(line.checkpoint, false)].filter(
          (one) => one !== undefined,
        )
        target = targets.find(({ size }) => size >= sequence)
      },
      entry: (entry, bytes, record) => {
        facts.entry(entry, bytes, record)
        if (entry.sequence === sequence) found = { entry, bytes: bytes.slice() }
        if (target === undefined || collector.size >= target.size) return
        collector.add(entryHash(hash, bytes))
        if (collector.size === target.size) proof = collector.proof()
      },
    })
    if (found === undefined) throw new WardlineError("ERR_NOT_FOUND", `the log has no entry ${sequence}`)
    if (target === undefined || proof === undefined)
      throw new WardlineError(
        "ERR_NOT_FOUND",
        `entry ${sequence} is newer than the log's newest checkpoint in this export; make a newer export`,
      )
    const { entry, bytes } = found
    const { size, root, note, isWitnessed } = target
    const leafHash = entryHash(hash, bytes)
    if (!verifyInclusion(hash, { index: sequence - 1, size, leafHash, root, proof }))
      throw new WardlineError("ERR_INTERNAL", "the proof that was made doesn't hold")
    await writeNewFile(out, formatProof({ entry: bytes, index: sequence - 1, proof, checkpoint: note }))
    context.output.result({ file: out, entry: sequence, size, isWitnessed, clinicKey }, [
      `The proof of entry ${sequence.toLocaleString("en")} is ${out}`,
      "",
      ...table(entryRows(entry, clinic, leafHash, facts.directory)),
      "",
      isWitnessed
        ? `It stands in the log of ${size.toLocaleString("en")} entries that the clinic's witnesses signed.`
        : `It stands in the log of ${size.toLocaleString("en")} entries that the log's key signed, without its witnesses' signatures.`,
      "Whoever gets the file checks it with:",
      `  wardline audit check ${out} --clinic-key ${clinicKey} --relay https://…`,
    ])
    return EXIT.done
  },
}

function targetOf(note: string | undefined, isWitnessed: boolean): Target | undefined {
  if (note === undefined) return undefined
  const { size, root } = parseCheckpoint(parseNote(note).body)
  return { note, size, root, isWitnessed }
}
