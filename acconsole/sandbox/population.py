"""The whole of the sandbox's data, one owner after the other: the same at every start."""

from __future__ import annotations

from collections.abc import Iterator

from acconsole.media.base import SITE
from acconsole.sandbox import DEFAULT_USERS, cast, crowd
from acconsole.sandbox.docs import Author, CodeBook
from acconsole.sandbox.holdings import Holding
from acconsole.sandbox.people import Person, guest, people
from acconsole.sandbox.publish import Publisher
from acconsole.sandbox.seeds import rng


class Population:
    """`users` people, jeffrey first, and the guest account.

    `site` is where docs say that their videos lie: the sandbox gives its own media host, which answers.
    """

    def __init__(self, users: int = DEFAULT_USERS, site: str = SITE) -> None:
        self.users, self._site = users, site

    def holdings(self) -> Iterator[Holding]:
        """Each owner's docs and records, the guest account's first, made as they are asked for."""
        codes = CodeBook()
        yield self._holding(guest(), codes)
        for person in people(self.users):
            yield self._holding(person, codes)

    def _holding(self, person: Person, codes: CodeBook) -> Holding:
        random = rng("holding", person.id)
        holding = Holding(person)
        to = Publisher(holding, Author(person, codes, random, self._site), random)
        if person.is_guest:
            cast.guest(to)
        elif person.handle in cast.CAST:
            cast.CAST[person.handle](to)
        elif person.has_repo:
            crowd.fill(to, random)
        else:
            crowd.hoard(to, random, linked=person.did is not None)
        return holding
