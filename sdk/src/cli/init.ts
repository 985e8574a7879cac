import { unlink } from "node:fs/promises"
import { hostname, userInfo } from "node:os"
import { resolve } from "node:path"
import { type CreatedClinic, createClinic } from "../client/create-clinic.ts"
import { enrolDevice } from "../client/enrolment.ts"
import { wipe } from "../crypto/index.ts"
import { isWardlineError, WardlineError } from "../errors.ts"
import { openFileKeystore } from "../keystore/file.ts"
import { type Input, usage } from "./arguments.ts"
import {
  checkFolderIsFree,
  createClinicFolder,
  directoryPath,
  folderPath,
  keystorePath,
  openClinicFolder,
  rememberRelay,
  removeClinicFolder,
} from "./clinic-folder.ts"
import { type Command, type Context, SHARED } from "./command.ts"
import { checkRelayAddress, replayDirectory, syncDirectory } from "./directory-copy.ts"
import { rolesOfDirectory } from "./directory-view.ts"
import { EXIT, type ExitCode } from "./exit-codes.ts"
import { readPassphrase } from "./passphrase.ts"
import { isTimeZone, readSetup, type Setup } from "./policy-file.ts"
import { checkRootKeyPath, encodeRootKey, ROOT_KEY_HANDLING, writeRootKey } from "./root-key-file.ts"
import { defaultSetup, policyOf } from "./setup.ts"

export const init: Command = {
  name: "init",
  summary: "make a clinic: root key, administrator, roles, policy and consent text",
  description: [
    "Makes the clinic's keys on this machine. The root key goes into the file that you name, best on a USB stick. The administrator's keys go into the clinic's folder, locked by a passphrase. The first directory holds the policy, a consent text in English and Spanish, and a key for each role.",
    "Opening hours, topics, roles, emergency line and consent text come from a setup file. Print one with --print-setup, edit it, have the consent text read by whoever advises the clinic, and pass it with --setup.",
  ],
  options: {
    name: { value: "NAME", help: "the clinic's name, as patients will see it" },
    "root-key": { value: "FILE", help: "where to write the root key; the file must not exist yet" },
    dir: SHARED.dir,
    admin: {
      value: "NAME",
      help: "the administrator's name, as staff will see it (default: your account's)",
    },
    setup: { value: "FILE", help: "use this setup file in place of the one that --print-setup shows" },
    "time-zone": {
      value: "ZONE",
      help: "of the opening hours, such as America/Chicago (default: this machine's)",
    },
    relay: {
      value: "URL",
      help: "remember this relay, and send it the directory if it knows the clinic key already",
    },
    "passphrase-file": SHARED["passphrase-file"],
    "print-setup": { help: "print the setup that a new clinic gets, and do nothing else" },
  },
  examples: [
    'wardline init --name "Juniper Street Clinic" --root-key /media/usb1/juniper-root.txt',
    "wardline init --print-setup > setup.json",
    'wardline init --name "Juniper Street Clinic" --root-key /media/usb1/juniper-root.txt --setup setup.json',
  ],
  run: (input, context) => (input.flag("print-setup") ? printSetup(input) : makeClinic(input, context)),
}

/** The setup file is JSON whether --json is given or not: it is made to be redirected. */
async function printSetup(input: Input): Promise<ExitCode> {
  process.stdout.write(`${JSON.stringify(await setupOf(input), undefined, 2)}\n`)
  return EXIT.done
}

async function setupOf(input: Input): Promise<Setup> {
  const file = input.text("setup")
  const timeZone = input.text("time-zone")
  if (timeZone !== undefined && !isTimeZone(timeZone))
    throw usage("--time-zone is no time zone such as America/Chicago")
  const setup =
    file === undefined
      ? defaultSetup(Intl.DateTimeFormat().resolvedOptions().timeZone)
      : await readSetup(resolve(file))
  return timeZone === undefined ? setup : { ...setup, timeZone }
}

