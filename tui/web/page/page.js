// What the page needs beside textual-serve's script, which runs the terminal: its address, focus, keys and clipboard.
"use strict";

const terminal = document.getElementById("terminal");
terminal.dataset.sessionWebsocketUrl = location.origin.replace(/^http/, "ws") + "/ws";
history.replaceState(null, "", "/"); // the token is in a cookie by now

const ended = () => document.body.classList.contains("-closed");
const keyboard = () => terminal.querySelector("textarea");
const focus = () => (ended() ? document.querySelector("#ended button") : keyboard())?.focus({ preventScroll: true });

// The terminal tells the builder about the focus, for which it must be connected.
new MutationObserver(focus).observe(terminal, { attributeFilter: ["class"] });
new MutationObserver(focus).observe(document.body, { attributeFilter: ["class"] });
window.addEventListener("focus", focus);
document.querySelector("#ended button").addEventListener("click", () => location.reload());

// Browsers keep some keys with Ctrl for themselves. Alt stands for Ctrl in these.
const KEPT_BY_BROWSERS = new Set(["KeyN", "KeyQ", "KeyT", "KeyW", "PageDown", "PageUp"]);

function translated(event) {
  const { key, code, keyCode, shiftKey, ctrlKey, altKey } = event;
  const instead = altKey && !ctrlKey && KEPT_BY_BROWSERS.has(code);
  return { instead, key, code, keyCode, shiftKey, altKey: altKey && !instead, ctrlKey: ctrlKey || instead };
}

function onKey(event) {
  if (ended() || !event.isTrusted || event.isComposing || event.metaKey || !keyboard()) return;
  if (event.ctrlKey && !event.altKey && event.code === "KeyV") {
    event.stopImmediatePropagation(); // the browser pastes, and the terminal takes that
    return;
  }
  const { instead, ...key } = translated(event);
  if (event.target === keyboard() && !instead) return;
  event.preventDefault(); // F5 is not to load the page again, wherever the focus is
  event.stopImmediatePropagation();
  focus();
  const letter = instead && key.code.startsWith("Key") ? { key: key.code.slice(3).toLowerCase() } : {};
  keyboard().dispatchEvent(new KeyboardEvent("keydown", { ...key, ...letter, bubbles: true, cancelable: true }));
}
window.addEventListener("keydown", onKey, true);

// The clipboard of browsers is for encrypted pages and this machine only. Elsewhere there is the old way.
if (!navigator.clipboard) {
  const writeText = async (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    focus();
  };
  Object.defineProperty(navigator, "clipboard", { value: { writeText, readText: async () => "" } });
}
