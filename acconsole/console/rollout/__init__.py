"""A rollout as the console shows it.

doing.py     the runner's part: looks at everybody, starts rollouts, finds those that died
tracks.py    what is behind a rollout and what is left, in bars that never go back
lanes.py     the users in work, each in a place that it keeps
causes.py    failures by cause, and whose they are
progress.py  all of that, folded from the engine's events
view.py      painted: title, bars, numbers, lanes
lists.py     painted, line by line: failures, users to be tried again, users left out, the log
ending.py    the account at the end
summary.py   what there is to do, before it is begun
"""
