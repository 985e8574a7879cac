% What does a staff device open that is stolen after a conversation was archived? (docs/protocol.md, Grant and archive)
%
% Three conversations of the nurse role. `quiet` was archived, and the relay dropped its hot wraps, as it should; the
% seed of its generation is still on the device, because `open` needs it. `old` was archived too, but the relay lied and
% kept the wraps; nothing unarchived needs its generation any more. `open` is not archived.
%
% The thief has the device with everything on it, all that the relay stores, and the shred keys, which the relay serves
% with every subscription.
include('attacker.ax').

fof(conversations, axiom, (of(quiet, g2) & of(open, g2) & of(old, g1))).
fof(stolen, axiom, (knows(device_seed) & knows(seed(g2)) & ![X]: knows(shred_key(X)))).
fof(device_deletes_old_seeds, axiom, (~step_deletes_seeds => knows(seed(g1)))).
fof(public, axiom, (knows(quiet) & knows(open) & knows(old) & knows(g1) & knows(g2) & knows(nurse))).
fof(unmasks, axiom, ![P, S]: (knows(mask(P, S)) => ((knows(P) => knows(S)) & (knows(S) => knows(P))))).

fof(ciphertexts, axiom, ![X, G]: (of(X, G) => knows(seal(ld(secret(X), epoch, X), X, letter(X))))).

% stored(X): the relay still has what it was to drop.
fof(stored, axiom, (has_wraps(open) & has_wraps(old) & has_grants(open) & has_grants(old) & has_summary(open) &
  has_summary(old) & (~step_drops_wraps => has_wraps(quiet)) & (~step_drops_grants => has_grants(quiet)) &
  (~step_drops_summary => has_summary(quiet)))).
fof(wraps, axiom, ![X, G]: ((of(X, G) & has_wraps(X)) =>
  knows(wrap(pub(seed(G)), epoch_info(X), mask(ld(shred_key(X), shred, X), secret(X)))))).
fof(grants, axiom, ![X, G]: ((of(X, G) & has_grants(X)) =>
  knows(wrap(pub(seed(G)), grant_info(X), mask(ld(shred_key(X), shred, X), secret(X)))))).
fof(summaries, axiom, ![X, G]: ((of(X, G) & has_summary(X)) =>
  knows(wrap(pub(seed(G)), summary_info(X), mask(ld(ld(shred_key(X), list, X), of_summary, nurse), summary(X)))))).
fof(archive, axiom, ![X]: (((X = quiet) | (X = old)) =>
  knows(wrap(pub(archive_seed), archive_info(X), mask(ld(shred_key(X), shred, X), secret(X)))))).
fof(vault_is_elsewhere, axiom, (~trust_vault => knows(archive_seed))).

fof(attack_archived, conjecture, knows(letter(quiet))).
fof(attack_archived_summary, conjecture, knows(summary(quiet))).
fof(attack_lying_relay, conjecture, knows(letter(old))).
fof(honest_open, conjecture, (knows(letter(open)) & knows(summary(open)))).
