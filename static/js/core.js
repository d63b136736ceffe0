// What every other script is written with.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const root = document.documentElement;
export const on = (type, handler, capture = false) => document.addEventListener(type, handler, capture);
export const typing = (el) => el.closest?.("input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select, [contenteditable]");
export const text = (name) => $("#texts")?.dataset[name] ?? "";
export const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); return true; } catch { return false; } },
  drop(key) { try { localStorage.removeItem(key); } catch { /* no storage */ } },
  keys() { try { return Object.keys(localStorage); } catch { return []; } },
};
