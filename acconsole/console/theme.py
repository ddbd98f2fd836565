"""The console's own themes: pink and purple on black, and a light one. Every colour is named here.

`good`, `todo` and `bad` (green, amber, red) are for verdicts and failures alone, `good-bar` for long bars;
`pick` is what is selected, `work` is work going on, `live` is a live run, `mute` is what matters less.
"""

from __future__ import annotations

from textual.theme import Theme

from acconsole.engine.model import Verdict

DARK = Theme(
    name="acconsole-dark",
    dark=True,
    primary="#ff6ac1",
    secondary="#b48cff",
    accent="#ff6ac1",
    foreground="#ece4f4",
    background="#0c0711",
    surface="#140d1c",
    panel="#1e1429",
    success="#5fd68b",
    warning="#f2b545",
    error="#ff5d5d",
    variables={
        "good": "#5fd68b",
        "good-bar": "#2f7d52",
        "todo": "#f2b545",
        "bad": "#ff5d5d",
        "pick": "#ff8fd0",
        "pick-back": "#47163f",
        "pick-rest": "#291330",
        "work": "#b48cff",
        "work-back": "#54418a",
        "live": "#ff2e9a",
        "live-text": "#12000a",
        "mute": "#9484a6",
        "faint": "#5f5070",
        "track": "#291d36",
        "rule": "#3a2a4a",
        "badge-text": "#0c0711",
        "profile-red": "#ff7b7b",
        "profile-orange": "#ff9e5e",
        "profile-yellow": "#f0d060",
        "profile-green": "#7bd88f",
        "profile-blue": "#6fb7ff",
        "profile-purple": "#b48cff",
        "profile-pink": "#ff9ad5",
        "profile-grey": "#b0a8b8",
        "block-cursor-background": "#ff8fd0",
        "block-cursor-foreground": "#0c0711",
        "input-selection-background": "#ff6ac1 35%",
        "input-cursor-background": "#ff8fd0",
        "scrollbar": "#3a2a4a",
        "scrollbar-hover": "#54418a",
        "scrollbar-active": "#b48cff",
        "scrollbar-background": "#140d1c",
        "scrollbar-background-hover": "#140d1c",
        "scrollbar-background-active": "#140d1c",
        "scrollbar-corner-color": "#140d1c",
        "border": "#b48cff",
        "border-blurred": "#3a2a4a",
    },
)

LIGHT = Theme(
    name="acconsole-light",
    dark=False,
    primary="#b3127a",
    secondary="#6a3fc4",
    accent="#b3127a",
    foreground="#241530",
    background="#fcf8ff",
    surface="#f5eefb",
    panel="#ebe0f5",
    success="#137a3f",
    warning="#9a5b00",
    error="#c01f2e",
    variables={
        "good": "#137a3f",
        "good-bar": "#6fbf8f",
        "todo": "#9a5b00",
        "bad": "#c01f2e",
        "pick": "#a1106d",
        "pick-back": "#f9cfe9",
        "pick-rest": "#f6e6f3",
        "work": "#6a3fc4",
        "work-back": "#c4aef0",
        "live": "#d6006f",
        "live-text": "#ffffff",
        "mute": "#6d5b7d",
        "faint": "#a394b3",
        "track": "#e2d5ee",
        "rule": "#cdbadf",
        "badge-text": "#ffffff",
        "profile-red": "#b8232f",
        "profile-orange": "#a34a00",
        "profile-yellow": "#7d6200",
        "profile-green": "#137a3f",
        "profile-blue": "#0f5cad",
        "profile-purple": "#6a3fc4",
        "profile-pink": "#b3127a",
        "profile-grey": "#5c5464",
        "block-cursor-background": "#b3127a",
        "block-cursor-foreground": "#ffffff",
        "input-selection-background": "#b3127a 25%",
        "input-cursor-background": "#b3127a",
        "scrollbar": "#cdbadf",
        "scrollbar-hover": "#b79bd6",
        "scrollbar-active": "#6a3fc4",
        "scrollbar-background": "#f5eefb",
        "scrollbar-background-hover": "#f5eefb",
        "scrollbar-background-active": "#f5eefb",
        "scrollbar-corner-color": "#f5eefb",
        "border": "#6a3fc4",
        "border-blurred": "#cdbadf",
    },
)

_VERDICTS = {
    Verdict.SYNCED: "$good",
    Verdict.ORPHAN: "$mute",
    Verdict.BLOCKED: "$bad",
}

MEANINGS = {
    Verdict.SYNCED: "record and doc agree, and the doc stores the record's rkey",
    Verdict.MISSING: "a doc without a record: a restore creates it",
    Verdict.UNLINKED: "the record is right, the doc's stored rkey is absent or wrong: a restore links it",
    Verdict.STALE: "a field or a blob of the record differs from what the doc gives: a restore updates it",
    Verdict.DUPLICATE: "a further record of a doc that has one: a restore deletes it",
    Verdict.TOMBSTONE: "a record of a deleted doc: deleted with prune",
    Verdict.ORPHAN: "a record whose doc does not exist: deleted with prune; does not count as out of sync",
    Verdict.BLOCKED: "a doc that cannot become a valid record: reported, never guessed",
}


def colour_of(verdict: Verdict) -> str:
    """The verdict's colour: green for synced, red for blocked, amber for what a restore mends."""
    return _VERDICTS.get(verdict, "$todo")
