/* How long can a relay hide the end of a conversation? (docs/protocol.md, Wire, Heads)
 *
 * Ann is shown a record, Bea perhaps not. Both are connected. Every 30 s an honest relay sends each a signed head:
 * position and time. This one sends what it likes: nothing, lies, an old head again.
 *
 * Claim: 75 s after the time of Ann's head, Bea has the record too, or her client has flagged the conversation, or the
 * relay has signed two heads that can't both be true: Ann's, and one of an earlier position and no earlier time.
 *
 * One tick is 15 s. -DNO_<check> and -DREACH as in transcript.pml. */

#define TICKS 9
#define OLDEST 5 /* ticks: 75 s, the age of the newest head beyond which a live conversation is flagged */

byte now = 1
byte ann_head      /* time of a head that covers the record, once Ann has both */
byte last_denial   /* time of the newest head that the relay signed for the position before it */
bool bea_has
bool flagged       /* at Bea's */
byte bea_head      /* time of her newest head */
bool withheld

/* Spin prints what printf says when it replays a run; it costs nothing in the search.
 *
 * Bea gets a head: whether it covers the record, and the time that it bears. */
inline receive(covers, t) {
  d_step {
    printf("Bea gets a head of tick %d; it covers the record: %d\n", t, covers)
    if
    :: !covers && t > last_denial -> last_denial = t
    :: else
    fi
    if
#ifdef NO_SIGNED_TIME /* taken to be as new as its arrival, whatever it says */
    :: true -> bea_head = now
#else
    :: t > bea_head -> bea_head = t
    :: else
#endif
    fi
#ifndef NO_POSITION /* a head beyond what was delivered: something is being withheld */
    if
    :: covers && !bea_has -> flagged = true
    :: else
    fi
#endif
  }
}

inline tick() {
  d_step {
    now++
    printf("tick %d\n", now)
#ifndef NO_AGE
    if
    :: now - bea_head > OLDEST -> flagged = true
    :: else
    fi
#endif
    withheld = (ann_head > 0 && now > ann_head + OLDEST && !bea_has && !flagged && last_denial < ann_head)
    assert(!withheld)
  }
}

active proctype relay() {
  byte t
  bool covers

  do
  :: now < TICKS -> tick()
  :: ann_head == 0 -> ann_head = now; printf("Ann gets the record, and a head of this tick\n")
  :: !bea_has -> bea_has = true; printf("Bea gets the record\n")
  :: select(covers : 0 .. 1)
    select(t : 1 .. TICKS)
    if
    :: t <= now -> receive(covers, t)
    :: else
    fi
    covers = 0; t = 0
  :: now == TICKS -> break
  od
#ifdef REACH /* the record goes to both, and nobody is accused */
  assert(!(ann_head == 4 && bea_has && !flagged && last_denial < ann_head))
#endif
}
