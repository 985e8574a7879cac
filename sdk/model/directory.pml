/* Which directory can a hostile relay make people use? (docs/protocol.md, Directory; Message, check 2)
 *
 * The clinic's log grows: Kate, a keeper, attests it on any day; once, the admin revokes ex and rotates the role's key.
 * Eve, another keeper, dishonest, signs one record that isn't in that log. The relay shows the patient and the nurse any
 * beginning of the log, with or without Eve's record behind it: that is all it can make, because every attest names the
 * link before it. (directory.p shows that these checks on records stand, and what a lying keeper's attest would do.)
 *
 * Links are modelled by what they hash: a view is the length of its part of the log, and whether Eve's record follows.
 * -DNO_<check> and -DREACH as in transcript.pml. */

#define PATIENT 0
#define NURSE 1
#define DAYS 3
#define LIMIT 1 /* days: the policy's freshness limit */
#define LENGTH 5

mtype = { attest, revoke, rotate }

typedef View {
  byte length /* of the clinic's log */
  bool eves   /* Eve's record stands behind it */
}

mtype log[6] /* by position, from 1 */
byte attested_on[6]
byte length = 1
byte revoked_at, rotated_at, rotated_on
byte today
View view[2] /* what each has checked and remembers */
byte newest, floor, named, i
bool rolled_back, stale_key, heard_ex, parted, may

#define POSITIONS_OF(v) (v.length + v.eves)
#define KNOWS_REVOCATION(v) (revoked_at > 0 && v.length >= revoked_at)

/* Whether `later` continues `earlier`: the same records up to its end. */
#define CONTINUES(l, e, earlier) ((earlier.eves -> ((e) && (l) == earlier.length) : (l) >= earlier.length))

/* Spin prints these lines when it replays a run; they cost nothing in the search. */
inline say(who) {
  if
  :: who == PATIENT -> printf("the patient ")
  :: else -> printf("the nurse ")
  fi
}

/* The relay shows `who` the first `l` records and, if `e`, Eve's. */
inline serve(who, l, e) {
  d_step {
    may = true
#ifndef NO_ROLLBACK /* not shorter than what was seen */
    if
    :: l + e < POSITIONS_OF(view[who]) -> may = false
    :: else
    fi
#endif
#ifndef NO_FORK /* the same link at the position that was seen */
    if
    :: l + e >= POSITIONS_OF(view[who]) && !CONTINUES(l, e, view[who]) -> may = false
    :: else
    fi
#endif
    if
    :: may ->
      say(who)
      printf("takes the log's first %d records, and %d of Eve's\n", l, e)
      rolled_back = !CONTINUES(l, e, view[who])
      assert(!rolled_back)
      view[who].length = l
      view[who].eves = e
    :: else
    fi
    may = false
  }
}

/* The patient makes an epoch with the role's newest key in the directory at hand. */
inline make_epoch(who) {
  d_step {
    newest = 0
    i = 1
    do
    :: i <= view[who].length ->
      if
      :: log[i] == attest -> newest = attested_on[i]
      :: else
      fi
      i++
    :: else -> break
    od
    may = true
#ifndef NO_FRESH /* somebody has vouched for it within the limit */
    if
    :: today > newest + LIMIT -> may = false
    :: else
    fi
#endif
    if
    :: may -> say(who); printf("makes an epoch by a directory attested on day %d\n", newest)
    :: else
    fi
    stale_key = (may && rotated_at > 0 && view[who].length < rotated_at && today > rotated_on + LIMIT)
    assert(!stale_key)
    newest = 0; i = 0; may = false
  }
}

/* Ex writes, with a record that names a directory position of ex's choice, and the relay delivers it last. */
inline hear_ex(who, position) {
  d_step {
    floor = 0
#ifndef NO_FLOOR /* authority is judged no earlier than by what the recipient knows */
    floor = view[who].length
#endif
    named = (position > floor -> position : floor)
    may = true
#ifndef NO_REVOKED
    if
    :: revoked_at > 0 && named >= revoked_at -> may = false
    :: else
    fi
#endif
    if
    :: may -> say(who); printf("believes a record of ex's that names directory position %d\n", position)
    :: else
    fi
    heard_ex = (may && KNOWS_REVOCATION(view[who]))
    assert(!heard_ex)
    floor = 0; named = 0; may = false
  }
}

/* The patient's consent, open or epoch names position and link of her directory; the nurse holds it against hers. */
inline refer() {
  d_step {
    may = (POSITIONS_OF(view[PATIENT]) <= POSITIONS_OF(view[NURSE]))
#ifndef NO_REFERENCE
    if
    :: may && !CONTINUES(view[NURSE].length, view[NURSE].eves, view[PATIENT]) -> may = false
    :: else
    fi
#endif
    if
    :: may -> printf("the nurse accepts the directory that the patient names\n")
    :: else
    fi
    parted = (may && !CONTINUES(view[NURSE].length, view[NURSE].eves, view[PATIENT]))
    assert(!parted)
    may = false
  }
}

active proctype clinic() {
  byte shown, whom
  bool with_eve

  log[1] = attest
  view[PATIENT].length = 1
  view[NURSE].length = 1
  do
  :: today < DAYS -> today++; printf("day %d\n", today)
  :: length < LENGTH -> d_step { length++; log[length] = attest; attested_on[length] = today; printf("%d: attest\n", length) }
  :: revoked_at == 0 && length + 2 <= LENGTH ->
    d_step { /* one action of the admin's: revoke, and rotate what the device held */
      length++; log[length] = revoke; revoked_at = length
      length++; log[length] = rotate; rotated_at = length; rotated_on = today
      printf("%d: ex is revoked, %d: the role's key is rotated\n", revoked_at, rotated_at)
    }
  :: select(whom : PATIENT .. NURSE)
    select(shown : 1 .. LENGTH)
    select(with_eve : 0 .. 1)
    if
    :: shown <= length -> serve(whom, shown, with_eve)
    :: else
    fi
    shown = 0; whom = 0; with_eve = 0
  :: make_epoch(PATIENT)
  :: refer()
  :: select(shown : 1 .. LENGTH)
    if
    :: shown <= length -> hear_ex(NURSE, shown)
    :: else
    fi
    shown = 0
  :: today == DAYS && length == LENGTH -> break
  od
#ifdef REACH /* both have the newest directory, and it serves */
  assert(!(rotated_at > 0 && view[PATIENT].length == LENGTH && view[NURSE].length == LENGTH &&
    attested_on[LENGTH] == DAYS && !view[PATIENT].eves && !view[NURSE].eves))
#endif
}
