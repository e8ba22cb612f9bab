// Parts of the page made by hand.

/** An element with a class and words; words are never read as markup. */
export function element(kind, className = "", words = "") {
  return Object.assign(document.createElement(kind), { className, textContent: words });
}

/** A part of a drawing, with its attributes. */
export function svg(kind, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
