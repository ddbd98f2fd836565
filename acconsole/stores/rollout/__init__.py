"""A rollout's users on the workers of a Dask cluster.

    hands.py     the `Hands` that a rollout is given: the workers of a cluster
    head.py      the head's end of the line: what workers say, and what is said to them
    parts.py     the orders that are being carried out, each a Dask task
    line.py      the line itself: messages in queues of the scheduler
    session.py   a worker's end of the line
    ports.py     the journal, the backups and what else is the head's, as a worker has them
    worker.py    a worker process: its own world, and in it the one function that does a user

Nothing of it is imported before a cluster is named.
"""
