% Who learns the shred keys that a relay serves? (docs/protocol.md, Wire, Channel)
%
% Here the relay is honest and the attacker sits inside its TLS: it sees, holds back, changes and replays every frame. A
% session S has a challenge: a nonce and the public half of an ephemeral key. The device answers with a half of its own,
% and signs both. The relay then seals what it serves under the key that the halves give.
include('attacker.ax').

fof(challenges, axiom, ![S]: (knows(nonce(S)) & knows(pub(relay_half(S))))).
% The device answers whatever looks like a challenge. Its half is fresh each time.
fof(answers, axiom, ![N, R]: ((knows(N) & knows(R)) =>
  knows(sig(device, auth, login(N, R, pub(device_half(N, R))))))).
% It signs records, too; the attacker may choose all of their bytes.
fof(writes, axiom, ![M]: (knows(M) => knows(sig(device, message, M)))).
fof(attackers_own, axiom, (knows(own_half) & knows(own_device) & knows(conversation) & knows(pub(device)))).
fof(makes_logins, axiom, ![N, R, C]: ((knows(N) & knows(R) & knows(C)) <=> knows(login(N, R, C)))).
% Either private half and the other public one give the same key, written dh(relay's, device's).
fof(agrees, axiom, ![A, B]: (((knows(pub(A)) & knows(B)) => knows(dh(pub(A), pub(B)))) &
  ((knows(A) & knows(pub(B))) => knows(dh(pub(A), pub(B)))))).

% logged_in(Session, Half): the relay takes the session to be the device's, with this half of the key.
fof(logged_in, axiom, ![S, T, D, N, R, C, H]: ((
    knows(login(N, R, C)) & knows(H)
    & (check_signature => knows(sig(D, T, login(N, R, C))))
    & (check_device => D = device)
    & (check_tag => T = auth)
    & (check_challenge => (N = nonce(S) & R = pub(relay_half(S))))
    & (check_device_half => H = C)
  ) => logged_in(S, H))).
fof(serves, axiom, ![S, H]: (logged_in(S, H) =>
  knows(seal(dh(pub(relay_half(S)), H), conversation, shred_key)))).
% A new conversation's key goes the other way. The relay's half isn't signed: that it is the relay's, TLS says.
fof(keeps, axiom, ![N, R]: ((knows(N) & knows(R) & (trust_tls => from_relay(R))) =>
  knows(seal(dh(R, pub(device_half(N, R))), conversation, new_shred_key)))).
fof(from_relay, axiom, ![S]: from_relay(pub(relay_half(S)))).

fof(attack_served_key, conjecture, knows(shred_key)).
fof(attack_kept_key, conjecture, knows(new_shred_key)).
% An earlier session's login, sent again.
fof(attack_replayed_login, conjecture,
  logged_in(second, pub(device_half(nonce(first), pub(relay_half(first)))))).
fof(honest_login, conjecture, ![S]:
  logged_in(S, pub(device_half(nonce(S), pub(relay_half(S)))))).
