/* What can a hostile relay make the people of one conversation believe? (docs/protocol.md, Message, checks 2 to 5)
 *
 * The patient writes up to two messages and Ann one, whenever they like; Bea reads. The relay hands each of the three
 * up to three records, any at any time: withheld, doubled, in any order, different ones to each, and once each a forgery
 * of its own and a message of the patient's from another conversation.
 *
 * A link is modelled by what it hashes, the sequence of records itself, three bits for each: a hash without collisions.
 *
 * -DNO_<check> takes a check away; the run then must end in a violated assertion. -DREACH asserts that the honest end
 * is never reached, which must fail as well: else the model would prove nothing. */

#define PATIENT 0
#define ANN 1
#define BEA 2
#define FIRST 1 /* the patient's */
#define SECOND 2 /* the patient's */
#define ANSWER 3 /* Ann's */
#define FORGERY 4 /* in the patient's name, without her signature */
#define FOREIGN 5 /* the patient's own, in another conversation */
#ifndef POSITIONS
#define POSITIONS 3
#endif

#define SENDER(id) ((id) == ANSWER -> ANN : PATIENT)
#define SEQUENCE(id) ((id) == SECOND -> 2 : 1)

/* `history` with its newest `n` records cut off. */
#define CUT(history, n) ((history) >> (3 * (n)))

typedef Record {
  bool exists
  byte seen      /* position that the sender had seen */
  short seen_link
  /* Not on the wire, for the assertions: what the sender had been shown when writing. */
  short context
  byte context_length
}
typedef Person {
  byte position
  short link
  byte sent
  byte accepted[2]  /* newest sequence, by sender */
  bool forked
  short shown
  byte shown_length
}

Record record[6] /* by id */
Person person[3]
bool readers_turn

bool believed, differs, replayed, out_of_order, out_of_context, forged, false_alarm, unnoticed
byte i, holder
short entry

/* Spin prints these lines when it replays a run; they cost nothing in the search. */
inline say(who) {
  if
  :: who == PATIENT -> printf("the patient ")
  :: who == ANN -> printf("Ann ")
  :: else -> printf("Bea ")
  fi
}

/* Whether `id` is among what `who` was shown. */
inline find_shown(who, id, found) {
  found = false
  i = 0
  do
  :: i < person[who].shown_length ->
    entry = CUT(person[who].shown, i) & 7
    if
    :: entry == id -> found = true
    :: else
    fi
    i++
  :: else -> break
  od
}

inline write(who, id) {
  d_step {
    record[id].exists = true
    person[who].sent++
    record[id].seen = person[who].position
    record[id].seen_link = person[who].link
    record[id].context = person[who].shown
    record[id].context_length = person[who].shown_length
    say(who)
    printf("writes record %d, having seen %d\n", id, record[id].seen)
  }
}

