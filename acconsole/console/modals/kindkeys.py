"""Keys that take media types in or out, for the dialogs that plan something."""

from __future__ import annotations

from acconsole.media.base import MediaType

KINDS = tuple(MediaType)


class KindKeys:
    """Actions `toggle_1` to `toggle_5` and `toggle_all`, in the order of the media types."""

    def turn_kinds(self, kinds: frozenset[MediaType]) -> None:
        """These media types are taken in where they were out, and out where they were in."""
        raise NotImplementedError

    def take_all_kinds(self) -> None:
        """Every media type is in."""
        raise NotImplementedError

    def action_toggle_1(self) -> None:
        self.turn_kinds(frozenset(KINDS[:1]))

    def action_toggle_2(self) -> None:
        self.turn_kinds(frozenset(KINDS[1:2]))

    def action_toggle_3(self) -> None:
        self.turn_kinds(frozenset(KINDS[2:3]))

    def action_toggle_4(self) -> None:
        self.turn_kinds(frozenset(KINDS[3:4]))

    def action_toggle_5(self) -> None:
        self.turn_kinds(frozenset(KINDS[4:5]))

    def action_toggle_all(self) -> None:
        """Every media type."""
        self.take_all_kinds()
