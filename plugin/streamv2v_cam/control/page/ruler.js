// One ruler: the lines of one or two figures over the last minutes, their values, and a cursor for a moment.

import { element, svg } from "/elements.js";
import { kindOf } from "/words.js";

const HEIGHT = 40;

export class Ruler {
  #lines;
  #unit;
  #title;

  constructor({ title, unit, lines }) {
    [this.#title, this.#unit] = [title, unit];
    this.svg = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" });
    this.#lines = lines.map(([name, title], index) => {
      const path = svg("path", { class: `line line-${index}` });
      const value = element("b");
      const label = element("span", title ? `key key-${index}` : "", title);
      return { name, title, path, value, label };
    });
    this.svg.append(...this.#lines.map(({ path }) => path), this.cursor);
    this.top = element("small");
    const told = element("span", "told");
    told.append(...this.#lines.flatMap(({ label, value }) => [label, " ", value, " "]), unit);
    const head = element("div", "over");
    const name = element("span", "", title);
    name.append(" ", this.top);
    head.append(name, told);
    this.element = element("div", "ruler");
    this.element.append(head, this.svg);
  }

  draw(samples, length) {
    const values = this.#lines.flatMap(({ name }) => samples[name]).filter((value) => value !== null);
    const top = roundUp(Math.max(0, ...values));
    this.top.textContent = `0 to ${top}`;
    this.svg.setAttribute("viewBox", `0 0 ${length} ${HEIGHT}`);
    for (const { name, path } of this.#lines) path.setAttribute("d", lineOf(samples[name], length, top));
  }

  look(samples, at, x) {
    this.cursor.setAttribute("visibility", x === null ? "hidden" : "visible");
    if (x !== null) for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, x - 0.5);
    for (const { name, value } of this.#lines) value.textContent = samples[name]?.[at] ?? "–";
    this.words = `${this.#title} ${this.#lines.map(({ title, value }) => [title, value.textContent].filter(Boolean).join(" ")).join(", ")} ${this.#unit}`.trim();
  }
}

/** A line through values, the newest at the right end; where there is none it has a gap. */
function lineOf(values, length, top) {
  let pen = "M";
  return values.map((value, index) => {
    if (value === null) { pen = "M"; return ""; }
    const x = length - values.length + index + 0.5;
    const y = HEIGHT - 2 - (value / top) * (HEIGHT - 4);
    // one value alone is a point
    const point = `${pen}${x} ${y.toFixed(1)}${pen === "M" ? "h0.01" : ""}`;
    pen = "L";
    return point;
  }).join("");
}

/** The states over the same time, as a strip of colours. */
export function drawStrip(strip, states, length) {
  strip.setAttribute("viewBox", `0 0 ${length} 4`);
  const spans = [];
  states.forEach((state, index) => {
    const kind = state && kindOf(state); // of a time in which the program stood still nothing is known
    if (spans.at(-1)?.kind === kind) spans.at(-1).width += 1;
    else spans.push({ kind, x: length - states.length + index, width: 1 });
  });
  strip.replaceChildren(...spans.filter(({ kind }) => kind).map(({ kind, x, width }) => svg("rect", { x, width, height: 4, "data-kind": kind })));
}

/** The next round number: 1, 2, 5, 10, 20, ... */
function roundUp(value) {
  if (value <= 1) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * size).find((round) => round >= value);
}
