// The last ten minutes, kept by the program: rulers to look at, a sentence that says the same, the last events in words.
// Asked for and drawn only while somebody has it open.

import { element, svg } from "/elements.js";
import { say, wordsOf } from "/refusals.js";
import { Ruler, drawStrip } from "/ruler.js";

const $ = (id) => document.getElementById(id);
const EVERY_MS = 2000;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -15, PageUp: 15, Home: -Infinity, End: Infinity };
const RULERS = [
  { title: "Drawn pictures", unit: "a second", lines: [["styled_fps", ""]] },
  { title: "Delay", unit: "ms", lines: [["motion_ms", "motion"], ["look_ms", "look"]] },
  { title: "Late beats", unit: "", lines: [["late", ""]] },
  { title: "Memory", unit: "MB", lines: [["host_mb", "program"], ["engine_mb", "engine"]] },
];
const NAMES = ["state", ...RULERS.flatMap(({ lines }) => lines.map(([name]) => name))];

export class Past {
  #link;
  #timer = 0;
  #round = 0;
  #number = 0;
  #told = null;
  #samples = {};
  #place = null; // of the moment that is looked at, from the newest: 0, -1, ...; null is now
  #rulers;

  constructor(link) {
    this.#link = link;
    this.#rulers = RULERS.map((ruler) => new Ruler(ruler));
    this.strip = svg("svg", { class: "strip", "aria-hidden": "true", preserveAspectRatio: "none" });
    $("rulers").append(this.strip, ...this.#rulers.map(({ element }) => element));
    // a program that was started again counts its samples anew
    link.addEventListener("gone", () => { [this.#number, this.#samples] = [0, {}]; });
    $("past").addEventListener("toggle", () => this.#follow());
    document.addEventListener("visibilitychange", () => this.#follow());
    $("rulers").addEventListener("pointermove", (event) => this.#pointAt(event));
    for (const end of ["pointerleave", "blur"]) $("rulers").addEventListener(end, () => this.#look(null));
    $("rulers").addEventListener("keydown", (event) => this.#step(event));
  }

  /** Ask again and again while somebody can see it; whatever was asked before counts no more. */
  #follow() {
    clearTimeout(this.#timer);
    this.#round += 1;
    if ($("past").open && !document.hidden) this.#ask(this.#round);
  }

  async #ask(round) {
    const answer = await this.#link.fetch(`/api/history?after=${this.#number}`).catch(() => null);
    const told = answer?.ok ? await answer.json().catch(() => null) : null;
    const refusal = told ? "" : await wordsOf(answer?.ok ? null : answer);
    if (round !== this.#round) return;
    say("past-refusal", refusal);
    if (told) this.#take(told);
    this.#timer = setTimeout(() => this.#ask(round), EVERY_MS);
  }

  #take(told) {
    this.#samples = Object.fromEntries(NAMES.map((name) => [name, [...(this.#samples[name] ?? []), ...told[name]].slice(-told.length)]));
    this.#number = told.number;
    this.#told = told;
    this.#draw();
    $("past-events").replaceChildren(...[...told.events].reverse().map(eventItem));
    $("past-none").hidden = told.events.length > 0;
  }

  #draw() {
    const { length } = this.#told;
    drawStrip(this.strip, this.#samples.state, length);
    for (const ruler of this.#rulers) ruler.draw(this.#samples, length);
    $("past-words").textContent = summary(this.#samples, this.#told.period_s);
    $("rulers").setAttribute("aria-valuemin", String(Math.min(0, 1 - this.#samples.state.length)));
    this.#look(this.#place);
  }

  #pointAt({ clientX }) {
    if (!this.#told) return;
    const { left, width } = this.strip.getBoundingClientRect();
    this.#look(Math.floor(((clientX - left) / width) * this.#told.length) - this.#told.length + 1);
  }

  #step(event) {
    if (!(event.key in STEPS) && event.key !== "Escape") return;
    event.preventDefault();
    this.#look(event.key === "Escape" ? null : (this.#place ?? 0) + STEPS[event.key]);
  }

  /** Show the values of a moment; null shows those of now. */
  #look(place) {
    const count = this.#samples.state?.length ?? 0;
    this.#place = place === null || !count ? null : Math.max(1 - count, Math.min(0, place));
    const at = count - 1 + (this.#place ?? 0);
    for (const ruler of this.#rulers) ruler.look(this.#samples, at, this.#place === null ? null : this.#told.length + this.#place);
    if (!count) return;
    const when = this.#place === null ? "Now" : `${ago(this.#told.age_s - this.#place * this.#told.period_s)}`;
    $("past-moment").textContent = `${when}: ${this.#samples.state[at] || "nothing is known"}`;
    const values = this.#rulers.map(({ words }) => words).join("; ");
    $("rulers").setAttribute("aria-valuenow", String(this.#place ?? 0));
    $("rulers").setAttribute("aria-valuetext", `${$("past-moment").textContent}; ${values}`);
  }
}

/** The rulers in sentences. */
function summary(samples, periodS) {
  const states = samples.state;
  const known = states.filter(Boolean);
  if (!known.length) return "Nothing was seen yet; the first figures come after a few seconds.";
  const share = (100 * known.filter((state) => state === "live").length) / known.length;
  const drawn = samples.styled_fps.filter((value, index) => states[index] === "live");
  const said = [`${span(known.length * periodS)} are known, ${share === 100 ? "all" : `${Math.round(share)} %`} of them live.`];
  if (drawn.length) said.push(`While live: ${middle(drawn)} drawn a second, at least ${Math.min(...drawn)}.`);
  const delays = [["motion_ms", "motion"], ["look_ms", "look"]].map(([name, title]) => [title, middle(samples[name])]).filter(([, value]) => value !== null);
  if (delays.length) said.push(`Usual delay: ${delays.map(([title, value]) => `${title} ${value} ms`).join(", ")}.`);
  const late = samples.late.reduce((sum, value) => sum + value, 0);
  said.push(late ? `${late} late ${late === 1 ? "beat" : "beats"}.` : "No late beat.");
  const memory = [["host_mb", "program"], ["engine_mb", "engine"]].map(([name, title]) => [title, samples[name].at(-1)]).filter(([, value]) => value !== null);
  if (memory.length) said.push(`Memory: ${memory.map(([title, value]) => `${title} ${value} MB`).join(", ")}.`);
  return said.join(" ");
}

function middle(values) {
  const known = values.filter((value) => value !== null).sort((one, other) => one - other);
  return known.length ? known[Math.floor(known.length / 2)] : null;
}

// rounded before it is split: 59.7 s are a minute, and 119.6 s are two
export function span(exact) {
  const seconds = Math.round(exact);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function ago(exact) {
  const seconds = Math.round(exact);
  const minutes = `${Math.floor(seconds / 60)} min${seconds < 600 ? ` ${seconds % 60} s` : ""}`;
  return `${seconds < 60 ? span(seconds) : minutes} ago`;
}

function eventItem({ age_s, kind, text }) {
  const item = element("li", "", text);
  item.dataset.kind = kind;
  item.prepend(element("small", "", `${span(age_s)} ago`), " ");
  return item;
}
