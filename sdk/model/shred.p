% What is left of a conversation after shred? (docs/protocol.md, Shred key; Wire, Channel)
%
% X is a conversation, E one of its epochs. Of all conversations `gone` alone had its shred key destroyed; `kept` stands
% for its neighbours. The relay was honest about that, and afterwards everything else fell to the attacker: every seed
% (roles, archive, patient's device), the relay's old backups and its whole recorded traffic. One more thing: of gone's
% epoch e1 somebody kept the secret.
%
% Each step_ is a thing that honest software does; without it the attacker opens what was to be destroyed.
include('attacker.ax').

fof(every_seed_is_lost, axiom, (knows(nurse_seed) & knows(archive_seed) & knows(device_seed) & knows(relay_seed))).
fof(neighbours_key_exists, axiom, knows(shred_key(kept))).
fof(kept_in_a_memory, axiom, knows(secret(gone, e1))).
fof(public, axiom, (knows(gone) & knows(kept) & knows(e1) & knows(e2) & knows(salt) & knows(nurse) & knows(none))).

% mask(Pad, Secret) is their exclusive or: with the pad one has the secret, with the secret the pad.
fof(unmasks, axiom, ![P, S]: (knows(mask(P, S)) => ((knows(P) => knows(S)) & (knows(S) => knows(P))))).

% The pad of an epoch's secret comes from the shred key and from this epoch's H(E). It is the same in all three places.
fof(pads, axiom, ![X, E]: (
  (step_pad_for_each_epoch => pad(X, E, ld(shred_key(X), shred, E)))
  & (~step_pad_for_each_epoch => pad(X, E, ld(shred_key(X), shred, none))))).
fof(epoch_wraps, axiom, ![X, E, P]: (pad(X, E, P) => (
  (step_masks_wraps => knows(wrap(pub(nurse_seed), epoch_info(E), mask(P, secret(X, E)))))
  & (~step_masks_wraps => knows(wrap(pub(nurse_seed), epoch_info(E), secret(X, E))))))).
fof(grants, axiom, ![X, E, P]: (pad(X, E, P) => (
  (step_masks_grants => knows(wrap(pub(device_seed), grant_info(X), mask(P, secret(X, E)))))
  & (~step_masks_grants => knows(wrap(pub(device_seed), grant_info(X), secret(X, E))))))).
fof(archive, axiom, ![X, E, P]: (pad(X, E, P) => (
  (step_masks_archive => knows(wrap(pub(archive_seed), archive_info(X), mask(P, secret(X, E)))))
  & (~step_masks_archive => knows(wrap(pub(archive_seed), archive_info(X), secret(X, E))))))).
fof(letters, axiom, ![X, E]: knows(seal(ld(secret(X, E), epoch, E), X, letter(X, E)))).

% Summaries and break-glass reasons are masked in the same way, each by a pad of its own. A summary's comes from the
% listing key, so that a list can be read without the rest.
fof(summaries, axiom, ![X]: (
  (step_masks_summary =>
    knows(wrap(pub(nurse_seed), summary_info(X), mask(ld(ld(shred_key(X), list, X), of_summary, nurse), summary(X)))))
  & (~step_masks_summary => knows(wrap(pub(nurse_seed), summary_info(X), summary(X)))))).
fof(reasons, axiom, ![X, S]: (
  (step_masks_reason =>
    knows(wrap(pub(nurse_seed), reason_info(X), mask(ld(shred_key(X), of_reason, S), reason(X, S)))))
  & (~step_masks_reason => knows(wrap(pub(nurse_seed), reason_info(X), reason(X, S)))))).

% Shred key and listing key travel sealed under a key that both ends made from ephemeral halves and forgot with the
% connection. Without that it would come from a lasting key of the relay's.
fof(channels, axiom, ![X]: (
  (step_ephemeral_channel => channel(X, dh(ephemeral(X), pub(client_ephemeral(X)))))
  & (~step_ephemeral_channel => channel(X, dh(relay_seed, pub(client_ephemeral(X))))))).
fof(halves_are_seen, axiom, ![X]: (knows(pub(ephemeral(X))) & knows(pub(client_ephemeral(X))))).
fof(agrees, axiom, ![A, B]: ((knows(A) & knows(pub(B))) => knows(dh(A, pub(B))))).
fof(recorded_traffic, axiom, ![X, K]: (channel(X, K) => (
  knows(seal(K, X, shred_key(X))) & knows(seal(K, X, ld(shred_key(X), list, X)))))).

% The patient's device forgets the key once the conversation has begun; shred.db is in no backup.
fof(device_copy, axiom, (~step_device_forgets => knows(seal(device_seed, gone, shred_key(gone))))).
fof(backup_copy, axiom, (~step_not_in_backups => knows(shred_key(gone)))).

% --- Goals: attack_ must not be provable, honest_ must be ---

fof(attack_letter, conjecture, knows(letter(gone, e2))).
fof(attack_summary, conjecture, knows(summary(gone))).
fof(attack_reason, conjecture, knows(reason(gone, salt))).
fof(honest_neighbours_letter, conjecture, (knows(letter(kept, e1)) & knows(letter(kept, e2)))).
fof(honest_neighbours_summary, conjecture, (knows(summary(kept)) & knows(reason(kept, salt)))).
% What somebody kept stays kept: shred doesn't reach into memories.
fof(honest_kept_is_kept, conjecture, knows(letter(gone, e1))).
