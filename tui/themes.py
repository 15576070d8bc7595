"""Longhaul's own themes, a dark one and a light one."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    "longhaul-dark",
    primary="#4fb3bf",
    secondary="#7a8fd6",
    accent="#e8a857",
    warning="#e5b567",
    error="#e06c75",
    success="#8fbf7f",
    foreground="#d7dce2",
    background="#14181d",
    surface="#1a1f26",
    panel="#232a33",
    dark=True,
    variables={
        "block-cursor-text-style": "bold",
        "button-focus-text-style": "bold underline",
        "scrollbar": "#3a4552",
        "scrollbar-background": "#1a1f26",
        "scrollbar-corner-color": "#1a1f26",
    },
)
LIGHT = Theme(
    "longhaul-light",
    primary="#0b7285",
    secondary="#3b5bdb",
    accent="#b35900",
    warning="#9a6700",
    error="#c92a2a",
    success="#2b7a3d",
    foreground="#20262d",
    background="#ffffff",
    surface="#f6f8fa",
    panel="#e7ebf0",
    dark=False,
    variables={
        "block-cursor-text-style": "bold",
        "button-focus-text-style": "bold underline",
        "scrollbar": "#b6c0ca",
        "scrollbar-background": "#eef1f4",
        "scrollbar-corner-color": "#eef1f4",
    },
)
