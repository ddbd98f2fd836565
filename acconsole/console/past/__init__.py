"""The runs of the past, as the journal of this machine tells them.

`book` is what was read of it, `reading` the runner's work; `listing` shows the runs as lines. `account` is
one run in full, `facts` says what it was, and `entries` shows what it did as lines.
"""
