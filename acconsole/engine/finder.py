"""Finding users among a hundred thousand of them at each key: what they go by, made ready once.

A query is words, all of which must fit; `!` before one turns it round. What is found comes best first: a
whole name, the beginning of the handle, the beginning of a word in it, anywhere in it, the other names. With
`fuzzy` those follow whose handle holds the letters in that order, and when nobody fits at all, those from
whom the word differs by one letter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from acconsole.engine.model import User

CODE = 3
"""Codes all begin alike: so many letters must be typed before they are searched."""
MACHINE_NAME = 4
"""DIDs and ids hold every letter somewhere: so many must be typed before they are searched."""
FUZZY = range(3, 25)
"""As many letters must a word have to be searched for with others in between."""
ENOUGH = 1000
"""From so many on, nobody looks for those in whom the letters are only scattered."""
_LONGEST = 40
"""From so many letters on, it is all the same how far apart they are."""
_BREAKS = frozenset("._- ")
_TYPO = 3
"""A handle is so many letters longer or shorter, at most, than a word that is mistyped."""


class Finder:
    """Users, made ready to be searched. What is found are their places in `users`."""

    def __init__(self, users: Sequence[User]) -> None:
        self.users = users
        suffix = _common_suffix(users)
        handles = [_folded("art" if user.is_guest else user.handle) for user in users]
        self._handles = handles
        self._every_handle = "\n".join(handles)
        self._last: tuple[str, list[str], list[int]] = ("", [], [])
        # A line for each name, so that the beginnings and the ends of names can be told.
        self._near = [
            f"\n{handle}\n{_folded(user.pds_handle).removesuffix(suffix)}\n"
            for handle, user in zip(handles, users, strict=True)
        ]
        self._wider = [f"{near}{_folded(user.code)}\n" for near, user in zip(self._near, users, strict=True)]
        self._far = [
            f"{wider}{_folded(user.pds_handle)}\n{_folded(user.did)}\n{_folded(user.id)}\n"
            for wider, user in zip(self._wider, users, strict=True)
        ]

    def find(self, query: str, *, fuzzy: bool = False) -> Sequence[int]:
        """The places of those who fit, best first; an empty query fits everybody, in the order they have."""
        wanted, unwanted = _words(query)
        found: Sequence[int] = range(len(self.users))
        for turn, word in enumerate(wanted):
            ranked = self._ranked(word, fuzzy)
            # The first word decides the order, the others only who stays in it.
            found = ranked if turn == 0 else _within(found, ranked)
        for word in unwanted:
            lines = self._lines(word)
            found = [at for at in found if word not in lines[at]]
        return found

    def _lines(self, word: str) -> list[str]:
        # The host stands in every PDS handle: it is looked at only when a dot is typed.
        if len(word) >= MACHINE_NAME or "." in word:
            return self._far
        return self._wider if len(word) >= CODE else self._near

    def _ranked(self, word: str, fuzzy: bool) -> list[int]:
        lines = self._lines(word)
        whole, begins, in_word, inside, others = self._by_handle(word, lines)
        first: list[int] = []
        rest: list[int] = []
        start, entire = f"\n{word}", f"\n{word}\n"
        for at in others:
            (first if start in lines[at] else rest).append(at)
        whole += [at for at in first if entire in lines[at]]
        if whole:
            first = [at for at in first if entire not in lines[at]]
        found = [*whole, *begins, *in_word, *inside, *first, *rest]
        self._last = word, lines, found
        if fuzzy and len(word) in FUZZY and len(found) < ENOUGH:
            found = found + self._scattered(word, set(found))
            found = found or self._mistyped(word)
        return found

    def _by_handle(self, word: str, lines: list[str]) -> tuple[list[int], ...]:
        """Those whose names hold the word, by where the handle holds it; the last do not hold it there."""
        tiers: tuple[list[int], ...] = ([], [], [], [], [])
        whole, begins, in_word, inside, others = tiers
        handles, length = self._handles, len(word)
        before, searched, known = self._last
        # One letter more: whoever did not fit does not fit now.
        narrowed = (
            bool(before) and searched is lines and word.startswith(before) and len(known) < len(lines) / 2
        )
        places: Sequence[int] = sorted(known) if narrowed else range(len(lines))
        if word not in self._every_handle:
            others += [at for at in places if word in lines[at]]
            return tiers
        # At the first letter everybody may be in it: nothing is called here that need not be.
        for at in places:
            if word not in lines[at]:
                continue
            place = handles[at].find(word)
            if place < 0:
                others.append(at)
            elif place:
                (in_word if handles[at][place - 1] in _BREAKS else inside).append(at)
            else:
                (whole if len(handles[at]) == length else begins).append(at)
        return tiers

    def _scattered(self, word: str, known: set[int]) -> list[int]:
        """Whose handles hold the letters in order with others in between; the closest together first."""
        search = _in_order(word).search
        found: tuple[list[int], ...] = tuple([] for _ in range(_LONGEST))
        for at, handle in enumerate(self._handles):
            if (match := search(handle)) and at not in known:
                first, end = match.span()
                found[min(end - first, _LONGEST) - 1].append(at)
        return [at for alike in found for at in alike]

    def _mistyped(self, word: str) -> list[int]:
        """Whose handles one letter of the word is too many for; its first one is taken to be right."""
        if len(word) < MACHINE_NAME:
            return []
        near = range(len(word) - _TYPO, len(word) + _TYPO + 1)
        close = [at for at, each in enumerate(self._handles) if each[:1] == word[0] and len(each) in near]
        tries = [_in_order(word[:out] + word[out + 1 :]).match for out in range(1, len(word))]
        found = [at for at in close if any(fits(self._handles[at]) for fits in tries)]
        return sorted(found, key=lambda at: abs(len(self._handles[at]) - len(word)))


def _folded(name: str | None) -> str:
    return name.casefold().replace("\n", " ") if name else ""


def _words(query: str) -> tuple[list[str], list[str]]:
    """The words that are wanted, and those that are not."""
    words = query.casefold().split()
    wanted = [word.removeprefix("@") for word in words if not word.startswith("!")]
    unwanted = [word[1:].removeprefix("@") for word in words if word.startswith("!")]
    return [word for word in wanted if word], [word for word in unwanted if word]


def _within(found: Sequence[int], others: Sequence[int]) -> list[int]:
    kept = set(others)
    return [at for at in found if at in kept]


def _in_order(letters: str) -> re.Pattern[str]:
    # Each letter is looked for up to its first place only: a handle of one letter repeated costs no more.
    signs = [re.escape(each) for each in letters]
    return re.compile(signs[0] + "".join(f"[^{sign}]*{sign}" for sign in signs[1:]))


def _common_suffix(users: Sequence[User]) -> str:
    """What most PDS handles end in, from the first dot on."""
    ends = Counter(
        user.pds_handle.casefold().partition(".")[2] for user in users[:1000] if user.pds_handle is not None
    )
    most = ends.most_common(1)
    return f".{most[0][0]}" if most and most[0][0] else ""
