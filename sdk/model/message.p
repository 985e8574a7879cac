% Whose words are these? (docs/protocol.md, Message)
%
% One conversation with two epochs. Eve is staff with access, dishonest, and was added with the second epoch and without
% the past: she holds `second` and not `first`. The patient wrote `letter` under the first. Eve, with the relay, wants to
% be read as the patient, or to have said what the patient said.
%
% A message is record(message, c, Issuer, says(Prefix, Ciphertext)); prefix(Issuer, Epoch) stands for P, every byte
% before the ciphertext.
include('attacker.ax').

fof(patient_writes, axiom, knows(sig(patient, message, record(message, c, pub(patient),
  says(first, seal(ld(first_key, message, prefix(pub(patient), first)), prefix(pub(patient), first), letter)))))).
fof(login, axiom, ![M]: (knows(M) => (knows(sig(patient, auth, M)) & knows(sig(nora, auth, M))))).

fof(public, axiom, (knows(c) & knows(first) & knows(second) & knows(pub(patient)) & knows(pub(nora)))).
fof(attackers_own, axiom, (knows(eve) & knows(mallory) & knows(second_key) & knows(lie))).
fof(makes_messages, axiom, ![E, X]: ((knows(E) & knows(X)) <=> knows(says(E, X)))).
fof(makes_prefixes, axiom, ![I, E]: ((knows(I) & knows(E)) => knows(prefix(I, E)))).

fof(epoch_keys, axiom, (epoch_key(first, first_key) & epoch_key(second, second_key))).
fof(participants, axiom, (participant(patient) & participant(nora) & participant(eve))).

% shown(Issuer, Plaintext): what a reader who holds both epochs shows under the issuer's name. Key and associated data
% are both made from P.
fof(shown, axiom, ![T, I, J, E, K, M]: ((
    knows(record(message, c, pub(I), says(E, seal(ld(K, message, prefix(J, E)), prefix(J, E), M))))
    & (check_signature => knows(sig(I, T, record(message, c, pub(I),
        says(E, seal(ld(K, message, prefix(J, E)), prefix(J, E), M))))))
    & (check_tag => T = message)
    & (check_participant => participant(I))
    & epoch_key(E, K)
    & (check_prefix => J = pub(I))
  ) => shown(I, M))).

fof(attack_forged, conjecture, shown(patient, lie)).
fof(attack_taken_over, conjecture, shown(eve, letter)).
fof(attack_outsider, conjecture, ?[M]: shown(mallory, M)).
fof(honest_letter, conjecture, shown(patient, letter)).
fof(honest_eve, conjecture, shown(eve, lie)).
