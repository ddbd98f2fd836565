"""The list of users at an admin's hands: filters, order, marks, by key and by mouse; copying."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from textual.widgets import Input

from acconsole.console.filters import MEANINGS, Filter
from acconsole.console.roster import Column, Sort
from acconsole.console.screens.user import UserScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.console.userlist import Columns
from acconsole.console.widgets.filters import FilterBar
from acconsole.console.widgets.heads import Heads
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.search import SearchField
from tests.console.crowd import Crowd, over_crowd, person
from tests.console.driver import Connect, Driver, console, over
from tests.console.test_hostile import ALL, TEXTS, assert_calm

WIDE = (120, 34)
NAMES = ("abby", "bit", "casey", "dot", "jef.art", "jefferson", "jeffrey", "lull", "moth", "rook", "wisp")
STANDINGS = {
    "casey": (61, 2, "ok"),
    "jef.art": (9, 1, "ok"),
    "jeffrey": (2094, 720, "ok"),
    "lull": (0, 0, "inactive"),
    "wisp": (4, 0, "none"),
}


def crowd() -> Connect:
    """Eleven people, of whom three are out of sync, one has no account and one an inactive one."""
    return over_crowd(Crowd([person(number, name) for number, name in enumerate(NAMES)], STANDINGS))


async def looked_at(driver: Driver) -> UsersScreen:
    """Wait until everybody was looked at, and go to the list."""
    await driver.until(lambda: driver.session.scan and driver.session.scan.ended_at, "the scan to end")
    await driver.until(lambda: not driver.session.reading, "those in view to be read")
    await driver.press("escape")
    return driver.at(UsersScreen)


def listed(driver: Driver) -> list[str]:
    return [user.handle or "" for user in driver.at(UsersScreen).roster.shown]


async def test_each_filter_has_a_key_and_its_count() -> None:
    async with console(crowd(), size=WIDE) as driver:
        screen = await looked_at(driver)
        for key, each in enumerate(Filter, 1):
            found = driver.session.found(each)
            # Those that find nobody give way where there is no room for all.
            assert re.search(rf"{each} {len(found)}(\s|$)", driver.text) or not found, each
            await driver.press(str(key))
            assert screen.roster.filter is each
            assert {user.id for user in screen.roster.shown} == found
            if not found:
                await driver.see(re.escape(MEANINGS[each]))
        await driver.press("7")
        assert screen.roster.filter is None
        await driver.press("2", "0")
        assert len(listed(driver)) == len(NAMES)


async def test_the_filter_key_goes_through_those_that_find_somebody() -> None:
    async with console(crowd(), size=WIDE) as driver:
        screen = await looked_at(driver)
        seen = []
        for _ in range(4):
            await driver.press("f")
            seen.append(screen.roster.filter)
        assert seen == [Filter.OUT_OF_SYNC, Filter.NO_ACCOUNT, Filter.INACTIVE, None]
        # In the search field, where letters are text, another key does it.
        await driver.press("slash", "f2")
        await driver.write("jef")
        assert listed(driver) == ["jef.art", "jeffrey"]
        await driver.see("2 of 11 users")
        await driver.press("escape")
        assert screen.roster.filter is Filter.OUT_OF_SYNC
        await driver.press("escape")
        assert screen.roster.filter is None


async def test_a_search_that_a_filter_leaves_nobody_of_says_so() -> None:
    async with console(crowd(), size=WIDE) as driver:
        await looked_at(driver)
        await driver.press("2", "slash")
        await driver.write("jeffrey")
        await driver.see("Nobody with the filter “no account” goes by that")


async def test_filters_are_clicked() -> None:
    for size in ((80, 24), WIDE):
        async with console(crowd(), size=size) as driver:
            screen = await looked_at(driver)
            filters = next(each for each in screen.query(FilterBar) if each.size.width)
            line = driver.text.splitlines()[filters.region.y]
            place = (line.index("no account") - filters.region.x + 3, 0)
            await driver.pilot.click(filters, offset=place)
            assert screen.roster.filter is Filter.NO_ACCOUNT
            assert "wisp" in listed(driver)
            await driver.pilot.click(filters, offset=place)
            assert screen.roster.filter is None


async def test_whoever_comes_to_fit_a_filter_is_listed() -> None:
    async with console(crowd(), size=WIDE) as driver:
        await looked_at(driver)
        await driver.press("1")
        assert "abby" not in listed(driver)
        abby = next(user for user in driver.session.users if user.handle == "abby")
        casey = next(user for user in driver.session.users if user.handle == "casey")
        driver.session.glances[abby.id] = driver.session.glances[casey.id]
        await driver.until(lambda: "abby" in listed(driver), "the filter to find her")


async def test_sorting_by_key_shows_what_by_and_which_way() -> None:
    async with console(crowd(), size=WIDE) as driver:
        await looked_at(driver)
        assert "user▲" in driver.text
        await driver.press("s")
        await driver.see("▼to do")
        assert listed(driver)[:3] == ["jeffrey", "casey", "jef.art"]
        assert driver.one(Rows).cursor == 0
        await driver.press("S")
        await driver.see("▲to do")
        assert listed(driver)[0] == "abby"
        await driver.press("s")
        await driver.see("▲looked")
        for kind in ("paintings", "moods", "pieces", "kidlisp", "tapes"):
            await driver.press("f4")
            await driver.see(f"▼{kind}")
        await driver.press("s")
        await driver.see("user▲")
        await driver.press("f6")
        await driver.see("user▼")


async def test_sorting_by_a_click_on_a_head() -> None:
    async with console(crowd(), size=(80, 24)) as driver:
        screen = await looked_at(driver)
        columns = Columns.fitting(driver.one(Rows).scrollable_content_region.width)
        for first, last, column in columns.spots:
            await driver.pilot.click(Heads, offset=((first + last) // 2, 0))
            assert screen.order
            assert screen.order.column is column
            assert screen.order.arrow in driver.text.splitlines()[3]
        await driver.pilot.click(Heads, offset=(last - 1, 0))
        assert screen.order == Sort.by(Column.LOOKED).turned


async def test_a_search_gives_the_best_first_until_an_order_is_chosen() -> None:
    async with console(crowd(), size=WIDE) as driver:
        screen = await looked_at(driver)
        await driver.press("slash")
        await driver.write("o")
        await driver.see("best match first")
        assert screen.order is None
        await driver.press("f4")
        await driver.gone("best match first")
        await driver.see("▼to do")


async def test_marks_outlive_the_search_and_the_hidden_are_counted() -> None:
    async with console(crowd(), size=WIDE) as driver:
        await looked_at(driver)
        await driver.press("space", "down", "space", "slash", "insert")
        assert len(driver.session.marks) == 3
        assert "● 3 marked" in driver.text
        assert driver.text.count("●") == 3 + 1 + 2
        marked = driver.session.marked_users
        assert marked == tuple(driver.session.users[at].id for at in (0, 2, 3))
        await driver.write(driver.session.users[2].code or "")
        await driver.see("3 marked, 2 hidden")
        await driver.press("escape", "escape", "home", "space")
        assert driver.session.marked_users == marked[1:]
        await driver.press("u")
        assert not driver.session.marks
        assert "marked" not in driver.text


async def test_all_who_are_shown_are_marked_and_unmarked() -> None:
    async with console(crowd(), size=WIDE) as driver:
        screen = await looked_at(driver)
        await driver.press("space", "1", "a")
        shown = {user.id for user in screen.roster.shown}
        first = driver.session.users[0].id
        assert first not in shown
        assert set(driver.session.marked_users) == shown | {first}
        await driver.see(f"{len(shown) + 1} marked, 1 hidden")
        await driver.press("a")
        assert driver.session.marked_users == (first,)


async def test_the_cursor_stays_with_its_user() -> None:
    async with console(crowd(), size=WIDE) as driver:
        screen = await looked_at(driver)
        await driver.press("down", "down", "down", "down")
        here = screen.selected
        await driver.press("slash")
        await driver.write("z")
        await driver.press("backspace")
        assert driver.one(Rows).cursor == 0
        await driver.press("escape", *["down"] * 4)
        screen.list_anew()
        assert screen.selected is here


async def test_handle_and_did_are_copied() -> None:
    async with console(crowd(), size=WIDE) as driver:
        await looked_at(driver)
        await driver.press("slash")
        await driver.write("jeffrey")
        driver.one(Rows).focus()
        await driver.press("y")
        assert driver.app.clipboard == "@jeffrey"
        await driver.see("Copied @jeffrey")
        await driver.press("Y")
        assert driver.app.clipboard == person(NAMES.index("jeffrey")).did


async def test_the_palette_knows_every_user_and_every_action(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=WIDE) as driver:
        await looked_at(driver)
        await driver.press("slash", "ctrl+p")
        await driver.write("copy did")
        await driver.see("Copy the DID to the clipboard")
        await driver.press("enter")
        await driver.until(lambda: driver.app.clipboard.startswith("did:"), "the DID to be copied")
        await driver.press("ctrl+p")
        await driver.write("jefferson")
        await driver.see("jefferson.at.aesthetic.computer")
        await driver.press("down", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, UserScreen), "the user to open")
        assert driver.at(UserScreen).user.handle == "jefferson"


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_hostile_names_are_inert_in_the_list_the_palette_and_the_clipboard(
    size: tuple[int, int],
) -> None:
    people = [person(number, text) for number, text in enumerate([*TEXTS, ALL, "[b]"])]
    people = [replace(each, code=each.handle, pds_handle=each.handle) for each in people]
    engine = Crowd(people, {ALL: (3, 2, "ok"), TEXTS[0]: (1, 0, "none")})
    async with console(over_crowd(engine), size=size) as driver:
        await looked_at(driver)
        assert_calm(driver)
        for key in ("a", "1", "s", "y", "0", "slash"):
            await driver.press(key)
            assert_calm(driver)
        driver.one(SearchField).value = "[b"
        await driver.until(lambda: len(listed(driver)) == 3, "those that hold it")
        assert_calm(driver)
        await driver.press("ctrl+p")
        driver.app.screen.query_one(Input).value = "[b"
        await driver.see(r"\[b\]|loud")
        assert_calm(driver)
        assert driver.app.clipboard.isprintable()
