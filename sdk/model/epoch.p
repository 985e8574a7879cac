% Who gets an epoch's secret, and under which secret does a patient write? (docs/protocol.md, Epoch, Member, Grant)
%
% Two conversations at one relay. c is the honest patient's; mine is the attacker's own, as the patient mallory. Nora,
% an honest nurse, takes part in both. Against them: the relay; mallory; ex, who kept the seed of the nurse role's first
% generation; eve, of the billing role, in office but no member of c.
%
% c has two epochs: `past`, made while the role was at its first generation, and `fresh`, made after the rotation. An
% epoch's head is head(Commitment, Generation of its role slot); the rest of it is public and the same for all. Masks are
% left out: the shred key is in the relay's hands, so they keep nothing from this attacker (shred.p has them).
include('attacker.ax').

% --- Who signed what ---

fof(patient_makes_epochs, axiom, ![G, S]: (made(c, G, S) =>
  knows(sig(patient, epoch, record(epoch, c, pub(patient), head(commit(S, c), G)))))).
fof(epochs_of_c, axiom, (made(c, g1, past) & made(c, g2, fresh))).
% Mallory's hand-over: in mallory's conversation nora adds the billing role, as she may.
fof(nora_hands_mine_over, axiom,
  knows(sig(nora, member, record(member, mine, pub(nora), adds(pub(seed(biller, g1))))))).
fof(patient_adds_a_phone, axiom, knows(sig(patient, member, record(member, c, pub(patient), adds(pub(phone)))))).
% Logging in, a device signs bytes that the relay chose.
fof(login, axiom, ![M]: (knows(M) => (knows(sig(patient, auth, M)) & knows(sig(nora, auth, M))))).

fof(public, axiom, (knows(c) & knows(mine) & knows(g1) & knows(g2) & knows(pub(patient)) & knows(pub(nora)) &
  ![R, G]: knows(pub(seed(R, G))))).
fof(attackers_own, axiom, (knows(mallory) & knows(eve) & knows(ex) & knows(seed(nurse, g1)) & knows(seed(biller, g1)) &
  knows(own_secret) & knows(second_secret))).
fof(makes_heads, axiom, ![S, X, C, G]: (
  ((knows(S) & knows(X)) => knows(commit(S, X))) & ((knows(C) & knows(G)) => knows(head(C, G))))).
fof(reads_heads, axiom, ![C, G]: (knows(head(C, G)) => (knows(C) & knows(G)))).
fof(makes_member_records, axiom, ![K]: (knows(K) <=> knows(adds(K)))).
fof(makes_wrap_infos, axiom, ![H]: (knows(H) => knows(epoch_info(H)))).

% --- What a device checks ---

% believed(Conversation, Type, Issuer, Body)
fof(believed, axiom, ![T, Ty, X, Y, I, B]: ((
    knows(record(Ty, Y, pub(I), B))
    & (check_signature => knows(sig(I, T, record(Ty, Y, pub(I), B))))
    & (check_tag => T = Ty)
    & (check_scope => Y = X)
  ) => believed(X, Ty, I, B))).

% Participants: the patient, and staff of a member role with an access record.
fof(participants, axiom, (participant(c, patient) & participant(c, nora) &
  participant(mine, mallory) & participant(mine, nora))).

% Members of a conversation, by the key that an epoch is wrapped to.
fof(patient_is_member, axiom, (is_member(c, pub(patient)) & is_member(mine, pub(mallory)))).
fof(role_is_member, axiom, ![X, G]: ((
    ((X = c) | (X = mine))
    & (check_newest => G = g2)
  ) => is_member(X, pub(seed(nurse, G))))).
fof(member_records, axiom, ![X, I, K]: ((
    believed(X, member, I, adds(K))
    & (check_authority => participant(X, I))
  ) => is_member(X, K))).

% usable(Conversation, Reader's seed, Head, Secret): the reader unwraps the secret and believes it to be this epoch's.
fof(usable, axiom, ![X, Y, R, I, C, G, S]: ((
    believed(X, epoch, I, head(C, G))
    & (check_participant => participant(X, I))
    & knows(wrap(pub(R), epoch_info(head(C, G)), S))
    & (check_commitment => (C = commit(S, Y) & (check_conversation => Y = X)))
  ) => usable(X, R, head(C, G), S))).

% --- What honest devices do ---

fof(patient_wraps_to_members, axiom, ![K]:
  (is_member(c, K) => knows(wrap(K, epoch_info(head(commit(fresh, c), g2)), fresh)))).
fof(patient_wrapped_to_past_members, axiom, ![K]: (((K = pub(patient)) | (K = pub(seed(nurse, g1)))) =>
  knows(wrap(K, epoch_info(head(commit(past, c), g1)), past)))).
% Before the patient writes, an epoch of an older generation is replaced by a new one.
fof(patient_writes, axiom, ![C, G, S]: ((
    usable(c, patient, head(C, G), S)
    & (check_generation => G = g2)
  ) => knows(seal(ld(S, epoch, head(C, G)), c, letter)))).
% Grants of past epochs: nora wraps what she could open in a conversation to that conversation's members.
fof(nora_grants, axiom, ![X, H, S, K]: ((usable(X, seed(nurse, g2), H, S) & is_member(X, K)) =>
  knows(wrap(K, grant_info(X, H), S)))).

% --- Goals: attack_ must not be provable, honest_ must be ---

fof(attack_secret, conjecture, knows(fresh)).
fof(attack_letter, conjecture, knows(letter)).
% One epoch, two secrets: two members of a conversation who don't read the same.
fof(attack_two_secrets, conjecture, ?[H]:
  (usable(mine, seed(nurse, g2), H, own_secret) & usable(mine, seed(desk, g1), H, second_secret))).
fof(honest_nurse_opens, conjecture, usable(c, seed(nurse, g2), head(commit(fresh, c), g2), fresh)).
fof(honest_second_phone, conjecture, usable(c, phone, head(commit(fresh, c), g2), fresh)).
fof(honest_letter, conjecture, knows(seal(ld(fresh, epoch, head(commit(fresh, c), g2)), c, letter))).
% The attacker does take part: its own epoch is used by nora, and what ex could read at the time ex still can.
fof(honest_own_conversation, conjecture, ?[H]: usable(mine, seed(nurse, g2), H, own_secret)).
fof(honest_kept_is_kept, conjecture, knows(past)).
