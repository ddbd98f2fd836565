"""A PDS for the sandbox and the tests: in memory, one process, and to a client like the reference one.

    store.py      PdsStore: the accounts, and filling them without HTTP
    repo.py       one account's records and commits; tree.py: the Merkle search tree over them
    blobs.py      one account's blobs
    values.py     records as JSON, as DAG-CBOR, and their CIDs
    app.py        create_app: the HTTP side; xrpc.py: what a method is; methods_*.py: the methods
    sessions.py   tokens; limits.py: rate limits; faults.py: what tests can make go wrong

It keeps no history and speaks to nobody: no directory of identities, no relay, no events. Passwords are
made-up and kept in clear. Where the reference PDS loses a record (see `repo.Repo.commit`), so does it.
"""
