"""How keys are written on the screen."""

from __future__ import annotations

KEY_NAMES = {
    "slash": "/",
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "ctrl+q": "^q",
    "ctrl+p": "^p",
    "ctrl+r": "^r",
    "insert": "ins",
    "f1": "F1",
    "f2": "F2",
    "f3": "F3",
    "f4": "F4",
    "f5": "F5",
    "f6": "F6",
    "f7": "F7",
    "f8": "F8",
    "f9": "F9",
    "f10": "F10",
    "minus": "−",
    "plus": "+",
}
