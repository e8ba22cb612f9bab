// Arranging looks: names, keys, order, copies, files. While it is open, pressing a look takes it in hand instead of on air.

import { say, wordsOf } from "/refusals.js";
import { fill } from "/steady.js";

const FILE_LIMIT = 200_000;
const KEYS = 9;
const $ = (id) => document.getElementById(id);

/** The choices of a key: each says which look has it now. */
export function fillKeys(select, list, chosen, without) {
  const choices = chosen <= KEYS ? [] : [["", without ?? `none (number ${chosen})`]];
  for (let key = 1; key <= KEYS; key += 1) {
    const holder = list.find((look) => look.number === key);
    choices.push([String(key), holder && key !== chosen ? `${key} – now ${holder.title}` : String(key)]);
  }
  fill(select, choices, chosen <= KEYS ? String(chosen) : "");
}

export class Arrange {
  #link;
  #looks;
  #name = null;
  #file = "";

  constructor(link, looks) {
    this.#link = link;
    this.#looks = looks;
    $("arrange-open").addEventListener("click", () => this.#open($("arrange").hidden));
    $("arrange").addEventListener("submit", (event) => { event.preventDefault(); this.#change({ title: $("arrange-title").value }); });
    $("arrange-title").addEventListener("input", () => say("arrange-refusal", ""));
    $("arrange-key").addEventListener("change", () => { if ($("arrange-key").value) this.#change({ number: Number($("arrange-key").value) }); });
    $("arrange-earlier").addEventListener("click", () => this.#step(-1));
    $("arrange-later").addEventListener("click", () => this.#step(1));
    $("arrange-copy").addEventListener("click", () => this.#copy());
    $("arrange-delete").addEventListener("click", () => this.#delete());
    $("arrange-file").addEventListener("click", () => this.#save(`${this.#path()}/file`, `${this.#name}.toml`));
    $("export-all").addEventListener("click", () => this.#save("/api/looks/file", "streamv2v-looks.toml"));
    $("import").addEventListener("click", () => $("import-file").click());
    $("import-file").addEventListener("change", () => this.#read());
    for (const answer of ["replace", "skip"]) $(`import-${answer}`).addEventListener("click", () => this.#import(answer));
  }

  get isOpen() { return !$("arrange").hidden; }

  /** Take a look in hand. */
  take(name) {
    const look = this.#looks.list.find((found) => found.name === name);
    this.#name = look ? name : null;
    this.#sure(false);
    say("arrange-refusal", "");
    this.#looks.point(this.#name);
    this.show();
    if (look) $("arrange-title").value = look.title;
  }

  /** The list has changed: show the look in hand as it is now. */
  show() {
    const look = this.#looks.list.find((found) => found.name === this.#name);
    if (!look) this.#name = null;
    $("arrange-look").hidden = !look;
    $("export-all").disabled = !this.#looks.list.some((found) => found.origin === "yours");
    if (!this.isOpen) return;
    this.#looks.point(this.#name);
    if (!look) { $("arrange-hint").textContent = "Choose a look below."; return; }
    const ships = look.origin === "shipped";
    $("arrange-hint").textContent = ships ? "Ships with the program: give it a key, or copy it and change the copy." : "Yours.";
    for (const id of ["arrange-title", "arrange-rename", "arrange-delete"]) $(id).disabled = ships;
    if (document.activeElement !== $("arrange-title")) $("arrange-title").value = look.title;
    fillKeys($("arrange-key"), this.#looks.list, look.number);
    const place = this.#looks.list.indexOf(look);
    $("arrange-earlier").disabled = place === 0;
    $("arrange-later").disabled = place === this.#looks.list.length - 1;
  }

  #path() { return `/api/looks/${encodeURIComponent(this.#name)}`; }

  #open(open) {
    $("arrange").hidden = !open;
    $("arrange-open").setAttribute("aria-expanded", String(open));
    $("arrange-open").textContent = open ? "Done" : "Arrange";
    $("looks").classList.toggle("arranging", open);
    this.take(open ? this.#looks.current : null);
  }

  async #ask(path, method, body) {
    const answer = await this.#link.fetch(path, { method, body }).catch(() => null);
    const told = answer?.ok ? await answer.json() : null;
    say("arrange-refusal", await wordsOf(told ? { ok: true } : answer));
    if (told) await this.#looks.load().catch(() => {});
    return told;
  }

  async #change(body) {
    if (await this.#ask(this.#path(), "PATCH", body)) this.show();
  }

  #step(by) {
    const place = this.#looks.list.findIndex((look) => look.name === this.#name);
    const other = this.#looks.list[place + by];
    if (other) this.#change({ number: other.number });
  }

  async #copy() {
    const told = await this.#ask(`${this.#path()}/copy`, "POST", {});
    if (told) this.take(told.name);
  }

  #sure(on) {
    $("arrange-delete").textContent = on ? "Delete for good" : "Delete";
    $("arrange-delete").dataset.sure = on ? "yes" : "";
  }

  async #delete() {
    if (!$("arrange-delete").dataset.sure) return this.#sure(true);
    if (await this.#ask(this.#path(), "DELETE")) this.take(null);
  }

  async #save(path, name) {
    const answer = await this.#link.fetch(path).catch(() => null);
    if (!answer?.ok) return say("arrange-refusal", await wordsOf(answer));
    const address = URL.createObjectURL(await answer.blob());
    Object.assign(document.createElement("a"), { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  async #read() {
    const [file] = $("import-file").files;
    if (!file) return;
    $("import-file").value = "";
    if (file.size > FILE_LIMIT) return say("arrange-refusal", `“${file.name}” is too large to be a file of looks.`);
    this.#file = await file.text();
    await this.#import("ask");
  }

  async #import(same_title) {
    const answer = await this.#link.fetch("/api/looks/file", { method: "POST", body: { text: this.#file, same_title } }).catch(() => null);
    $("import-ask").hidden = answer?.status !== 409;
    if (!answer?.ok) return say("arrange-refusal", await wordsOf(answer));
    say("arrange-refusal", "");
    const { added, replaced, skipped, told } = await answer.json();
    await this.#looks.load().catch(() => {});
    this.show();
    const parts = [[added, "new"], [replaced, "replaced"], [skipped, "were here already"]];
    $("arrange-hint").textContent = parts.filter(([names]) => names.length).map(([names, words]) => `${names.length} ${words}`).join(", ") + `. ${told}`;
  }
}
