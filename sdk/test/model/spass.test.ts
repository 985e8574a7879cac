/** The theories in sdk/model/*.p: no attack follows while every check stands, and without any one of them an attack
 * does (docs/model.md). */
import { readFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { derive, readTheory, theoryNames } from "./spass.ts"

interface Attack {
  readonly without: string
  readonly goal: string
  /** Axioms that the proof must use, so that it is this attack and no other. */
  readonly by?: readonly string[]
}

const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  "directory.p": [
    { without: "check_signature", goal: "attack_key" },
    { without: "check_tag", goal: "attack_key", by: ["login"] },
    { without: "check_type", goal: "attack_key", by: ["admin_adds_eve_under_any_name"] },
    { without: "check_scope", goal: "attack_key", by: ["kate_next_door"] },
    { without: "check_root", goal: "attack_key" },
    { without: "check_issuer", goal: "attack_key" },
    { without: "check_keeper", goal: "attack_key", by: ["admin_adds_eve_under_any_name"] },
    { without: "check_role", goal: "attack_key", by: ["admin_adds_eve_under_any_name"] },
    { without: "check_newest", goal: "attack_key", by: ["kate_makes_both_generations"] },
    { without: "check_fresh", goal: "attack_key", by: ["kate_attests", "kate_makes_both_generations"] },
    { without: "check_link", goal: "attack_key", by: ["kate_attests", "kate_makes_both_generations"] },
    { without: "trust_keepers", goal: "attack_key", by: ["kate_makes_both_generations"] },
    { without: "check_revoked", goal: "attack_seed", by: ["admin_adds_nora_and_ex"] },
    { without: "check_receiver", goal: "attack_seed", by: ["admin_adds_eve_under_any_name"] },
  ],
  "epoch.p": [
    { without: "check_signature", goal: "attack_secret", by: ["member_records"] },
    { without: "check_tag", goal: "attack_secret", by: ["login", "member_records"] },
    { without: "check_scope", goal: "attack_secret", by: ["nora_hands_mine_over"] },
    { without: "check_authority", goal: "attack_secret", by: ["member_records"] },
    { without: "check_newest", goal: "attack_secret", by: ["role_is_member"] },
    { without: "check_commitment", goal: "attack_secret", by: ["nora_grants"] },
    { without: "check_commitment", goal: "attack_two_secrets" },
    { without: "check_conversation", goal: "attack_secret", by: ["nora_grants"] },
    { without: "check_participant", goal: "attack_letter", by: ["patient_writes"] },
    { without: "check_generation", goal: "attack_letter", by: ["patient_wrapped_to_past_members"] },
  ],
  "message.p": [
    { without: "check_signature", goal: "attack_forged" },
    { without: "check_tag", goal: "attack_forged", by: ["login"] },
    { without: "check_prefix", goal: "attack_taken_over", by: ["patient_writes"] },
    { without: "check_participant", goal: "attack_outsider" },
  ],
  "shred.p": [
    { without: "step_masks_wraps", goal: "attack_letter", by: ["epoch_wraps"] },
    { without: "step_masks_grants", goal: "attack_letter", by: ["grants"] },
    { without: "step_masks_archive", goal: "attack_letter", by: ["archive"] },
    { without: "step_pad_for_each_epoch", goal: "attack_letter", by: ["kept_in_a_memory"] },
    { without: "step_masks_summary", goal: "attack_summary", by: ["summaries"] },
    { without: "step_masks_reason", goal: "attack_reason", by: ["reasons"] },
    { without: "step_ephemeral_channel", goal: "attack_letter", by: ["recorded_traffic"] },
    { without: "step_ephemeral_channel", goal: "attack_summary", by: ["recorded_traffic"] },
    { without: "step_device_forgets", goal: "attack_letter", by: ["device_copy"] },
    { without: "step_not_in_backups", goal: "attack_letter", by: ["backup_copy"] },
  ],
  "channel.p": [
    { without: "check_signature", goal: "attack_served_key" },
    { without: "check_tag", goal: "attack_served_key", by: ["writes"] },
    { without: "check_device", goal: "attack_served_key" },
    { without: "check_device_half", goal: "attack_served_key", by: ["answers"] },
    { without: "check_challenge", goal: "attack_replayed_login", by: ["answers"] },
    { without: "trust_tls", goal: "attack_kept_key", by: ["keeps"] },
  ],
  "archive.p": [
    { without: "step_drops_wraps", goal: "attack_archived", by: ["wraps"] },
    { without: "step_drops_grants", goal: "attack_archived", by: ["grants"] },
    { without: "step_drops_summary", goal: "attack_archived_summary", by: ["summaries"] },
    { without: "step_deletes_seeds", goal: "attack_lying_relay" },
    { without: "trust_vault", goal: "attack_archived", by: ["archive"] },
  ],
}

const DOC = new URL("../../../docs/model.md", import.meta.url)

test("every theory, switch and goal of an attack has its row, and docs/model.md names the switches", () => {
  const doc = readFileSync(DOC, "utf8")
  assert.equal(theoryNames(), Object.keys(ATTACKS).sort())
  for (const [name, attacks] of Object.entries(ATTACKS)) {
    const theory = readTheory(name)
    assert.equal([...new Set(attacks.map(({ without }) => without))].sort(), theory.switches, name)
    for (const name of theory.switches) assert.ok(doc.includes(`\`${name}\``), name)
    const goals = [...theory.goals.keys()].filter((goal) => goal.startsWith("attack_"))
    assert.equal([...new Set(attacks.map(({ goal }) => goal))].sort(), goals.sort(), name)
  }
})

for (const [name, attacks] of Object.entries(ATTACKS)) {
  const theory = readTheory(name)

  for (const goal of theory.goals.keys()) {
    // The honest goals show that the theory isn't empty: what should happen does.
    const expected = goal.startsWith("honest_") ? "derived" : "saturated"
    test(`${name}: ${goal} is ${expected}`, async () => {
      assert.is((await derive(theory, goal)).kind, expected)
    })
  }

  for (const { without, goal, by = [] } of attacks)
    test(`${name}: without ${without} there is ${goal}`, async () => {
      const verdict = await derive(theory, goal, without)
      if (verdict.kind === "saturated") return assert.unreachable(`SPASS finds no ${goal}`)
      for (const axiom of by) assert.ok(verdict.by.includes(axiom), `${axiom} is in the proof`)
    })
}

test.run()
