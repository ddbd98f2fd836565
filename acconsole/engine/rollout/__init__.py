"""One restore over many users: the guest account and everybody, or those who were chosen.

    survey.py   looks at all of them, and says what there is to do: nothing is written, nobody is logged in
    part.py     does one user; the same function on this machine and on a worker of a cluster
    hands.py    who does that work: this machine, or a cluster
    crew.py     how many users are worked on at the same time, up and down with what the PDS shows
    lanes.py    the loop: users taken in turn, the failed ones again at the end, pause and stop
    limits.py   when it stops by itself: too many failures, or no budget left
    resume.py   going on from a rollout of before
    account.py  what it all comes to; report.py writes it down
    told.py     the events

A user is planned anew when the turn comes, so that what the survey saw is a guide and nothing else.
"""
