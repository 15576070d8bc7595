"""The screen around it all: navigation, file and stream actions, the editor area, help, palette and keys."""