/* The recipient's checks, in their order, then the assertions about what they let through. */
inline deliver(who, id) {
  d_step {
    /* Another history at the position that the sender had seen? */
    if
    :: record[id].seen <= person[who].position ->
      differs = (CUT(person[who].link, person[who].position - record[id].seen) != record[id].seen_link)
    :: else -> differs = false
    fi

    believed = true
#ifndef NO_SCOPE
    if
    :: id == FOREIGN -> believed = false
    :: else
    fi
#endif
#ifndef NO_SIGNATURE
    if
    :: id == FORGERY -> believed = false
    :: else
    fi
#endif
#ifdef NO_LINK_FIRST /* the sequence is judged before the seen link, and a gap is all that is noticed */
    if
    :: SEQUENCE(id) != person[who].accepted[SENDER(id)] + 1 -> believed = false
    :: else
    fi
#endif
#ifndef NO_SEEN_PAST
    if
    :: record[id].seen > person[who].position -> believed = false
    :: else
    fi
#endif
#ifndef NO_SEEN_LINK
    if
    :: believed && differs -> person[who].forked = true; believed = false
    :: else
    fi
#endif
#ifndef NO_SEQUENCE
    if
    :: SEQUENCE(id) != person[who].accepted[SENDER(id)] + 1 -> believed = false
    :: else
    fi
#endif

    say(who)
    if
    :: believed -> printf("believes record %d\n", id)
    :: !believed && person[who].forked -> printf("sees a fork at record %d\n", id)
    :: else -> printf("refuses record %d\n", id)
    fi

    /* A fork is somebody's signed word for another history of this conversation, and nothing else is. */
    false_alarm = (person[who].forked && (!differs || id == FORGERY || id == FOREIGN))
    assert(!false_alarm)

    if
    :: believed ->
      forged = (id == FORGERY || id == FOREIGN)
      assert(!forged)
      find_shown(who, id, replayed)
      assert(!replayed)
      /* Everything that its sender wrote before has been shown. */
      if
      :: id == SECOND -> find_shown(who, FIRST, out_of_order); out_of_order = !out_of_order
      :: else -> out_of_order = false
      fi
      assert(!out_of_order)
      /* Everything that its sender had been shown has been shown, the same things in the same order. */
      if
      :: record[id].context_length > person[who].shown_length -> out_of_context = true
      :: else -> out_of_context = (record[id].context !=
          CUT(person[who].shown, person[who].shown_length - record[id].context_length))
      fi
      assert(!out_of_context)
      person[who].accepted[SENDER(id)]++
      person[who].shown = (person[who].shown << 3) | id
      person[who].shown_length++
    :: else
    fi

    /* Whoever is handed the word of somebody who saw another history notices. */
    unnoticed = (differs && id != FORGERY && id != FOREIGN && !person[who].forked)
    assert(!unnoticed)

    /* Refused or not, it keeps its place. */
    person[who].position++
    person[who].link = (person[who].link << 3) | id

    believed = false; differs = false; replayed = false; out_of_order = false; out_of_context = false; forged = false
    false_alarm = false; unnoticed = false; i = 0; entry = 0
  }
}

inline deliver_any(who) {
  if
  :: record[FIRST].exists -> deliver(who, FIRST)
  :: record[SECOND].exists -> deliver(who, SECOND)
  :: record[ANSWER].exists -> deliver(who, ANSWER)
  :: record[FORGERY].exists -> deliver(who, FORGERY); record[FORGERY].exists = false
  :: record[FOREIGN].exists -> deliver(who, FOREIGN); record[FOREIGN].exists = false
  :: else -> skip
  fi
}

#define CAN_READ(who) (person[who].position < POSITIONS && !person[who].forked)
/* After a fork nothing more is sent. */
#define CAN_WRITE(who) (!person[who].forked)

active proctype relay() {
  record[FORGERY].exists = true
  record[FOREIGN].exists = true
  record[FOREIGN].seen_link = 7 /* the other conversation's own first link */
  do
  :: !readers_turn && CAN_WRITE(PATIENT) && person[PATIENT].sent == 0 -> write(PATIENT, FIRST)
  :: !readers_turn && CAN_WRITE(PATIENT) && person[PATIENT].sent == 1 -> write(PATIENT, SECOND)
  :: !readers_turn && CAN_WRITE(ANN) && person[ANN].sent == 0 -> write(ANN, ANSWER)
  :: !readers_turn && CAN_READ(PATIENT) -> deliver_any(PATIENT)
  :: !readers_turn && CAN_READ(ANN) -> deliver_any(ANN)
  /* Bea changes nothing for the others, so she may as well read last; what they know no longer matters then. */
  :: !readers_turn ->
    d_step {
      readers_turn = true
      holder = PATIENT
      do
      :: holder <= ANN ->
        person[holder].position = 0; person[holder].link = 0; person[holder].sent = 0
        person[holder].accepted[0] = 0; person[holder].accepted[1] = 0; person[holder].forked = false
        person[holder].shown = 0; person[holder].shown_length = 0
        holder++
      :: else -> break
      od
      holder = 0
    }
  :: readers_turn && CAN_READ(BEA) -> deliver_any(BEA)
  :: readers_turn && !CAN_READ(BEA) -> break
  od
#ifdef REACH
  assert(person[BEA].shown_length < 3)
#endif
}
