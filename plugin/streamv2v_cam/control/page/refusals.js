// What was refused is said beside it, and no longer than it is true.

/** Say a refusal at its place, an element or its id; "" takes it back. */
export function say(place, text) {
  const spot = typeof place === "string" ? document.getElementById(place) : place;
  if (spot.textContent !== text) spot.textContent = text;
  spot.hidden = !text;
}

/** The program is there again: what was refused before says nothing about now. */
export function forgetRefusals() {
  for (const spot of document.querySelectorAll(".refusal")) say(spot, "");
}

/** The words of an answer to a request; null stands for none. */
export async function wordsOf(answer) {
  if (!answer) return "The program does not answer.";
  if (answer.ok) return "";
  return (await answer.json().catch(() => ({}))).error ?? "The program could not do that.";
}