async function makeClinic(input: Input, context: Context): Promise<ExitCode> {
  const { output } = context
  const name = input.required("name")
  const rootKeyPath = resolve(input.required("root-key"))
  const folder = folderPath(input.text("dir"))
  checkRootKeyPath(rootKeyPath, folder)
  await checkFolderIsFree(folder)
  const setup = await setupOf(input)
  const adminName = input.text("admin") ?? accountName()
  const created = await createClinic({
    adminName,
    policy: policyOf(setup, name),
    consent: setup.consent,
    nowMs: context.now(),
  })
  const { clinicKey } = created
  const relay = input.text("relay")
  const origin = relay === undefined ? undefined : checkRelayAddress(relay, clinicKey)
  const passphrase = await readPassphrase({ file: input.text("passphrase-file"), isNew: true }, context)
  await store({ created, name, rootKeyPath, folder, passphrase, context })
  const isSent = origin !== undefined && (await send(origin, folder, context))
  const roles = rolesOfDirectory(replayDirectory(clinicKey, created.records).state, context.now())
  output.result(
    {
      clinicKey,
      folder,
      rootKeyFile: rootKeyPath,
      directoryFile: directoryPath(folder),
      roles: roles.map(({ role }) => role),
      relay: origin ?? null,
      sent: isSent,
    },
    [
      `${name} is made.`,
      "",
      `The root key is in ${rootKeyPath}`,
      ...ROOT_KEY_HANDLING.map((line) => `  ${line}`),
      "",
      `The clinic's folder is ${folder}`,
      "  It holds the administrator's keys, locked by your passphrase. Keep a backup of the folder:",
      "  without it, or without the passphrase, nobody can add or revoke staff, until the root key",
      "  makes another administrator. Best make a second one now: wardline admin add",
      "",
      "The clinic key is public. It goes into the relay's settings and into the clinic's page:",
      `  ${clinicKey}`,
      "",
      `Roles: ${roles.map(({ role }) => role).join(", ")}`,
      "",
      ...nextSteps(folder, clinicKey, origin, isSent),
    ],
  )
  return EXIT.done
}

interface Making {
  readonly created: CreatedClinic
  readonly name: string
  readonly rootKeyPath: string
  readonly folder: string
  readonly passphrase: string
  readonly context: Context
}

/** Writes everything or leaves nothing behind. The root key comes first: a clinic without one can't be mended. */
async function store({ created, name, rootKeyPath, folder, passphrase, context }: Making): Promise<void> {
  const { clinicKey, rootSeed, admin, records } = created
  await writeRootKey(rootKeyPath, encodeRootKey(rootSeed, name, context.now()))
  wipe(rootSeed)
  try {
    await createClinicFolder(folder, { version: 1, clinicKey, name }, records)
    context.output.progress("Locking the administrator's keys with the passphrase; this takes a moment …")
    const keystore = await openFileKeystore(keystorePath(folder), passphrase, { signal: context.signal })
    try {
      await enrolDevice(keystore, clinicKey, admin)
    } finally {
      await keystore.close()
      wipe(admin.signingSeed, admin.wrappingSeed)
    }
  } catch (error) {
    await unlink(rootKeyPath).catch(() => {})
    // One that somebody else made in the meantime isn't ours to remove.
    if (!isWardlineError(error, "ERR_CONFLICT")) await removeClinicFolder(folder)
    throw error
  }
}

/** Sends the directory unless the relay waits for its operator to name the clinic. The clinic is made by now,
 * whatever the relay says.
 * @returns whether it was sent. */
async function send(relay: string, path: string, context: Context): Promise<boolean> {
  context.output.progress(`Sending the directory to ${relay} …`)
  const folder = await openClinicFolder(path)
  await rememberRelay(folder, relay)
  try {
    await syncDirectory(relay, folder, context)
    return true
  } catch (error) {
    if (isWardlineError(error, "ERR_NOT_FOUND")) return false
    if (!isWardlineError(error)) throw error
    throw new WardlineError(
      error.code,
      `the clinic is made and stored in ${path}, but its directory wasn't sent: ${error.message}. Later: wardline directory push --dir ${path}`,
      { cause: error },
    )
  }
}

function nextSteps(folder: string, clinicKey: string, relay: string | undefined, isSent: boolean): string[] {
  const dir = `--dir ${folder}`
  const add = `wardline staff add ${dir} --name "…" --role nursing:keeper`
  if (isSent) return [`The directory is at ${relay}. Next:`, `  ${add}`]
  const push = `wardline directory push ${dir}${relay === undefined ? " --relay https://chat.clinic.example" : ""}`
  return [
    "Next:",
    "  1. On the relay's host, name the clinic key to the relay:",
    `     wardline-relay start --clinic-key ${clinicKey} …`,
    `  2. ${push}`,
    `  3. ${add}`,
  ]
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return hostname()
  }
}
