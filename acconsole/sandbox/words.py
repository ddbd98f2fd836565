"""The words that the sandbox's people use: names, moods, KidLisp, and texts that try to break a screen."""

# ruff: noqa: SIM905 - a list of words reads best as a line of words

from __future__ import annotations

from random import Random

from acconsole.sandbox.seeds import pick

HANDLE_HEADS = (
    "moss fern plum kite wren opal nova juno lark mint dusk pixel noodle velvet comet biscuit maple tofu "
    "echo ember fable ghosty honey iris jelly koi lemon mango neon olive pebble quartz ripple sable tulip "
    "umber violet willow yarn zinnia cocoa doodle fizz gummy hazel indigo"
).split()
HANDLE_TAILS = (
    "cat fox bot kid art lab owl bee sky sea ray jam pop zen dot web ink box ufo day zip elf hat log fly"
).split()

_FEELINGS = (
    "sleepy glitchy pink electric soft wobbly curious hungry sparkly tender dizzy brave cloudy loud tiny "
    "nostalgic overclocked buffering mossy feral"
).split()
_MOODS = (
    "feeling {0} today",
    "{0} and {1}",
    "i drew a {0} line and then a {1} one",
    "{0}…",
    "so {0} right now!!",
    "made a painting, now {0}",
    "{0} morning, {1} night",
    "the prompt said hi and i felt {0}",
    "{0}\\nbut also {1}",
    "why is everything {0} :)",
    "back on aesthetic.computer, still {0}",
)

HOSTILE = (
    "[bold]shouting[/bold] in markup",
    "closing what nobody opened [/x]",
    "[@click=app.quit]press me[/]",
    "\x1b[31mred\x1b[0m and \x1b[2Ja cleared screen",
    "\x1b]0;a new window title\x07ding",
    "left \u202eto right\u202c and \u2066isolated\u2069",
    "zero\u200bwidth\u200djoined\ufeff",
    "🌸🏳️‍🌈👩🏽‍🎨🫠 all at once",
    "今日の気分は桃色です。とても眠い。",
    "기분이 좋아요 / مزاجي جيد / מצב רוח טוב",
    "Z̷a̵l̴g̶o̵ ĉ͓̫o̲͎m̻͝e͙s̘",
    "first line\nsecond line\r\nthird\ttabbed",
    "a literal \\n, not a line end",
    "{handle} %s ${HOME} $(whoami) <script>alert(1)</script>",
    "   spaces around   ",
)
"""Moods that a screen must show and not obey."""

LONGEST_MOOD = ("i could go on and on about how " * 162)[:5000]
"""5,000 bytes, which is what the lexicon allows."""

TOO_MANY_BYTES = "桃" * 5000
"""5,000 characters, 15,000 bytes: more than the lexicon allows."""

_COLORS = 'pink purple blue yellow cyan lime black white red orange rainbow magenta "gray" "hotpink"'.split()
_SHAPES = (
    "(line)",
    "(line 0 0 w h)",
    "(box 10 10 {0} {1})",
    "(circle {0} {1} 12)",
    "(plot {0} {1})",
    "(tri {0} 4 {1} 60 8 {0})",
    "(repeat {0} (line ? ? ? ?))",
    "(scroll {0} 1)",
    "(zoom 1.01)",
    "(spin {0})",
    "(blur 2)",
    "(later spin)",
    "(def x {0})",
    '(write "hi" {0} {1})',
)

PIECES = (
    "wipppps bubble-bath camera-obscura dither-dance egg-timer fuzzy-clock garden-snake hand-tunes ink-rain "
    "jelly-desk key-song line-toy moon-walk notepat2 orbit-line paste-up quilt rainbow-log starfield2 toss "
    "udder-line vhs-blur whistle-box x-ray-pen yo-yo zine-maker"
).split()


def mood(random: Random) -> str:
    """Something that a person felt."""
    return pick(random, _MOODS).format(pick(random, _FEELINGS), pick(random, _FEELINGS))


def kidlisp(random: Random) -> str:
    """A small KidLisp program, one to six expressions."""
    parts = [f"(wipe {pick(random, _COLORS)})", f"(ink {pick(random, _COLORS)})"]
    for _ in range(int(random.random() * 5)):
        a, b = int(random.random() * 96) + 2, int(random.random() * 96) + 2
        parts.append(pick(random, _SHAPES).format(a, b))
    return " ".join(parts)


def user_code(random: Random, year: int) -> str:
    """A permanent user code: `ac`, two digits of the year, five letters that can be spoken."""
    consonants, vowels = "bcdfghjklmnprstvwz", "aeiou"
    letters = "".join(pick(random, consonants if at % 2 == 0 else vowels) for at in range(5))
    return f"ac{year % 100:02d}{letters}"
