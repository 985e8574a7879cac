% Which role key does a patient's device take, and who is given its seed? (docs/protocol.md, Directory)
%
% The clinic's directory, as a chain of authority from the pinned root key. Against it: the relay, which shows what it
% likes of everything that was ever signed; eve, a keeper of the billing role, still in office; ex, a nurse who was
% dismissed with the seed of her role's first generation in her pocket; a clinic next door where the attacker works.
%
% Two views of one log: `now` is the whole of it, `old` is the log cut before ex's revocation and the rotation that
% came with it. The relay chooses which one a device is shown. A body is four fields, and any body may be read as any
% other: only tag and type tell them apart.
%
% Each check is a proposition that guards one premise: (check_tag => T = Ty). The runner adds it as true, or as false
% for the mutant that lacks it. trust_ marks an assumption about people.
include('attacker.ax').

% --- What was signed, and so is the attacker's to show ---

fof(root_names_the_admin, axiom,
  knows(sig(root, admin_add, record(admin_add, clinic, pub(root), body(none, none, pub(admin), none))))).
fof(admin_adds_kate_keeper_of_nurse, axiom,
  knows(sig(admin, device_add, record(device_add, clinic, pub(admin), body(none, none, pub(kate), is(keeper, nurse)))))).
fof(admin_adds_nora_and_ex, axiom, ![D]: (((D = nora) | (D = ex)) =>
  knows(sig(admin, device_add, record(device_add, clinic, pub(admin), body(none, none, pub(D), is(member, nurse))))))).
% The names in a device-add are the person's own choice: she may call herself what a role-key record would say.
fof(admin_adds_eve_under_any_name, axiom, ![X, Y]: ((knows(X) & knows(Y)) =>
  knows(sig(admin, device_add, record(device_add, clinic, pub(admin), body(X, Y, pub(eve), is(keeper, biller))))))).
fof(kate_makes_both_generations, axiom, ![G]: (((G = g1) | (G = g2)) =>
  knows(sig(kate, role_key, record(role_key, clinic, pub(kate), body(nurse, G, pub(seed(nurse, G)), none)))))).
fof(kate_attests, axiom, (
  knows(sig(kate, attest, record(attest, clinic, pub(kate), body(old, long_ago, none, none)))) &
  knows(sig(kate, attest, record(attest, clinic, pub(kate), body(now, today, none, none)))))).
% Kate keeps a nurse role next door too, with the same device. The attacker is a nurse there.
fof(kate_next_door, axiom,
  knows(sig(kate, role_key, record(role_key, next_door, pub(kate), body(nurse, g2, pub(seed_next_door), none))))).
% Logging in, a device signs bytes that the relay chose: nonce, relay id, key. Here the relay chooses all of them.
fof(login, axiom, ![M]: (knows(M) =>
  (knows(sig(admin, auth, M)) & knows(sig(kate, auth, M)) & knows(sig(nora, auth, M))))).

fof(public, axiom, (knows(none) & knows(clinic) & knows(next_door) & knows(nurse) & knows(biller) & knows(member) &
  knows(keeper) & knows(g1) & knows(g2) & knows(old) & knows(now) & knows(long_ago) & knows(today))).
fof(attackers_own, axiom, (knows(evil) & knows(ex) & knows(seed(nurse, g1)) & knows(eve) & knows(seed(biller, g1)) &
  knows(seed_next_door))).
fof(makes_bodies, axiom, ![X, Y, K, Z]:
  ((knows(X) & knows(Y) & knows(K) & knows(Z)) => knows(body(X, Y, K, Z)))).
fof(reads_bodies, axiom, ![X, Y, K, Z]:
  (knows(body(X, Y, K, Z)) => (knows(X) & knows(Y) & knows(K) & knows(Z)))).
fof(makes_memberships, axiom, ![X, Y]: ((knows(X) & knows(Y)) => knows(is(X, Y)))).

% --- What a device checks ---

fof(record_types, axiom, (is_type(admin_add) & is_type(device_add) & is_type(role_key) & is_type(attest))).
fof(believed, axiom, ![T, Ty, C, I, B]: ((
    is_type(Ty)
    & knows(record(Ty, C, pub(I), B))
    & (check_signature => knows(sig(I, T, record(Ty, C, pub(I), B))))
    & (check_tag => T = Ty)
    & (check_scope => C = clinic)
  ) => believed(Ty, I, B))).

fof(live_in_view, axiom,
  (live(old, ex) & ![V]: (live(V, admin) & live(V, kate) & live(V, nora) & live(V, eve) & live(V, evil)))).

fof(is_admin, axiom, ![V, Ty, R, X, Y, D, Z]: ((
    believed(Ty, R, body(X, Y, pub(D), Z))
    & (check_type => Ty = admin_add)
    & (check_root => R = root)
    & (check_revoked => live(V, D))
  ) => is_admin(V, D))).

% holds(View, Device, member or keeper, Role)
fof(holds_role, axiom, ![V, Ty, A, X, Y, D, K, R]: ((
    believed(Ty, A, body(X, Y, pub(D), is(K, R)))
    & (check_type => Ty = device_add)
    & (check_issuer => is_admin(V, A))
    & (check_revoked => live(V, D))
  ) => holds(V, D, K, R))).

% certified(View, Role, Generation, Key)
fof(certified, axiom, ![V, Ty, I, R, P, G, K, Z]: ((
    believed(Ty, I, body(R, G, K, Z))
    & (check_type => Ty = role_key)
    & (is_admin(V, I) | (holds(V, I, keeper, P) & (check_keeper => P = R)))
  ) => certified(V, R, G, K))).

% An attest names the log that its keeper saw, and the day.
fof(usable_view, axiom, ![V, W, I, R, D, K, Z]: ((
    believed(attest, I, body(W, D, K, Z))
    & (holds(V, I, keeper, R) | is_admin(V, I))
    & (check_link => W = V)
    & (check_fresh => D = today)
    & (trust_keepers => honest(I))
  ) => usable(V))).
fof(honest_attesters, axiom, (honest(admin) & honest(kate))).

fof(not_older, axiom, (not_older(old, g1) & not_older(old, g2) & not_older(now, g2))).

% takes(Role, Key): a patient's device wraps what is meant for the role to this key.
fof(takes, axiom, ![V, R, Q, G, K]: ((
    usable(V)
    & certified(V, Q, G, K)
    & (check_role => Q = R)
    & (check_newest => not_older(V, G))
  ) => takes(R, K))).

% --- Grants: kate wraps her role's newest seed to its members, as she sees them now ---

fof(grants, axiom, ![D, K, R]: ((
    holds(now, D, K, R)
    & (check_receiver => R = nurse)
  ) => knows(wrap(pub(D), grant(nurse, g2, pub(D)), seed(nurse, g2))))).

% --- Goals: attack_ must not be provable, honest_ must be ---

% The patient wraps to a role key whose seed the attacker has: another role's, an old generation, a device's, its own.
fof(attack_key, conjecture, ?[S]: (takes(nurse, pub(S)) & knows(S))).
% The attacker is given the seed of a generation that came after ex was dismissed.
fof(attack_seed, conjecture, knows(seed(nurse, g2))).
fof(honest_key, conjecture, takes(nurse, pub(seed(nurse, g2)))).
fof(honest_grant, conjecture, knows(wrap(pub(nora), grant(nurse, g2, pub(nora)), seed(nurse, g2)))).
